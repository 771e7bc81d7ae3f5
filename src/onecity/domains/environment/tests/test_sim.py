"""The simulated district: stations where they should stand, readings that are possible, the same at every call."""

import datetime as dt

import numpy as np
import pytest
import shapely

from onecity.domains.environment.domain import AIR_STATION, NOISE_STATION, WATER_STATION
from onecity.domains.environment.logic.episodes import Episode, EpisodeKind, apply, episodes_between
from onecity.domains.environment.logic.randomness import autoregressive, normal, uniform
from onecity.domains.environment.logic.signals import Instants
from onecity.domains.environment.sim import Simulation
from onecity.kernel.places.models import Division

START = int(dt.datetime(2026, 11, 1, tzinfo=dt.UTC).timestamp())
FORTNIGHT = np.arange(START, START + 14 * 86_400, 600, dtype=np.int64)


@pytest.fixture
def towns(db: None) -> list[Division]:
    root = Division.objects.create(
        tree="adm", code="990101", name="区", level="district", path="adm/990101/", lon=120.5, lat=30.5
    )
    made = []
    for number in range(3):
        west = 120.0 + 0.1 * number
        box = shapely.box(west, 30.0, west + 0.1, 30.1)
        made.append(
            Division.objects.create(
                tree="adm",
                code=f"99010100{number}",
                name=f"镇{number}",
                level="town",
                parent=root,
                path=f"adm/990101/99010100{number}/",
                geometry=shapely.to_wkb(box),
                lon=west + 0.05,
                lat=30.05,
            )
        )
    return made


@pytest.fixture
def simulation(towns: list[Division]) -> Simulation:
    made = Simulation()
    made.plan()
    return made


def test_without_a_district_nothing_is_planned(db: None) -> None:
    assert list(Simulation().plan()) == []


def test_every_town_gets_a_station_of_each_kind_inside_its_border(
    simulation: Simulation, towns: list[Division]
) -> None:
    assert len(simulation.stations) == 9
    for town in towns:
        own = [station for station in simulation.stations if station.division_path == town.path]
        assert {station.type.name for station in own} == {AIR_STATION.name, NOISE_STATION.name, WATER_STATION.name}
        area = shapely.from_wkb(bytes(town.geometry or b""))
        assert all(area.contains(shapely.Point(station.lon, station.lat)) for station in own)


def test_every_station_says_that_it_is_simulated(simulation: Simulation) -> None:
    assert all(station.properties["simulated"] is True for station in simulation.stations)


def test_plans_and_readings_repeat_exactly(simulation: Simulation) -> None:
    again = Simulation()
    assert list(again.plan()) == list(simulation.stations)
    first, second = simulation.read(FORTNIGHT), again.read(FORTNIGHT[500:501])
    for key, readings in second.items():
        for name, values in readings.items():
            assert np.isclose(values[0], first[key][name][500], rtol=0.01, atol=0.11, equal_nan=True), (key, name)


def test_readings_lie_within_the_ranges_of_their_types(simulation: Simulation) -> None:
    year = np.arange(START, START + 365 * 86_400, 3600, dtype=np.int64)
    readings = simulation.read(year)
    for station in simulation.stations:
        for name, values in readings[station.key].items():
            attribute = station.type.attribute(name)
            known = values[np.isfinite(values)]
            assert attribute.minimum is not None
            assert attribute.maximum is not None
            assert known.min() >= attribute.minimum, (station.key, name)
            assert known.max() <= attribute.maximum, (station.key, name)


def test_the_opening_lets_dust_blow_at_one_air_station(simulation: Simulation) -> None:
    seconds = np.arange(START, START + 3600, 60, dtype=np.int64)
    before = simulation.read(seconds)
    simulation.open(START)
    after = simulation.read(seconds)
    changed = [key for key in before if not np.array_equal(before[key].get("pm10", 0), after[key].get("pm10", 0))]
    assert len(changed) == 1
    assert after[changed[0]]["pm10"].max() > 350


def test_two_weeks_hold_exceedances_and_faults(simulation: Simulation) -> None:
    readings = simulation.read(FORTNIGHT)
    kinds = {episode.kind for episode in episodes_between(simulation.seed, START, START + 14 * 86_400)}
    assert kinds == set(EpisodeKind)
    assert any(np.isnan(values["pm2_5"]).any() for values in readings.values() if "pm2_5" in values)


def test_an_episode_outside_its_time_changes_nothing() -> None:
    at = Instants.of(FORTNIGHT, 0)
    own = {"pm10": np.full(FORTNIGHT.shape, 30.0), "pm2_5": np.full(FORTNIGHT.shape, 20.0)}
    gone = Episode(EpisodeKind.DUST, START - 86_400, 40, 0.5, 0.5)
    assert np.array_equal(apply(gone, own, at)["pm10"], own["pm10"])


def test_random_numbers_are_a_function_of_seed_and_counter() -> None:
    seeds, counters = np.array([1, 2], dtype=np.int64), np.arange(50_000, dtype=np.int64)
    numbers = uniform(seeds, counters)
    assert numbers.min() > 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005
    assert np.array_equal(uniform(seeds[1:], counters[10:20]), numbers[1:, 10:20])
    assert abs(np.corrcoef(numbers[0], numbers[1])[0, 1]) < 0.02
    draws = normal(seeds, counters)
    assert abs(draws.std() - 1) < 0.01
    walk = autoregressive(seeds, np.arange(20_000.0), 0.9)
    assert abs(walk.std() - 1) < 0.1
    assert abs(np.corrcoef(walk[0, 1:], walk[0, :-1])[0, 1] - 0.9) < 0.02
