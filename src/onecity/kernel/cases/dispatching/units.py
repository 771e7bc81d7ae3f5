"""Units as the desk sees them: who is there, who is free, and where each is now."""

import datetime as dt
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import permissions
from onecity.kernel.cases.models import Unit, UnitState
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import feed
from onecity.kernel.people.models import Account

# an older position is no longer taken for where the unit is; its station stands for it
FRESH: Final = dt.timedelta(minutes=15)
WORKING: Final = (UnitState.ASSIGNED, UnitState.ON_THE_WAY, UnitState.ON_THE_SPOT)


def visible(account: Account) -> list[Unit]:
    """The units of the divisions that this account may see, with the cases they were sent to."""
    rows: QuerySet[Unit] = policy.visible(Unit.objects.select_related("case"), account, permissions.VIEW)
    return [settled(unit) for unit in rows]


def settled(unit: Unit) -> Unit:
    """The unit without a case that has ended meanwhile or was given to somebody else; not saved."""
    case = unit.case
    if case is not None and (not case.is_open or case.assignee_id != unit.account_id):
        released(unit)
    return unit


def on_shift(unit: Unit, at: dt.datetime) -> bool:
    """Whether it may be sent now at all."""
    return (
        unit.state != UnitState.OFF
        and (unit.shift_start is None or unit.shift_start <= at)
        and (unit.shift_end is None or at < unit.shift_end)
    )


def place_of(unit: Unit, at: dt.datetime) -> tuple[float, float] | None:
    """Where it is: the last position while it is fresh, else its station, else nobody knows."""
    if unit.lon is not None and unit.lat is not None and unit.reported_at and at - unit.reported_at <= FRESH:
        return unit.lon, unit.lat
    if unit.station_lon is not None and unit.station_lat is not None:
        return unit.station_lon, unit.station_lat
    return None


def own(account: Account) -> Unit:
    """The unit whose phone is signed in as this account; raises Problem 404."""
    unit = Unit.objects.select_related("case").filter(account_id=account.id).first()
    if unit is None:
        raise Problem(
            "unit-unknown",
            _("No unit of the field reports with this account."),
            status=404,
            detail=_("Whoever dispatches there can enter it under field dispatch, units."),
        )
    return settled(unit)


def released(unit: Unit) -> None:
    """Take the unit from its case, in memory; it is free where it was at work."""
    unit.case, unit.sent_at, unit.arrives_at = None, None, None
    if unit.state in WORKING:
        unit.state = UnitState.FREE


def tell(units: Iterable[Unit]) -> None:
    """Tell live pages that these units changed; what they see follows their own rights."""
    feed.publish_many(
        feed.Change("unit", u.division_path, str(u.id), {"name": u.name, "state": u.state, "lon": u.lon, "lat": u.lat})
        for u in units
    )


def locked(unit_id: UUID) -> Unit:
    """The unit, held until the transaction ends; raises Problem 404 where it is not there or not to be changed."""
    unit = Unit.objects.select_for_update(of=("self",)).select_related("case").filter(id=unit_id).first()
    if unit is None:
        raise not_found()
    return settled(unit)


def not_found() -> Problem:
    """The problem for a unit that is not there or not to be seen; the answer does not tell which."""
    return Problem(
        "unit-not-found",
        _("There is no such unit among those you may send."),
        status=404,
        detail=_("Choose one of the list; it may have been removed meanwhile."),
    )
