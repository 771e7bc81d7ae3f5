"""Appointments at a counter: places with a time, and who has one."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class AppointmentState(models.TextChoices):
    """What became of it."""

    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    CANCELLED = "cancelled", _("Called off")
    MISSED = "missed", _("Not come")


class Slot(models.Model):
    """A span of time at a counter in which so many people can come; `booked` counts those who have a place."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.TextField(db_collation="C")
    place = models.CharField(max_length=200)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.PositiveSmallIntegerField(default=4)
    booked = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("Time for appointments")
        verbose_name_plural = _("Times for appointments")
        ordering = ["begins_at", "place"]
        constraints = [
            models.UniqueConstraint(fields=["place", "begins_at"], name="applying_slot_once"),
            models.CheckConstraint(condition=Q(booked__lte=F("capacity")), name="applying_slot_not_overfull"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="applying_slot_ends_later"),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.begins_at:%Y-%m-%d %H:%M}"

    @property
    def room(self) -> int:
        """How many can still come."""
        return self.capacity - self.booked


class Appointment(models.Model):
    """One person's place in a slot; a place that nobody came for is given free again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="appointments")
    account_id = models.UUIDField()
    item_code = models.CharField(max_length=48, blank=True, db_collation="C")
    state = models.CharField(max_length=10, choices=AppointmentState.choices, default=AppointmentState.BOOKED)
    booked_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Appointment")
        verbose_name_plural = _("Appointments")
        ordering = ["-booked_at"]
        indexes = [models.Index(fields=["account_id", "-booked_at"], name="applying_appointment_mine")]
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "account_id"], condition=Q(state="booked"), name="applying_appointment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.slot_id} {self.state}"
