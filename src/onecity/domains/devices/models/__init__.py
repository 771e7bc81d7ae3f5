"""The tables of device management."""

from onecity.domains.devices.models.claim import Claim, DevicePhoto, WrongCode
from onecity.domains.devices.models.coverage import CoverageTarget
from onecity.domains.devices.models.finding import ClockSample, Finding, FindingKind
from onecity.domains.devices.models.group import DeviceGroup, Membership
from onecity.domains.devices.models.maintenance import Maintenance, WorkKind
from onecity.domains.devices.models.model import DeviceModel, Protocol
from onecity.domains.devices.models.place import PlaceModel, SeriesModel
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
    "ClockSample",
    "CoverageTarget",
    "DeviceGroup",
    "DeviceModel",
    "DevicePhoto",
    "DeviceRecord",
    "Finding",
    "FindingKind",
    "Maintenance",
    "Membership",
    "PlaceModel",
    "Protocol",
    "RecordStatus",
    "Release",
    "ReleaseKind",
    "Rollout",
    "RolloutState",
    "RolloutTarget",
    "SeriesModel",
    "TargetState",
    "WorkKind",
    "WrongCode",
]
