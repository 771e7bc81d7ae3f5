"""The tables of device management."""

from onecity.domains.devices.models.group import DeviceGroup, Membership
from onecity.domains.devices.models.model import DeviceModel
from onecity.domains.devices.models.record import DeviceRecord, RecordStatus

__all__ = ["DeviceGroup", "DeviceModel", "DeviceRecord", "Membership", "RecordStatus"]
