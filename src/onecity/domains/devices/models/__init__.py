"""The tables of device management."""

from onecity.domains.devices.models.claim import Claim, DevicePhoto, WrongCode
from onecity.domains.devices.models.group import DeviceGroup, Membership
from onecity.domains.devices.models.model import DeviceModel, Protocol
from onecity.domains.devices.models.record import DeviceRecord, RecordStatus
from onecity.domains.devices.models.rollout import (
    Release,
    ReleaseKind,
    Rollout,
    RolloutState,
    RolloutTarget,
    TargetState,
)

__all__ = [
    "Claim",
    "DeviceGroup",
    "DeviceModel",
    "DevicePhoto",
    "DeviceRecord",
    "Membership",
    "Protocol",
    "RecordStatus",
    "Release",
    "ReleaseKind",
    "Rollout",
    "RolloutState",
    "RolloutTarget",
    "TargetState",
    "WrongCode",
]
