"""What is known of a device as a thing that somebody bought, mounted and keeps running."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models.model import DeviceModel
from onecity.kernel.core.clock import now


class RecordStatus(models.TextChoices):
    """Where a device is in its life."""

    STOCK = "stock", _("In stock")
    INSTALLED = "installed", _("Installed")
    REPAIR = "repair", _("In repair")
    RETIRED = "retired", _("Out of service")


class DeviceRecord(models.Model):
    """One to one with the device of the gateways, by `device_id`; its division follows that device when it moves.

    `entity_id` is what it measures at. Costs in yuan; None: as the model says. Versions are what the device last confirmed.
    """

    device_id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(_("Name"), max_length=200)
    model = models.ForeignKey(
        DeviceModel,
        verbose_name=_("Device model"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="records",
    )
    serial = models.CharField(_("Serial number"), max_length=80, blank=True, db_collation="C")
    dev_eui = models.CharField(_("DevEUI"), max_length=16, blank=True, db_collation="C")
    entity_id = models.UUIDField(_("Measures at"), null=True, blank=True, db_index=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    lon = models.FloatField(_("Longitude"), null=True, blank=True)
    lat = models.FloatField(_("Latitude"), null=True, blank=True)
    organisation_id = models.UUIDField(_("Owner"), null=True, blank=True)
    purchase_cost = models.DecimalField(
        _("Price (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    running_cost = models.DecimalField(
        _("Running cost a year (yuan)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    status = models.CharField(_("Status"), max_length=10, choices=RecordStatus.choices, default=RecordStatus.STOCK)
    installed_at = models.DateTimeField(_("Installed"), null=True, blank=True)
    retired_at = models.DateTimeField(_("Out of service since"), null=True, blank=True)
    calibrated_at = models.DateTimeField(_("Calibrated"), null=True, blank=True)
    firmware_version = models.CharField(_("Firmware"), max_length=40, blank=True)
    configuration_version = models.CharField(_("Configuration"), max_length=40, blank=True)
    reported: "models.JSONField[dict[str, object], dict[str, object]]" = models.JSONField(
        default=dict, blank=True, editable=False
    )
    reported_at = models.DateTimeField(null=True, editable=False)
    note = models.CharField(_("Remark"), max_length=500, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Device")
        verbose_name_plural = _("Devices")
        indexes = [
            models.Index(fields=["division_path", "device_id"], name="device_record_place"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "serial"], condition=~models.Q(serial=""), name="device_record_serial_once"
            ),
            models.UniqueConstraint(fields=["dev_eui"], condition=~models.Q(dev_eui=""), name="device_record_eui_once"),
            models.CheckConstraint(
                condition=models.Q(lon__isnull=True, lat__isnull=True)
                | models.Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="device_record_position",
            ),
        ]

    def __str__(self) -> str:
        return self.name
