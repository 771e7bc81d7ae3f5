"""Appointments at counters: times laid out from the office's calendar, booked, called off, and given free where nobody came."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onecity.domains.services.applying import sentences
from onecity.domains.services.applying.models import Appointment, AppointmentState, Slot
from onecity.kernel.cases import calendars
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import service as notify
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

AHEAD_DAYS: Final = 14
LENGTH: Final = dt.timedelta(minutes=30)
CAPACITY: Final = 4
HOURS: Final = (9, 17)
NOON: Final = (12, 13)
# whoever is so late does not come any more
GRACE: Final = dt.timedelta(minutes=15)
# whoever let so many pass within so long waits before he books again
MOST_MISSED, MISSED_WITHIN = 3, dt.timedelta(days=90)
MOST_BOOKED: Final = 3


def lay_out(days: int = AHEAD_DAYS) -> int:
    """Make the times of the next days at the district's service hall, where there are none yet; returns how many."""
    root = places.root()
    if root is None:
        return 0
    with translation.override("zh-hans"):
        place = _("%(district)s service hall, general windows") % {"district": root.name}
    today = timezone.localdate(now())
    known = set(Slot.objects.filter(place=place, begins_at__gte=_at(today, 0)).values_list("begins_at", flat=True))
    calendar = calendars.office()
    wanted = [
        begins
        for day in (today + dt.timedelta(days=n) for n in range(days))
        if calendar.is_working_day(day)
        for begins in _times(day)
        if begins not in known
    ]
    rows = [
        Slot(division_path=root.path, place=place, begins_at=one, ends_at=one + LENGTH, capacity=CAPACITY)
        for one in wanted
    ]
    return len(Slot.objects.bulk_create(rows, ignore_conflicts=True))


def _times(day: dt.date) -> list[dt.datetime]:
    half = range(HOURS[0] * 60, HOURS[1] * 60, int(LENGTH.total_seconds() // 60))
    return [_at(day, minute) for minute in half if not NOON[0] * 60 <= minute < NOON[1] * 60]


def _at(day: dt.date, minute: int) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(minute // 60, minute % 60)))


def free(day: dt.date | None = None) -> list[Slot]:
    """The times that still have room, from now on or of one day."""
    rows = Slot.objects.filter(begins_at__gt=now(), booked__lt=F("capacity")).order_by("begins_at")
    if day is not None:
        rows = rows.filter(begins_at__gte=_at(day, 0), begins_at__lt=_at(day + dt.timedelta(days=1), 0))
    return list(rows[:200])


def days() -> Sequence[dt.date]:
    """The days on which there is room."""
    found = Slot.objects.filter(begins_at__gt=now(), booked__lt=F("capacity")).values_list("begins_at", flat=True)
    return sorted({timezone.localdate(one) for one in found})


@transaction.atomic
def book(slot_id: UUID | None, account: Account, item_code: str = "") -> Appointment:
    """Take a place; the same again is the one already taken. Raises Problem 409 where it is full, or too many were missed."""
    rows = Slot.objects.select_for_update().filter(begins_at__gt=now())
    slot = rows.filter(id=slot_id).first() if slot_id is not None else None
    if slot is None:
        raise Problem("slot-gone", gettext_lazy("This time has passed. Choose another."), status=409)
    mine = Appointment.objects.filter(account_id=account.id)
    before = mine.filter(slot=slot, state=AppointmentState.BOOKED).first()
    if before is not None:
        return before
    missed = mine.filter(state=AppointmentState.MISSED, ended_at__gte=now() - MISSED_WITHIN).count()
    if missed >= MOST_MISSED:
        raise Problem(
            "too-many-missed",
            gettext_lazy("You did not come three times. Come without an appointment, or book again later."),
            status=409,
        )
    if mine.filter(state=AppointmentState.BOOKED, slot__begins_at__gt=now()).count() >= MOST_BOOKED:
        raise Problem(
            "too-many-booked", gettext_lazy("You have three appointments already. Call one off first."), status=409
        )
    if slot.booked >= slot.capacity:
        raise Problem("slot-full", gettext_lazy("Somebody was faster: this time is full. Choose another."), status=409)
    slot.booked += 1
    slot.save(update_fields=["booked"])
    try:
        with transaction.atomic():
            return Appointment.objects.create(slot=slot, account_id=account.id, item_code=item_code)
    except IntegrityError as error:
        raise Problem(
            "slot-full", gettext_lazy("Somebody was faster: this time is full. Choose another."), status=409
        ) from error


@transaction.atomic
def cancel(appointment_id: UUID, account: Account) -> None:
    """Call it off; a second time changes nothing. Raises Problem 404 for another's."""
    found = Appointment.objects.select_for_update().filter(id=appointment_id, account_id=account.id).first()
    if found is None:
        raise Problem("appointment-unknown", gettext_lazy("There is no such appointment among yours."), status=404)
    if found.state == AppointmentState.BOOKED:
        _end(found, AppointmentState.CANCELLED)


@transaction.atomic
def arrive(appointment_id: UUID) -> Appointment:
    """Somebody is there; called by the counter. Raises Problem 404."""
    found = Appointment.objects.select_for_update().select_related("slot").filter(id=appointment_id).first()
    if found is None or found.state != AppointmentState.BOOKED:
        raise Problem("appointment-unknown", gettext_lazy("There is no such appointment now."), status=404)
    found.state, found.ended_at = AppointmentState.ARRIVED, now()
    found.save(update_fields=["state", "ended_at"])
    return found


@transaction.atomic
def release_missed() -> int:
    """Give the places free of those who did not come, and tell them; returns how many."""
    late = Appointment.objects.select_for_update(skip_locked=True, of=("self",)).select_related("slot")
    rows = list(late.filter(state=AppointmentState.BOOKED, slot__begins_at__lt=now() - GRACE)[:500])
    for one in rows:
        _end(one, AppointmentState.MISSED)
    notify.send_many(
        notify.Notice(
            one.account_id, sentences.FREED, {"place": one.slot.place, "begins": one.slot.begins_at.isoformat()},
            f"appointment:{one.id}", "/my/appointments",
        )
        for one in rows
    )  # fmt: skip
    return len(rows)


def _end(found: Appointment, state: AppointmentState) -> None:
    found.state, found.ended_at = state, now()
    found.save(update_fields=["state", "ended_at"])
    Slot.objects.filter(id=found.slot_id, booked__gt=0).update(booked=F("booked") - 1)
