"""What ails a device, as found by itself from what it sends: with beginning and end."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class FindingKind(models.TextChoices):
    """What may be wrong with a device; see logic.health for how each is told."""

    SILENT = "silent", _("Silent")
    FLAPPING = "flapping", _("Comes and goes")
    BATTERY = "battery", _("Battery low")
    CLOCK = "clock", _("Clock is off")
    DRIFT = "drift", _("Values drift away")
    STUCK = "stuck", _("Value stands still")


class Finding(models.Model):
    """One thing that is or was wrong. `value` in the measure of its kind: hours silent or stuck, changes a day, days until
    empty, seconds, or the shift in the unit of the series. It ends when it is no longer found.

    Written by the worker alone; its division follows the device.
    """

    derived = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device_id = models.UUIDField()
    series_id = models.IntegerField(null=True)
    kind = models.CharField(_("What"), max_length=10, choices=FindingKind.choices)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    attribute = models.CharField(max_length=63, blank=True)
    value = models.FloatField()
    unit = models.CharField(max_length=40, blank=True)
    detail: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    onset = models.DateTimeField(_("Began"))
    found_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(_("Last seen"))
    end = models.DateTimeField(_("End"), null=True)
    case_id = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("Finding")
        verbose_name_plural = _("Findings")
        constraints = [
            models.UniqueConstraint(
                fields=["device_id", "kind", "series_id"],
                condition=models.Q(end__isnull=True),
                nulls_distinct=False,
                name="device_finding_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["division_path", "kind"], name="device_finding_by_place"),
            models.Index(fields=["device_id", "-onset"], name="device_finding_by_device"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.kind}"


class ClockSample(models.Model):
    """By how many seconds the last messages of a device were stamped before (-) or after (+) they came, oldest first."""

    derived = True

    device_id = models.UUIDField(primary_key=True)
    division_path = models.CharField(max_length=255, db_collation="C")
    offsets = ArrayField(models.FloatField())
    sampled_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Samples of a clock")
        verbose_name_plural = _("Samples of clocks")

    def __str__(self) -> str:
        return f"{self.device_id}"
