"""The queue at a counter: a number drawn, called, served or missed."""

import datetime as dt

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class TicketState(models.TextChoices):
    """Where somebody is in the queue."""

    WAITING = "waiting", pgettext_lazy("queue", "Waiting")
    CALLED = "called", pgettext_lazy("queue", "Called")
    SERVED = "served", pgettext_lazy("queue", "Served")
    MISSED = "missed", pgettext_lazy("queue", "Not come")


def today() -> dt.date:
    """The district's day."""
    return timezone.localdate(now())


class Ticket(models.Model):
    """A place in the queue of one office and day: letter of the queue and number, with the item it is about."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.TextField(db_collation="C")
    day = models.DateField(default=today)
    letter = models.CharField(max_length=1, default="A")
    number = models.PositiveSmallIntegerField()
    item_code = models.CharField(max_length=48, blank=True, db_collation="C")
    appointment_id = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=TicketState.choices, default=TicketState.WAITING)
    window = models.CharField(max_length=20, blank=True)
    drawn_at = models.DateTimeField(default=now)
    called_at = models.DateTimeField(null=True, blank=True)
    called_by_id = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Queue ticket")
        verbose_name_plural = _("Queue tickets")
        ordering = ["day", "drawn_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["division_path", "day", "letter", "number"], name="applying_ticket_once")
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """The number as it is called."""
        return f"{self.letter}{self.number:03d}"
