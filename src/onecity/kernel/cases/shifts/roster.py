"""The duty roster: turns of duty as a day shows them, entered for one or several days, and removed."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import calendars, changing, directory, permissions, skills
from onecity.kernel.cases.models import Duty
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

LONGEST: Final = dt.timedelta(hours=48)
MOST_DAYS: Final = 62


@dataclass(frozen=True)
class Turn:
    """A turn of duty in words; `running`: now."""

    duty: Duty
    name: str
    place: str
    skills: str
    running: bool


@dataclass(frozen=True)
class NewDuty:
    """A turn to enter, the same at the same hours on `days` days one after the other."""

    account_id: UUID
    division_path: str
    skills: Sequence[str]
    start: dt.datetime
    end: dt.datetime
    days: int = 1


def of_day(account: Account, day: dt.date) -> list[Turn]:
    """The turns that touch a day, in the divisions that this account may see, by place and time."""
    zone = calendars.office().zone
    since = dt.datetime.combine(day, dt.time(), zone)
    until = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    rows = policy.visible(Duty.objects.all(), account, permissions.VIEW)
    found = list(rows.filter(start__lt=until, end__gt=since).order_by("division_path", "start", "id"))
    names = directory.names_of(duty.account_id for duty in found)
    titles = places.titles_for({duty.division_path for duty in found})
    moment = now()
    return [
        Turn(
            duty, names.get(duty.account_id, ""), titles[duty.division_path], skills.named(duty.skills),
            duty.start <= moment < duty.end,
        )
        for duty in found
    ]  # fmt: skip


@transaction.atomic
def enter(new: NewDuty, actor: Account) -> list[Duty]:
    """Enter a turn; what is there already is left as it is. Raises Problem 403, 422 (and then nothing is entered)."""
    policy.require(actor, permissions.DISPATCH, new.division_path)
    if not dt.timedelta() < new.end - new.start <= LONGEST:
        raise changing.invalid("end", _("A turn ends after it begins, at most two days later."))
    if not 1 <= new.days <= MOST_DAYS:
        raise changing.invalid("days", _("Choose from 1 to %(most)s days.") % {"most": MOST_DAYS})
    if not policy.may(new.account_id, permissions.HANDLE, new.division_path):
        raise changing.invalid("account", _("This person may not handle cases there. Choose somebody else."))
    body = Account.objects.values_list("organisation_id", flat=True).get(id=new.account_id)
    zone = calendars.office().zone
    wanted = [
        Duty(
            account_id=new.account_id, organisation_id=body, division_path=new.division_path, skills=list(new.skills),
            start=_later(new.start, n, zone), end=_later(new.end, n, zone), created_by_id=actor.id,
        )
        for n in range(new.days)
    ]  # fmt: skip
    return Duty.objects.bulk_create(wanted, ignore_conflicts=True)


@transaction.atomic
def remove(duty_id: UUID, actor: Account) -> Duty:
    """Take a turn out of the roster. Raises Problem 403, 404."""
    duty = Duty.objects.select_for_update().filter(id=duty_id).first()
    if duty is None:
        raise Problem("duty-not-found", _("This turn of duty is no longer in the roster."), status=404)
    policy.require(actor, permissions.DISPATCH, duty.division_path)
    Duty.objects.filter(id=duty_id).delete()
    return duty


def _later(moment: dt.datetime, days: int, zone: dt.tzinfo) -> dt.datetime:
    """The same hour of the wall's clock so many days later."""
    return moment.astimezone(zone) + dt.timedelta(days=days)
