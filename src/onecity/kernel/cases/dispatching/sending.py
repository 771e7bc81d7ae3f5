"""Sends units to cases and calls them back: the case is given to the unit's account through the case's own history."""

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import acting, permissions
from onecity.kernel.cases.dispatching import speeds, units
from onecity.kernel.cases.models import Unit, UnitState
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account


@transaction.atomic
def send(case_id: UUID, unit_id: UUID, actor: Account, *, why: str = "", expected_version: int | None = None) -> Unit:
    """Give a case to a unit that is free; sending the same unit again changes nothing.

    Raises Problem 404 (unit or case), 403, 409 (the unit is no longer free, or somebody acted on the case), 422.
    """
    unit = units.locked(unit_id)
    if unit.case_id == case_id and unit.state in units.WORKING:
        return unit
    policy.require(actor, permissions.DISPATCH, unit.division_path)
    if unit.state != UnitState.FREE or not units.on_shift(unit, now()):
        raise Problem(
            "unit-not-free",
            _("This unit is no longer free."),
            status=409,
            detail=_("%(unit)s: %(state)s. Nothing was changed; choose another one.")
            % {"unit": unit.name, "state": UnitState(unit.state).label},
            extra={"state": unit.state},
        )
    note = say("Sent: %(unit)s.") % {"unit": unit.name} + (f" {why.strip()}" if why.strip() else "")
    case = acting.assign(case_id, unit.account_id, actor, note, expected_version)
    moment = now()
    place = units.place_of(unit, moment)
    unit.case, unit.state, unit.sent_at, unit.arrives_at = case, UnitState.ASSIGNED, moment, None
    if place is not None and case.lon is not None and case.lat is not None:
        unit.arrives_at = moment + dt.timedelta(minutes=float(speeds.grid(moment).minutes(*place, case.lon, case.lat)))
    unit.save()
    units.tell([unit])
    return unit


@transaction.atomic
def call_back(unit_id: UUID, actor: Account) -> Unit:
    """Free a unit; its case waits for another one. Raises Problem 403, 404."""
    unit = units.locked(unit_id)
    policy.require(actor, permissions.DISPATCH, unit.division_path)
    case = unit.case
    if case is None:
        return unit
    note = say("Called back: %(unit)s.") % {"unit": unit.name}
    acting.assign(case.id, None, actor, note)
    units.released(unit)
    unit.save()
    units.tell([unit])
    return unit
