"""Editions: what stays keeps its identity, what vanishes ends, what is new begins, and the past can still be asked for."""

import datetime as dt
from dataclasses import replace

import pytest

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.places import editions, service
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.models import BEGINNING, Division, DivisionState
from onecity.kernel.places.tests.trees import box, four_towns

pytestmark = pytest.mark.django_db

DAY = dt.date(2022, 7, 1)
BEFORE = dt.date(2022, 6, 30)


def present() -> list[Entry]:
    root = service.root()
    assert root is not None
    return [editions.as_entry(row) for row in (root, *service.descendants(root.path))]


def test_a_first_edition_builds_the_tree_parents_first_in_any_order() -> None:
    entries = [
        Entry("1001", "甲", "town", "1"),
        Entry("1", "区", "district"),
        Entry("1001001", "甲村", "village", "1001"),
    ]
    report = editions.apply("adm", entries, None)
    assert report.opened == ("1", "1001", "1001001")
    assert [row.path for row in Division.objects.all()] == ["adm/1/", "adm/1/1001/", "adm/1/1001/1001001/"]
    assert {row.valid_from for row in Division.objects.all()} == {BEGINNING}


def test_the_same_edition_again_changes_nothing() -> None:
    four_towns()
    before = list(Division.objects.values_list())
    for day in (None, DAY):
        report = editions.apply("adm", present(), day)
        assert report.nothing
        assert len(report.kept) == 13
    assert list(Division.objects.values_list()) == before
    assert not DivisionState.objects.exists()


def test_vanished_opened_renamed_and_kept() -> None:
    four_towns()
    ids = dict(Division.objects.values_list("code", "id"))
    entries = [one for one in present() if not one.code.startswith("990101004")]
    entries = [replace(one, name="东城街道") if one.code == "990101001" else one for one in entries]
    entries.append(Entry("990101005", "新镇", "town", "990101", shape=box(1, 1)))
    report = editions.apply("adm", entries, DAY)
    assert report.opened == ("990101005",)
    assert report.changed == ("990101001",)
    assert report.closed == ("990101004001", "990101004002", "990101004")
    assert len(report.kept) == 9
    now = {row.code: row for row in service.descendants("adm/990101/", at=DAY)}
    assert {code: row.id for code, row in now.items() if code != "990101005"} == {
        code: ids[code] for code in now if code in ids
    }
    assert now["990101001"].name == "东城街道"
    assert now["990101005"].valid_from == DAY
    past = {row.code: row for row in service.descendants("adm/990101/", at=BEFORE)}
    assert past["990101001"].name == "东街道"
    assert past["990101004"].valid_to == DAY
    assert "990101005" not in past
    assert service.locate(150.15, 20.19, at=BEFORE, level="town") == ["adm/990101/990101004/"]
    assert service.locate(150.15, 20.19, at=DAY, level="town") == ["adm/990101/990101005/"]


def test_an_edition_for_a_coming_day_takes_effect_on_that_day() -> None:
    four_towns()
    entries = [one for one in present() if not one.code.startswith("990101004")]
    editions.apply("adm", entries, DAY)
    for day, count in ((BEFORE, 4), (DAY, 3)):
        noon = dt.datetime.combine(day, dt.time(4), dt.UTC)
        with use_clock(FixedClock(noon)):
            assert len(service.children("adm/990101/")) == count


def test_a_code_that_comes_back_is_another_division_with_the_same_path() -> None:
    four_towns()
    everything = present()
    editions.apply("adm", [one for one in everything if not one.code.startswith("990101004")], DAY)
    editions.apply("adm", everything, dt.date(2024, 1, 1))
    rows = Division.objects.filter(path="adm/990101/990101004/").order_by("valid_from")
    assert [(row.valid_from, row.valid_to) for row in rows] == [(BEGINNING, DAY), (dt.date(2024, 1, 1), None)]
    assert service.by_path("adm/990101/990101004/", at=dt.date(2023, 1, 1)) is None


def test_a_village_that_moves_to_another_town_is_closed_there_and_opened_here() -> None:
    four_towns()
    entries = [replace(one, parent="990101002") if one.code == "990101001002" else one for one in present()]
    report = editions.apply("adm", entries, DAY)
    assert (report.opened, report.closed) == (("990101001002",), ("990101001002",))
    assert service.by_path("adm/990101/990101002/990101001002/", at=DAY) is not None
    assert service.by_path("adm/990101/990101001/990101001002/", at=DAY) is None
    assert service.by_path("adm/990101/990101001/990101001002/", at=BEFORE) is not None


def test_a_correction_leaves_no_trace_in_the_history() -> None:
    four_towns()
    entries = [replace(one, name="东城街道") if one.code == "990101001" else one for one in present()]
    assert editions.apply("adm", entries, None).changed == ("990101001",)
    assert service.title_for("adm/990101/990101001/", at=BEFORE) == "东城街道"
    assert not DivisionState.objects.exists()


def test_an_incomplete_list_ends_nothing() -> None:
    four_towns()
    entries = [Entry("990101001003", "中村", "village", "990101001")]
    report = editions.apply("adm", entries, DAY, complete=False)
    assert (report.opened, report.closed) == (("990101001003",), ())
    assert Division.objects.filter(valid_to=None).count() == 14


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ([Entry("990101001", "双", "town", "990101")], "This code is listed more than once"),
        ([Entry("990101009", " ", "town", "990101")], "The name is empty"),
        ([Entry("990101009", "孤", "town", "990999")], "Its parent 990999 is not in the edition"),
        ([Entry("a", "甲", "x", "b"), Entry("b", "乙", "x", "a")], "Its parents form a circle"),
    ],
)
def test_a_bad_edition_changes_nothing(extra: list[Entry], reason: str) -> None:
    four_towns()
    before = list(Division.objects.values_list())
    with pytest.raises(Problem, match=reason) as caught:
        editions.apply("adm", [*present(), *extra], DAY)
    assert caught.value.status == 422
    assert list(Division.objects.values_list()) == before


def test_an_empty_edition_and_one_of_the_past_are_refused() -> None:
    four_towns()
    with pytest.raises(Problem, match="it would end every division"):
        editions.apply("adm", [], DAY)
    changed = [replace(one, name="新") if one.code == "990101" else one for one in present()]
    with pytest.raises(Problem, match="began on that day or later"):
        editions.apply("adm", changed, dt.date(2000, 1, 1))
    assert Division.objects.get(code="990101").name == "海晏区"
