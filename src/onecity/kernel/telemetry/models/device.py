"""The device: whoever sends readings, with a secret of its own and the limits it must keep."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id

DEFAULT_READINGS_PER_SECOND = 1_000


class DeviceStatus(models.TextChoices):
    """Whether a device may send."""

    ACTIVE = "active", _("May send")
    REVOKED = "revoked", _("Revoked")


class Device(models.Model):
    """A sensor, station or concentrator. Only the SHA-256 of its 256-bit random secret is kept: there is nothing to guess."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=200)
    secret_hash = models.BinaryField(max_length=32, editable=False)
    # after a change the secret before it still opens every door until then, so that a device can change over in peace
    earlier_hash = models.BinaryField(max_length=32, default=b"", editable=False)
    earlier_until = models.DateTimeField(null=True, editable=False)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    status = models.CharField(_("Status"), max_length=10, choices=DeviceStatus.choices, default=DeviceStatus.ACTIVE)
    readings_per_second = models.PositiveIntegerField(
        _("Readings a second it may send"), default=DEFAULT_READINGS_PER_SECOND, validators=[MinValueValidator(1)]
    )
    created_at = models.DateTimeField(default=now, editable=False)
    secret_changed_at = models.DateTimeField(default=now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("Device")
        verbose_name_plural = _("Devices")
        indexes = [models.Index(fields=["division_path", "id"], name="device_by_division")]
        constraints = [
            models.CheckConstraint(condition=models.Q(readings_per_second__gte=1), name="device_rate_positive"),
            models.CheckConstraint(
                condition=models.Q(status=DeviceStatus.REVOKED, revoked_at__isnull=False)
                | models.Q(status=DeviceStatus.ACTIVE, revoked_at__isnull=True),
                name="device_revoked_at_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name
