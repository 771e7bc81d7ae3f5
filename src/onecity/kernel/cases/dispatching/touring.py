"""Rounds of inspection: asked for at the desk, planned by the worker, read as ordered stops."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import changing, permissions
from onecity.kernel.cases.dispatching import speeds, units
from onecity.kernel.cases.dispatching.logic.rounds import Crew, Task, plan
from onecity.kernel.cases.models import Case, Rounds, RoundsState, Unit
from onecity.kernel.cases.models.case import OPEN
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import feed
from onecity.kernel.people.models import Account

MOST_STOPS: Final = 200
LONGEST_HOURS: Final = 16
# what one step costs grows with the stops: these keep 200 stops well under half a minute
ITERATIONS, ITERATIONS_PER_STOP = 8_000, 60


@dataclass(frozen=True)
class Wanted:
    """What to plan: cases of a division, which units, from when, how many hours, and the minutes of one visit; `most`: how
    many visits one unit makes at the most (0: as many as fit)."""

    division_path: str
    unit_ids: Sequence[UUID]
    start: dt.datetime
    hours: float
    visit_minutes: float = 10.0
    most: int = 0


@dataclass(frozen=True)
class Stop:
    """One visit: its number in the round, the case, and when it should begin."""

    number: int
    case_id: str
    title: str
    case_number: str
    lon: float
    lat: float
    at: dt.datetime


@dataclass(frozen=True)
class Tour:
    """One unit's round."""

    unit: str
    stops: Sequence[Stop]


def ask(wanted: Wanted, actor: Account) -> Rounds:
    """Ask for a plan of the open cases with a place, the nearest due first; raises Problem 403, 422."""
    policy.require(actor, permissions.DISPATCH, wanted.division_path)
    if not 0 < wanted.hours <= LONGEST_HOURS:
        raise changing.invalid("hours", _("Choose a shift of at most %(most)s hours.") % {"most": LONGEST_HOURS})
    crews = [_crew(unit) for unit in units.visible(actor) if unit.id in set(wanted.unit_ids)]
    crews = [crew for crew in crews if crew is not None]
    if not crews:
        raise changing.invalid("units", _("Choose at least one unit whose place is known."))
    end = wanted.start + dt.timedelta(hours=wanted.hours)
    rows = Case.objects.filter(
        OPEN, division_path__startswith=wanted.division_path, lon__isnull=False, paused_since__isnull=True
    ).order_by("due_order", "id")
    stops = [_stop(case, wanted, end) for case in rows.defer("search", "description", "evidence")[:MOST_STOPS]]
    if not stops:
        raise changing.invalid("division", _("There is no open case with a place."))
    return Rounds.objects.create(
        division_path=wanted.division_path, start=wanted.start, minutes=int(wanted.hours * 60), crews=crews, stops=stops,
        result={"most": wanted.most}, asked_by_id=actor.id, asked_by=str(actor),
    )  # fmt: skip


def _crew(unit: Unit) -> dict[str, Any] | None:
    place = (unit.station_lon, unit.station_lat)
    if place[0] is None:
        place = units.place_of(unit, now()) or (None, None)
    return None if place[0] is None else {"id": str(unit.id), "name": unit.name, "lon": place[0], "lat": place[1]}


def _stop(case: Case, wanted: Wanted, end: dt.datetime) -> dict[str, Any]:
    # what is due during the shift is visited before it is due
    minutes = (end - wanted.start).total_seconds() / 60
    due = (case.deadline - wanted.start).total_seconds() / 60 if case.deadline else minutes
    return {
        "id": str(case.id), "number": case.number, "title": case.shown_title, "lon": case.lon, "lat": case.lat,
        "minutes": wanted.visit_minutes, "closes": due if 0 < due < minutes else minutes,
    }  # fmt: skip


@transaction.atomic
def plan_next() -> bool:
    """Plan what was asked for first and is still waiting; False where nothing is."""
    waiting = Rounds.objects.select_for_update(skip_locked=True).filter(state=RoundsState.WAITING).order_by("asked_at")
    row = waiting.first()
    if row is None:
        return False
    row.result = {**row.result, **_planned(row)}
    row.state, row.ready_at = RoundsState.READY, now()
    row.save(update_fields=["state", "ready_at", "result"])
    feed.publish("unit", division_path=row.division_path, ref=str(row.id), payload={"rounds": str(row.id)})
    return True


def steps(stops: int) -> int:
    """How many steps the search for a plan takes: few for few stops, and never so many that somebody waits long."""
    return min(ITERATIONS, ITERATIONS_PER_STOP * stops)


def _planned(row: Rounds) -> dict[str, Any]:
    places = np.array([(one["lon"], one["lat"]) for one in (*row.stops, *row.crews)], dtype=np.float64)
    lon, lat = places.T
    count, length = len(row.stops), float(row.minutes)
    most = float(row.result.get("most") or count)
    task = Task(
        speeds.over(row.start, length).minutes(lon[:, None], lat[:, None], lon[None, :], lat[None, :]),
        np.zeros(count),
        np.array([one["closes"] for one in row.stops], dtype=np.float64),
        np.array([one["minutes"] for one in row.stops], dtype=np.float64),
        np.ones(count),
        [Crew(count + number, 0.0, length, most) for number in range(len(row.crews))],
    )
    found = plan(task, iterations=steps(count))
    return {
        "rounds": [
            [[stop, round(at, 1)] for stop, at in zip(stops, begins, strict=True)]
            for stops, begins in zip(found.rounds, found.begins, strict=True)
        ],
        "unserved": list(found.unserved),
        "minutes": round(found.minutes, 1),
    }


def find(rounds_id: UUID, actor: Account) -> Rounds:
    """A plan that this account may see; raises Problem 404."""
    row = Rounds.objects.filter(id=rounds_id).first()
    if row is None or not policy.may(actor, permissions.DISPATCH, row.division_path):
        raise Problem("rounds-not-found", _("There is no such plan among those you may see."), status=404)
    return row


def tours(row: Rounds) -> list[Tour]:
    """The rounds as ordered stops; empty while it is being planned."""
    rounds = row.result.get("rounds", [])
    return [
        Tour(crew["name"], [_told(row, number, stop, at) for number, (stop, at) in enumerate(stops, 1)])
        for crew, stops in zip(row.crews, rounds, strict=False)
    ]


def _told(row: Rounds, number: int, stop: int, at: float) -> Stop:
    one = row.stops[stop]
    moment = row.start + dt.timedelta(minutes=at)
    return Stop(number, one["id"], one["title"], one["number"], one["lon"], one["lat"], moment)
