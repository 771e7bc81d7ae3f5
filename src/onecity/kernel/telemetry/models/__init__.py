"""The tables of telemetry: devices, series, newest readings, quarantine, gateways, and where the log has been read to."""

from onecity.kernel.telemetry.models.address import DeviceAddress
from onecity.kernel.telemetry.models.bookkeeping import Counter, Day, Heartbeat, LogPosition
from onecity.kernel.telemetry.models.codec import CodecStatus, CodecVersion
from onecity.kernel.telemetry.models.command import Command, CommandRoute, CommandState
from onecity.kernel.telemetry.models.device import Device
from onecity.kernel.telemetry.models.door import TurnedAway
from onecity.kernel.telemetry.models.quarantine import Quarantine
from onecity.kernel.telemetry.models.raw import RawMessage
from onecity.kernel.telemetry.models.series import Latest, Series
from onecity.kernel.telemetry.models.source import FieldSource, Protocol, SourceState
from onecity.kernel.telemetry.models.upload import UploadMapping

__all__ = [
    "CodecStatus",
    "CodecVersion",
    "Command",
    "CommandRoute",
    "CommandState",
    "Counter",
    "Day",
    "Device",
    "DeviceAddress",
    "FieldSource",
    "Heartbeat",
    "Latest",
    "LogPosition",
    "Protocol",
    "Quarantine",
    "RawMessage",
    "Series",
    "SourceState",
    "TurnedAway",
    "UploadMapping",
]
