"""Bookkeeping of the pipeline: how far each log is read, how many readings went where, and the state of each day's store."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LogPosition(models.Model):
    """The last message of a log whose effects are in the database; written in the same transaction as the effects."""

    source = models.CharField(max_length=64, primary_key=True)
    sequence = models.BigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Log position")
        verbose_name_plural = _("Log positions")

    def __str__(self) -> str:
        return f"{self.source}: {self.sequence}"


class Heartbeat(models.Model):
    """The last sign of life of a process of telemetry, with what it has to say about itself."""

    process = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("Sign of life")
        verbose_name_plural = _("Signs of life")

    def __str__(self) -> str:
        return f"{self.process} {self.at:%Y-%m-%d %H:%M:%S}"


class Counter(models.Model):
    """How many readings of a UTC day came by one way and were stored (outcome `stored`) or refused (the reason)."""

    pk = models.CompositePrimaryKey("day", "source", "outcome")
    day = models.DateField()
    source = models.CharField(max_length=16)
    outcome = models.CharField(max_length=20)
    readings = models.BigIntegerField()

    class Meta:
        verbose_name = _("Counter")
        verbose_name_plural = _("Counters")

    def __str__(self) -> str:
        return f"{self.day} {self.source} {self.outcome}: {self.readings}"


class Day(models.Model):
    """One day partition of the hot store (UTC), with how many readings it holds.

    `changed_at` is its last insert, `sorted_at` when it was last rewritten in the order of series and time.

    Hourly roll-ups are valid for a day while `rolled_up_at` is later than `changed_at`. Of a day that still grows they hold
    the first `part_readings` readings: those of the partition `part_relation` (oid) up to the place `part_end` (ctid).
    """

    day = models.DateField(primary_key=True)
    readings = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()
    sorted_at = models.DateTimeField(null=True, blank=True)
    rolled_up_at = models.DateTimeField(null=True, blank=True)
    part_relation = models.BigIntegerField(null=True, editable=False)
    part_end = models.CharField(max_length=32, null=True, editable=False)  # noqa: DJ001 - as the others: not known
    part_readings = models.BigIntegerField(null=True, editable=False)
    part_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("Day of the store")
        verbose_name_plural = _("Days of the store")

    def __str__(self) -> str:
        return f"{self.day}"
