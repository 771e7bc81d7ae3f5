"""Groups of devices: who belongs, by hand or by condition."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from onecity.domains.devices.models import DeviceGroup, DeviceRecord
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.domains.devices.registering import devices_of
from onecity.kernel.access import audit, policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.people.models import Account

# what a condition may name, and the column that it narrows
CONDITIONS: Mapping[str, str] = {
    "model": "model__name",
    "protocol": "model__protocol",
    "status": "status",
    "firmware": "firmware_version",
    "configuration": "configuration_version",
    "below": "division_path__startswith",
    "name": "name__icontains",
}


def visible(account: Principal) -> QuerySet[DeviceGroup]:
    """The groups that the account may see."""
    return policy.visible(DeviceGroup.objects.all(), account, VIEW)


def within(group: DeviceGroup) -> QuerySet[DeviceRecord]:
    """All devices of a group, which never reach beyond its division."""
    rows = DeviceRecord.objects.select_related("model").filter(division_path__startswith=group.division_path)
    if group.condition:
        return rows.filter(_narrowed(group.condition))
    return rows.filter(memberships__group=group)


def members(group: DeviceGroup, account: Principal) -> QuerySet[DeviceRecord]:
    """The devices of a group that the account may see."""
    return within(group).filter(device_id__in=devices_of(account, group.division_path).values("device_id"))


def save(group: DeviceGroup, actor: Account) -> None:
    """Keep a group; raises Problem 403."""
    policy.require(actor, MANAGE, group.division_path)
    group.save()
    audit.record(
        "devices.group_saved", actor_id=actor.id, object_type="device_group", object_id=group.id,
        division_path=group.division_path, detail={"name": group.name, "condition": group.condition},
    )  # fmt: skip


def _narrowed(condition: Mapping[str, Any]) -> Q:
    """The condition as a filter; an unknown word meets nothing, so that a mistake never takes in everybody."""
    if set(condition) - set(CONDITIONS):
        return Q(device_id__isnull=True)
    return Q(**{CONDITIONS[word]: value for word, value in condition.items()})
