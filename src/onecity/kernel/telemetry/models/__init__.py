"""The tables of telemetry: devices, their series and newest readings, quarantine, and where the log has been read to."""

from onecity.kernel.telemetry.models.bookkeeping import Counter, Day, Heartbeat, LogPosition
from onecity.kernel.telemetry.models.device import Device
from onecity.kernel.telemetry.models.quarantine import Quarantine
from onecity.kernel.telemetry.models.series import Latest, Series

__all__ = ["Counter", "Day", "Device", "Heartbeat", "Latest", "LogPosition", "Quarantine", "Series"]
