"""Derived areas partition what they divide: nothing left over, nothing twice, for any points and any outline."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.geometry import Area, areal_part
from onecity.kernel.places.logic import seeds, voronoi
from onecity.kernel.places.logic.areas import with_areas, without_derived
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.tests.trees import box


def coast(seed: int) -> Area:
    """A ragged outline with a lake and an island."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ring = np.column_stack(
        [121.5 + np.cos(angle) * rng.uniform(0.1, 0.2, 90), 30.9 + np.sin(angle) * rng.uniform(0.1, 0.2, 90)]
    )
    lake = shapely.Point(121.5, 30.9).buffer(0.03, quad_segs=3)
    island = shapely.Point(121.75, 30.9).buffer(0.02, quad_segs=3)
    return areal_part(shapely.union(shapely.Polygon(ring).buffer(0).difference(lake), island))


def entries(seed: int, towns: int, villages: int, known: float) -> tuple[list[Entry], list[Entry]]:
    """Towns and villages of which the share `known` has a position, some of them outside or in the same place."""
    rng = np.random.default_rng(seed)

    def entry(code: str, level: str, parent: str) -> Entry:
        if rng.random() >= known:
            return Entry(code, f"N{code}", level, parent)
        lon, lat = np.round(rng.uniform((121.3, 30.7), (121.7, 31.1)), 1 + int(rng.integers(0, 5)))
        return Entry(code, f"N{code}", level, parent, float(lon), float(lat), located=True)

    upper = [entry(f"{n:03d}", "town", "D") for n in range(towns)]
    lower = [entry(f"{n % towns:03d}{n:03d}", "village", f"{n % towns:03d}") for n in range(villages)]
    return upper, lower


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(0, 30), st.sampled_from([0.0, 0.4, 1.0]))
def test_every_level_partitions_the_one_above(seed: int, towns: int, villages: int, known: float) -> None:
    outline = coast(seed)
    upper, lower = entries(seed, towns, villages, known)
    found = with_areas(outline, upper, lower)
    assert [one.code for one in found] == sorted(one.code for one in upper) + sorted(one.code for one in lower)
    shapes = {one.code: one.shape or shapely.Polygon() for one in found}
    top = [shapes[one.code] for one in upper]
    assert sum(one.area for one in top) == pytest.approx(outline.area, rel=1e-9)
    assert shapely.union_all(top).symmetric_difference(outline).area < 1e-9 * outline.area
    assert shapely.coverage_is_valid([one for one in top if not one.is_empty])
    for town in upper:
        below = [shapes[one.code] for one in lower if one.parent == town.code]
        if below:
            assert sum(one.area for one in below) == pytest.approx(shapes[town.code].area, rel=1e-9, abs=1e-15)
            assert shapely.coverage_is_valid([one for one in below if not one.is_empty])
    assert all(one.approximate for one in found if one.shape)
    assert all(shapely.intersects_xy(one.shape.buffer(1e-6), one.lon, one.lat) for one in found if one.shape)  # type: ignore[arg-type]  # a shape has its label


def test_the_same_input_gives_the_same_areas_in_any_order() -> None:
    upper, lower = entries(3, 5, 20, 0.5)
    one = with_areas(coast(3), upper, lower)
    assert with_areas(coast(3), upper[::-1], lower[::-1]) == one


def test_an_official_area_stays_and_the_others_share_the_rest() -> None:
    official = Entry("1", "A", "town", "D", shape=box(0, 0), source="survey")
    found = with_areas(box(0, 0, 2, 2), [official, Entry("2", "B", "town", "D"), Entry("3", "C", "town", "D")], [])
    assert found[0].shape == box(0, 0)
    assert (found[0].approximate, found[0].source) == (False, "survey")
    assert [one.approximate for one in found] == [False, True, True]
    assert sum(one.shape.area for one in found if one.shape) == pytest.approx(box(0, 0, 2, 2).area)


def test_nothing_is_left_when_official_areas_take_all() -> None:
    found = with_areas(box(0, 0), [Entry("1", "A", "town", "D", shape=box(0, 0)), Entry("2", "B", "town", "D")], [])
    assert found[1].shape == shapely.Polygon()
    assert with_areas(box(0, 0), [], []) == []


def test_a_point_belongs_to_the_town_of_the_nearest_known_village() -> None:
    towns = [Entry("1", "A", "town", "D"), Entry("2", "B", "town", "D")]
    points = {"11": ("1", 0.2), "12": ("1", 1.8), "21": ("2", 1.0)}
    villages = [
        Entry(code, code, "village", town, 150 + 0.1 * x, 20.05, located=True) for code, (town, x) in points.items()
    ]
    first, second, *_rest = with_areas(box(0, 0, 2, 1), towns, villages)
    assert second.shape is not None
    np.testing.assert_allclose(second.shape.bounds, (150.06, 20.0, 150.14, 20.1), atol=1e-9)
    assert first.shape is not None
    assert first.shape.geom_type == "MultiPolygon"


def test_what_was_derived_is_forgotten_and_what_is_known_is_kept() -> None:
    derived = Entry("1", "A", "town", "D", 1.0, 2.0, shape=box(0, 0), approximate=True)
    placed = Entry("2", "B", "town", "D", 1.0, 2.0, located=True, shape=box(0, 0), approximate=True)
    assert without_derived(derived) == Entry("1", "A", "town", "D", approximate=True)
    assert without_derived(placed) == Entry("2", "B", "town", "D", 1.0, 2.0, located=True, approximate=True)
    official = Entry("3", "C", "town", "D", 1.0, 2.0, shape=box(0, 0))
    assert without_derived(official) == official


def test_seeds_are_inside_apart_and_always_the_same() -> None:
    outline = coast(1)
    found = seeds.spread(outline, 40, np.array([[121.45, 30.95]]))
    assert found.shape == (40, 2)
    assert shapely.contains_xy(outline, found[:, 0], found[:, 1]).all()
    gaps = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1)) + np.eye(40)
    assert gaps.min() > 0.2 * np.sqrt(outline.area / 41)
    np.testing.assert_array_equal(seeds.spread(outline, 40, np.array([[121.45, 30.95]])), found)
    assert seeds.spread(outline, 0).shape == (0, 2)


def test_positions_that_coincide_are_moved_by_metres() -> None:
    same = np.array([[121.5, 30.9]] * 50)
    moved = seeds.apart(same)
    assert len(np.unique(np.round(moved, 7), axis=0)) == 50
    assert np.abs(moved - same).max() < 2e-4
    np.testing.assert_array_equal(moved[0], same[0])


def test_a_sliver_still_has_a_sample() -> None:
    assert len(seeds.sample(shapely.box(0, 0, 1, 1e-7), 10)) >= 1


def test_coverage_makes_nearly_common_borders_the_same() -> None:
    left, right = shapely.box(0, 0, 1, 1), shapely.Polygon([(1 + 1e-12, 0), (2, 0), (2, 1), (1, 1), (1 - 1e-12, 0.5)])
    assert not shapely.coverage_is_valid([left, right])
    assert shapely.coverage_is_valid(voronoi.coverage([left, right]))
