"""Groups of devices: those picked by hand, and those that meet a condition."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models.record import DeviceRecord
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class DeviceGroup(models.Model):
    """Devices to be handled together. With a `condition` (see logic of groups) whoever meets it belongs; else the members."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=120)
    purpose = models.CharField(_("What for"), max_length=300, blank=True)
    condition: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Group of devices")
        verbose_name_plural = _("Groups of devices")
        ordering = ("name", "id")
        constraints = [models.UniqueConstraint(fields=["division_path", "name"], name="device_group_name_once")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A device in a group that was picked by hand."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.ForeignKey(DeviceGroup, on_delete=models.CASCADE, related_name="memberships")
    record = models.ForeignKey(DeviceRecord, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        verbose_name = _("Member of a group")
        verbose_name_plural = _("Members of groups")
        constraints = [models.UniqueConstraint(fields=["group", "record"], name="device_group_member_once")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.record_id}"
