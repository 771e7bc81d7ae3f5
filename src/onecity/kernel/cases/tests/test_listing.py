"""Lists come in the promised order, page by key without loss, and narrow to what was asked for."""

import datetime as dt

import pytest

from onecity.kernel.cases import listing, service
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.tests.conftest import LONG_AGO, MONDAY, TOWN_A, VILLAGE_A, VILLAGE_B, Town, litter
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem


def walk(town: Town, wanted: Wanted, limit: int) -> list[Case]:
    found: list[Case] = []
    cursor = ""
    while True:
        page = listing.page(town["dispatcher"], wanted, cursor=cursor, limit=limit)
        found += page.cases
        if not page.next:
            return found
        assert len(page.cases) == limit
        cursor = page.next


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(open=None), Wanted(text="垃圾")])
@pytest.mark.parametrize("limit", [1, 3, 10, 50])
def test_pages_together_are_the_whole_list_in_order(town: Town, clock: FixedClock, wanted: Wanted, limit: int) -> None:
    cases = []
    for n in range(10):
        clock.advance(dt.timedelta(minutes=(n % 3) * 37))
        cases += service.open_cases([litter(), litter(type_name="noise", title="垃圾车噪声")])
    found = walk(town, wanted, limit)
    if wanted.open is True and not wanted.text:
        expected = sorted(cases, key=lambda c: (c.deadline, c.id))
    else:
        expected = sorted(cases, key=lambda c: (c.opened_at, c.id), reverse=True)
    assert [c.id for c in found] == [c.id for c in expected]


def test_ended_cases_come_in_the_order_of_their_end(town: Town, clock: FixedClock) -> None:
    cases = service.open_cases([litter() for _n in range(7)])
    for case in reversed(cases):
        clock.advance(dt.timedelta(minutes=1))
        service.act(case.id, "cancel", town["dispatcher"], "重复")
    assert [c.id for c in walk(town, Wanted(open=False), 2)] == [c.id for c in cases]


def test_a_case_without_deadline_comes_last(town: Town) -> None:
    service.publish(CaseTypeDecl("whenever", "Whenever", deadline=None), effective_from=LONG_AGO)
    cases = service.open_cases([litter(type_name="whenever"), litter(type_name="noise"), litter()])
    shown = listing.page(town["dispatcher"], Wanted()).cases
    assert [c.id for c in shown] == [cases[2].id, cases[1].id, cases[0].id]
    assert cases[0].deadline is None


def test_scopes(town: Town) -> None:
    mine, free, other = service.open_cases([litter(), litter(), litter(division_path=VILLAGE_B)])
    service.assign(mine.id, town["handler_a"].id, town["handler_a"])
    service.act(other.id, "cancel", town["dispatcher"], "重复")

    def ids(who: str, wanted: Wanted) -> set[object]:
        return {c.id for c in listing.page(town[who], wanted).cases}

    assert ids("handler_a", Wanted("mine")) == {mine.id}
    assert ids("handler_a", Wanted("unassigned")) == {free.id}
    assert ids("handler_a", Wanted("office")) == {mine.id, free.id}
    assert ids("dispatcher", Wanted("office")) == set()
    assert ids("dispatcher", Wanted(open=False)) == {other.id}
    assert ids("dispatcher", Wanted(open=None)) == {mine.id, free.id, other.id}
    assert ids("dispatcher", Wanted(open=None, states=("cancelled",))) == {other.id}
    assert ids("dispatcher", Wanted(open=None, place=TOWN_A)) == {mine.id, free.id}
    assert ids("dispatcher", Wanted(open=None, place=VILLAGE_A, types=("noise",))) == set()
    assert listing.counts(town["handler_a"]) == {"mine": 1, "late": 0, "unassigned": 1}


def test_overdue(town: Town, clock: FixedClock) -> None:
    late = service.open_case(litter())
    clock.advance(dt.timedelta(days=1))
    service.open_case(litter())
    assert [c.id for c in listing.page(town["dispatcher"], Wanted(overdue=True)).cases] == [late.id]
    assert listing.page(town["dispatcher"], Wanted(overdue=True, text="垃圾")).total == 1


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WyIyMDI2LTExLTIzIiwgMV0", "eyJhIjoxfQ", "é"])
def test_a_foreign_cursor_is_refused(town: Town, cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        listing.page(town["dispatcher"], Wanted(), cursor=cursor)
    assert refused.value.status == 400


def test_a_number_is_found_whole_without_zeros_and_by_its_beginning(town: Town, clock: FixedClock) -> None:
    # a year in which no other test counts
    clock.set(MONDAY.replace(year=2024))
    cases = service.open_cases([litter() for _n in range(12)])
    numbers = [case.number for case in cases]
    assert numbers[0] == "2024-000001"

    def found(text: str) -> set[str]:
        return {c.number for c in listing.page(town["handler_a"], Wanted(open=None, text=text)).cases}

    assert found("2024-000012") == found("2024-12") == found("12") == {"2024-000012"}
    assert found("2024-00001") == {"2024-000010", "2024-000011", "2024-000012"}
    assert found("2024-") == found("2024-0") == set(numbers)
    assert found("2023-") == found("2024-00002") == found("2024-9") - {"2024-000009"} == set()
    # a number that may not be seen is not found by its beginning either
    assert listing.page(town["handler_b"], Wanted(open=None, text="2024-0000")).cases == []
