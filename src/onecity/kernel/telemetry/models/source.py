"""Sources in the field: what the platform itself asks or follows, and how that goes."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Protocol(models.TextChoices):
    """How a source is spoken to."""

    MODBUS = "modbus", "Modbus TCP"
    OPCUA = "opcua", "OPC UA"
    SNMP = "snmp", "SNMP"
    CHIRPSTACK = "chirpstack", "LoRaWAN (ChirpStack)"


class FieldSource(models.Model):
    """A controller, server or network server that is asked every `interval_s` seconds, or followed.

    `settings` (address, mapping to entities and attributes) is checked by its protocol's form before it is saved;
    `sealed` holds the credentials, encrypted. Readings count as sent by `device_id`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=200)
    protocol = models.CharField(_("Protocol"), max_length=12, choices=Protocol.choices)
    settings: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    sealed = models.BinaryField(blank=True, default=b"", editable=False)
    interval_s = models.FloatField(
        _("Seconds between two questions"), default=60.0, validators=[MinValueValidator(0.1), MaxValueValidator(86_400)]
    )
    device_id = models.UUIDField(_("Device"))
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    enabled = models.BooleanField(_("In operation"), default=True)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Source")
        verbose_name_plural = _("Sources")
        constraints = [
            models.CheckConstraint(condition=models.Q(interval_s__gt=0), name="source_interval_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class SourceState(models.Model):
    """How a source does: written by the process that speaks to it, read by everybody who may see the source.

    `error` is a word (see fieldbus.words), `detail` what the other side said. `position` is where to go on after an
    interruption, as the protocol needs it.
    """

    derived = True  # the application only reads it

    source = models.OneToOneField(FieldSource, primary_key=True, on_delete=models.CASCADE, related_name="state")
    at = models.DateTimeField()
    last_success_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    failures = models.PositiveIntegerField(default=0)
    readings = models.BigIntegerField(default=0)
    position: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("State of a source")
        verbose_name_plural = _("States of sources")

    def __str__(self) -> str:
        return f"{self.source_id}: {self.error or 'ok'}"
