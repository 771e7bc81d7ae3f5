"""What the phone of a unit reports: where it was, gathered while there was no signal, and what the unit is doing."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import acting
from onecity.kernel.cases.dispatching import units
from onecity.kernel.cases.models import Unit, UnitState
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

MOST: Final = 500
# clocks of phones go wrong by some seconds; what is further ahead is no time of a report
AHEAD: Final = dt.timedelta(minutes=2)
# pages are told of a unit that moved so far
TOLD_METRES: Final = 30.0
METRES_PER_DEGREE: Final = 111_195.0
# what a phone may say next; telling the same again changes nothing
NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    UnitState.FREE: (UnitState.OFF,),
    UnitState.OFF: (UnitState.FREE,),
    UnitState.ASSIGNED: (UnitState.ON_THE_WAY, UnitState.ON_THE_SPOT),
    UnitState.ON_THE_WAY: (UnitState.ON_THE_SPOT,),
    UnitState.ON_THE_SPOT: (UnitState.FREE,),
}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a phone was: WGS-84 degrees, when, and how exact (metres, 0: unknown)."""

    lon: float
    lat: float
    at: dt.datetime
    accuracy_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report: whether one of its positions is now the unit's, and how many were refused because they lie
    in the future."""

    unit: Unit
    moved: bool
    ahead: int


@transaction.atomic
def report(account: Account, positions: Sequence[Position], state: str = "") -> Reported:
    """Take positions in any order, of which the newest counts, and what the unit is doing now.

    The same report twice changes nothing. Raises Problem 404 (no unit reports with this account), 409 (the state does not
    follow), 422 (too many positions, or what is no place).
    """
    _check(positions)
    unit = units.locked(units.own(account).id)
    before = Unit(state=unit.state, lon=unit.lon, lat=unit.lat)
    limit = now() + AHEAD
    usable = [one for one in positions if one.at <= limit]
    newest = max(usable, key=lambda one: one.at, default=None)
    moved = newest is not None and (unit.reported_at is None or newest.at > unit.reported_at)
    if newest is not None and moved:
        unit.lon, unit.lat, unit.reported_at = newest.lon, newest.lat, newest.at
        unit.accuracy_m = newest.accuracy_m or None
    if state and state != unit.state:
        _enter(unit, state, account)
    if moved or unit.state != before.state:
        unit.save()
    if unit.state != before.state or _metres(before, unit) > TOLD_METRES:
        units.tell([unit])
    return Reported(unit, moved, len(positions) - len(usable))


def _enter(unit: Unit, state: str, account: Account) -> None:
    if state not in NEXT[unit.state]:
        raise Problem(
            "unit-state",
            _("The unit cannot change to this state now."),
            status=409,
            detail=_("Now: %(state)s. Load it again; the desk may have changed it.")
            % {"state": UnitState(unit.state).label},
            extra={"state": unit.state},
        )
    if state == UnitState.ON_THE_SPOT and unit.case is not None:
        acting.comment(unit.case.id, account, say("%(unit)s is on the spot.") % {"unit": unit.name})
    if state == UnitState.FREE:
        units.released(unit)
    unit.state = state


def _check(positions: Sequence[Position]) -> None:
    if len(positions) > MOST:
        raise _invalid(_("Send at most %(most)s positions at once.") % {"most": MOST})
    if any(not (abs(one.lon) <= 180 and abs(one.lat) <= 90 and one.accuracy_m >= 0) for one in positions):
        raise _invalid(_("Longitude, latitude or accuracy is out of range."))


def _invalid(detail: object) -> Problem:
    return Problem("positions-invalid", detail, status=422, errors=[FieldError("positions", detail)])


def _metres(before: Unit, after: Unit) -> float:
    if before.lon is None or before.lat is None or after.lon is None or after.lat is None:
        return math.inf if before.lon != after.lon else 0.0
    north = after.lat - before.lat
    east = (after.lon - before.lon) * math.cos(math.radians(after.lat))
    return math.hypot(north, east) * METRES_PER_DEGREE
