"""Simulated crews do what phones do: wait, drive, arrive, work, and are free again."""

import datetime as dt

import pytest

from onecity.kernel.cases import service
from onecity.kernel.cases.dispatching import sending
from onecity.kernel.cases.models import Unit
from onecity.kernel.cases.tests.conftest import DISTRICT, MONDAY, TOWN_A, Town, build, litter
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
