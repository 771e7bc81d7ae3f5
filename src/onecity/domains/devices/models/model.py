"""The model of a device: what all devices of one make have in common."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id

NAME = RegexValidator(r"^[a-z0-9][a-z0-9_.-]*\Z", _("Use small letters, digits, dots, dashes and underscores."))


class Protocol(models.TextChoices):
    """How devices of a model reach the platform."""

    MQTT = "mqtt", "MQTT"
    HTTP = "http", "HTTP"
    COAP = "coap", "CoAP"
    LORAWAN = "lorawan", "LoRaWAN"
    MODBUS = "modbus", "Modbus TCP"
    OPCUA = "opcua", "OPC UA"
    SNMP = "snmp", "SNMP"
    UPLOAD = "upload", _("Tables")


class DeviceModel(models.Model):
    """A make of devices. `battery_attribute` names the series with the charge, in per cent or volt as `battery_minimum`.

    `entity_type` is what a device of it measures at; `expected_interval` is how often one reports; costs in yuan.
    Whoever may see devices anywhere sees all models; `division_path` says whose it is to change.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Short name"), max_length=80, unique=True, db_collation="C", validators=[NAME])
    title = models.CharField(_("Name"), max_length=120)
    maker = models.CharField(_("Maker"), max_length=120, blank=True)
    entity_type = models.CharField(_("Measures as"), max_length=80, blank=True, db_collation="C")
    protocol = models.CharField(_("Way"), max_length=10, choices=Protocol.choices, default=Protocol.MQTT)
    codec = models.CharField(_("Codec"), max_length=80, blank=True, db_collation="C")
    battery_attribute = models.CharField(_("Attribute of the battery"), max_length=80, blank=True, db_collation="C")
    battery_minimum = models.FloatField(_("Battery is low below"), null=True, blank=True)
    expected_interval = models.DurationField(
        _("Reports every"), default=dt.timedelta(minutes=10), validators=[MinValueValidator(dt.timedelta(seconds=1))]
    )
    unit_cost = models.DecimalField(
        _("Price of one (yuan)"), max_digits=12, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    yearly_cost = models.DecimalField(
        _("Running cost of one a year (yuan)"),
        max_digits=12,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0)],
    )
    calibration_days = models.PositiveIntegerField(
        _("To be calibrated every (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(36_500)],
    )
    lifetime_years = models.PositiveSmallIntegerField(_("Serves for (years)"), null=True, blank=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Device model")
        verbose_name_plural = _("Device models")
        ordering = ("title", "id")

    def __str__(self) -> str:
        return self.title
