"""Which driver speaks which protocol."""

from collections.abc import Mapping

from onecity.kernel.telemetry.fieldbus.lorawan import ChirpStackDriver
from onecity.kernel.telemetry.fieldbus.modbus import ModbusDriver
from onecity.kernel.telemetry.fieldbus.opcua import OpcUaDriver
from onecity.kernel.telemetry.fieldbus.runner import Make
from onecity.kernel.telemetry.fieldbus.snmp import SnmpDriver
from onecity.kernel.telemetry.models import Protocol

DRIVERS: Mapping[str, Make] = {
    Protocol.MODBUS: ModbusDriver,
    Protocol.OPCUA: OpcUaDriver,
    Protocol.SNMP: SnmpDriver,
    Protocol.CHIRPSTACK: ChirpStackDriver,
}
