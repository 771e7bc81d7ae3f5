"""Rounds of inspection: what holds for every plan, plans that can be written down by hand, and the way over the desk."""

import datetime as dt

import numpy as np
import pytest
from django.test import Client

from onecity.kernel.cases import service
from onecity.kernel.cases.dispatching import speeds, touring
from onecity.kernel.cases.dispatching.logic.rounds import Crew, Plan, Task, plan
from onecity.kernel.cases.dispatching.tests.test_units import crew
from onecity.kernel.cases.models import Rounds
from onecity.kernel.cases.tests.conftest import MONDAY, TOWN_A, TOWN_B, Town, clock, litter, town
from onecity.kernel.core.errors import Problem

__all__ = ["clock", "town"]


def line(places: list[float], crews: list[Crew], **more: list[float]) -> Task:
    """Stops and stations on one street, a minute a unit of length."""
    at, stops = np.array(places), len(places) - len({one.station for one in crews})
    values = {
        "opens": [0.0] * stops,
        "closes": [480.0] * stops,
        "service": [5.0] * stops,
        "load": [1.0] * stops,
        **more,
    }
    return Task(np.abs(at[:, None] - at[None, :]), **{n: np.array(v) for n, v in values.items()}, crews=crews)


def check(task: Task, found: Plan) -> None:
    """Every rule, looked at anew."""
    served = [stop for one in found.rounds for stop in one]
    assert sorted([*served, *found.unserved]) == list(range(len(task.opens)))
    total = 0.0
    for crew_, stops, begins in zip(task.crews, found.rounds, found.begins, strict=True):
        clock_, at = crew_.start, crew_.station
        for stop, begin in zip(stops, begins, strict=True):
            total += task.minutes[at, stop]
            clock_ = max(clock_ + task.minutes[at, stop], task.opens[stop])
            assert begin == pytest.approx(clock_)
            assert begin <= task.closes[stop] + 1e-9
            clock_, at = clock_ + task.service[stop], stop
        if stops:
            total += task.minutes[at, crew_.station]
            assert clock_ + task.minutes[at, crew_.station] <= crew_.end + 1e-9
        assert sum(task.load[stop] for stop in stops) <= crew_.capacity
    assert found.minutes == pytest.approx(total)


def test_stops_along_a_street_are_visited_on_the_way_out_or_back() -> None:
    task = line([30.0, 10.0, 20.0, 0.0], [Crew(3, 0.0, 480.0)])
    found = plan(task, iterations=50)
    check(task, found)
    assert found.minutes == 60.0


def test_a_window_turns_the_order_and_a_visit_waits_until_it_opens() -> None:
    task = line([30.0, 10.0, 0.0], [Crew(2, 0.0, 480.0)], opens=[0.0, 100.0], closes=[40.0, 480.0])
    found = plan(task, iterations=50)
    check(task, found)
    assert (found.rounds, found.begins) == (((0, 1),), ((30.0, 100.0),))


def test_what_fits_into_no_shift_and_no_capacity_is_told() -> None:
    far = line([30.0, 300.0, 0.0], [Crew(2, 0.0, 480.0)])
    assert plan(far, iterations=50).unserved == (1,)
    full = line([30.0, 20.0, 10.0, 0.0], [Crew(3, 0.0, 480.0, 2.0)])
    found = plan(full, iterations=50)
    check(full, found)
    assert found.unserved == (0,) or len(found.unserved) == 1
    assert plan(line([0.0], [Crew(0, 0.0, 480.0)]), iterations=5).rounds == ((),)


def test_two_stations_share_the_street() -> None:
    task = line([1.0, 2.0, 98.0, 99.0, 0.0, 100.0], [Crew(4, 0.0, 480.0), Crew(5, 0.0, 480.0)])
    found = plan(task, iterations=200)
    check(task, found)
    assert [sorted(one) for one in found.rounds] == [[0, 1], [2, 3]]
    assert found.minutes == 8.0


@pytest.mark.parametrize("seed", range(4))
def test_rules_hold_for_any_task_and_searching_pays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, crews = 60, 4
    at = rng.uniform(0, 30, size=(count + 2, 2))
    opens = rng.uniform(0, 300, count).round()
    task = Task(
        np.abs(at[:, None] - at[None, :]).sum(axis=2), opens, opens + 120, rng.uniform(3, 15, count).round(), np.ones(count),
        [Crew(count + number % 2, 0.0, 480.0, 20.0) for number in range(crews)],
    )  # fmt: skip
    first, later = plan(task, seed, iterations=0), plan(task, seed, iterations=400)
    check(task, first)
    check(task, later)
    assert (len(later.unserved), later.minutes) < (len(first.unserved), first.minutes)
    assert plan(task, seed, iterations=400) == later


def test_a_plan_is_asked_for_made_by_the_worker_and_read(town: Town, client: Client) -> None:
    unit = crew(town, "handler_a", 121.40, 30.90)
    near = service.open_case(litter(lon=121.41, lat=30.90))
    far = service.open_case(litter(lon=121.45, lat=30.90))
    service.open_case(litter())  # without a place
    service.open_case(litter(division_path=TOWN_B, lon=121.41, lat=30.90))
    client.force_login(town["dispatcher_a"])
    assert client.get("/desk/rounds").status_code == 200
    filled = {
        "division": TOWN_A,
        "units": [str(unit.id)],
        "start": "2026-11-24T08:30",
        "hours": "8",
        "visit_minutes": "10",
    }
    asked = client.post("/desk/rounds", filled)
    assert asked.status_code == 302
    assert client.get(asked.headers["Location"]).status_code == 200
    assert touring.plan_next() is True
    assert touring.plan_next() is False
    row = Rounds.objects.get()
    (tour,) = touring.tours(row)
    assert {stop.case_id for stop in tour.stops} == {str(near.id), str(far.id)}
    assert row.state == "ready"
    # out to 121.45 and back: 0.1° along the parallel in all
    kilometres = 0.1 * 111.195 * np.cos(np.radians(30.9))
    assert row.result["minutes"] == pytest.approx(kilometres / speeds.over(row.start, 480).km_per_minute, abs=0.1)
    assert tour.stops[0].at > MONDAY + dt.timedelta(hours=22)
    page = client.get(asked.headers["Location"]).content.decode()
    assert near.number in page
    assert len(client.get(f"{asked.headers['Location']}/points").json()["features"]) == 2
    client.force_login(town["handler_b"])
    assert client.get("/desk/rounds").status_code == 403


@pytest.mark.parametrize(("path", "hours", "status"), [(TOWN_A, 17.0, 422), (TOWN_A, 8.0, 422), (TOWN_B, 8.0, 403)])
def test_what_cannot_be_planned_is_refused(town: Town, path: str, hours: float, status: int) -> None:
    with pytest.raises(Problem) as caught:
        touring.ask(touring.Wanted(path, [], MONDAY, hours), town["dispatcher_a"])
    assert caught.value.status == status
    assert Rounds.objects.count() == 0
