"""The address of a device in a network that is not ours: a DevEUI, say; how its messages become readings of an entity."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class DeviceAddress(models.Model):
    """Under `network` and `address` a device is known elsewhere; its messages are read by a codec into an entity.

    `codec_version` None: the newest that is in use. `attributes` renames what the codec calls its readings. `signal` is
    what the network last said of the reception: received power (dBm), margin (dB), data rate, battery.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    network = models.CharField(_("Network"), max_length=20, db_collation="C")
    address = models.CharField(_("Address"), max_length=120, db_collation="C")
    device_id = models.UUIDField(_("Device"), db_index=True)
    codec = models.CharField(_("Codec"), max_length=80, db_collation="C", blank=True)
    codec_version = models.PositiveIntegerField(null=True, blank=True)
    entity = models.CharField(_("Entity"), max_length=255, db_collation="C")
    attributes: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(default=dict, blank=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    last_seen_at = models.DateTimeField(_("Last heard"), null=True, blank=True, editable=False)
    signal: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Address of a device")
        verbose_name_plural = _("Addresses of devices")
        constraints = [models.UniqueConstraint(fields=["network", "address"], name="device_address_once")]
        indexes = [models.Index(fields=["changed_at"], name="device_address_by_change")]

    def __str__(self) -> str:
        return f"{self.network} {self.address}"
