"""Simulated crews do what phones do: wait, drive, arrive, work, and are free again."""

import datetime as dt

import pytest

from onecity.kernel.cases import catalogue, service
from onecity.kernel.cases.dispatching import sending
from onecity.kernel.cases.models import CaseEvent, Duty, Unit
from onecity.kernel.cases.shifts import automatic
from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, MONDAY, TOWN_A, VILLAGE_A, Town, build, litter
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people import roles
from onecity.sim import crews


@pytest.fixture
def manned(db: None) -> Town:
    with use_clock(FixedClock(MONDAY)):
        town = build()
        roles.sync()
        crews.man()
    return town


def test_crews_are_entered_once_with_what_they_can_do(manned: Town) -> None:
    found = list(Unit.objects.order_by("name").values_list("division_path", "simulated", "state"))
    assert [path.startswith(DISTRICT) for path, _simulated, _state in found] == [True, True]
    assert {row[1:] for row in found} == {(True, "free")}
    crews.man()
    assert Unit.objects.count() == 2


def test_a_crew_drives_arrives_works_and_is_free(manned: Town) -> None:
    unit = Unit.objects.get(division_path=TOWN_A)
    with use_clock(FixedClock(MONDAY)):
        case = service.open_case(litter(severity="red", lon=121.44, lat=30.9))
        sending.send(case.id, unit.id, manned["dispatcher_a"])
    seen = []
    for minutes in (1, 2, 30, 31, 40):
        moment = MONDAY + dt.timedelta(minutes=minutes)
        with use_clock(FixedClock(moment)):
            crews.report(Unit.objects.select_related("case").get(id=unit.id), moment)
        unit.refresh_from_db()
        seen.append((unit.state, unit.lon))
    assert [state for state, _lon in seen] == ["on_the_way", "on_the_way", "on_the_spot", "free", "free"]
    lons = [lon or 0.0 for _state, lon in seen]
    assert 121.4 < lons[0] < lons[1] < 121.44 == lons[2]
    assert lons[4] == 121.4


def test_shipped_kinds_are_given_to_the_crew_on_duty_that_can_do_it(manned: Town) -> None:
    catalogue.install(catalogue.shipped(), effective_from=LONG_AGO)
    unit = Unit.objects.get(division_path=TOWN_A)
    with use_clock(FixedClock(MONDAY)):
        end = crews.roster(MONDAY)
        assert end == MONDAY.replace(hour=12)
        assert crews.roster(MONDAY + dt.timedelta(hours=1)) == end
        assert Duty.objects.filter(account_id=unit.account_id).count() == 1
        given = service.open_case(litter(type_name="exposed_litter", division_path=VILLAGE_A))
        other = service.open_case(litter(type_name="pothole", division_path=VILLAGE_A))
        lamp = service.open_case(litter(type_name="street_lamp", division_path=VILLAGE_A))
        assert automatic.assign_waiting() == 1
    for case, whom in ((given, unit.account_id), (other, None), (lamp, None)):
        case.refresh_from_db()
        assert case.assignee_id == whom
    note = CaseEvent.objects.get(case_id=given.id, action="assign").note
    assert "市容环卫" in note
