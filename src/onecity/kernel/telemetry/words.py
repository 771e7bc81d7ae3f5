"""What refused readings are called at the desk: their ways, and what mends each reason."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from onecity.kernel.telemetry.models.quarantine import Reason

WAYS: Mapping[str, object] = {
    "http": _("HTTP"),
    "arrow": _("HTTP, Arrow"),
    "influx": _("HTTP, line protocol"),
    "mqtt0": _("MQTT, QoS 0"),
    "mqtt1": _("MQTT, QoS 1"),
    "replay": _("Replay"),
    "log": _("Log"),
    "lorawan": _("LoRaWAN"),
    "modbus": _("Modbus"),
    "opcua": _("OPC UA"),
    "snmp": _("SNMP"),
    "coap": _("CoAP"),
    "sta": _("SensorThings"),
    "upload": _("Uploaded table"),
}

ADVICE: Mapping[str, object] = {
    Reason.MALFORMED: _("Let whoever runs the device send JSON as the documentation shows. This cannot be replayed."),
    Reason.NOT_UTF8: _("Let whoever runs the device send UTF-8 text. This cannot be replayed."),
    Reason.TOO_LARGE: _("Let whoever runs the device send fewer readings at once. This cannot be replayed."),
    Reason.WRONG_TYPE: _("Let whoever runs the device send the value as a number and names as text."),
    Reason.BAD_TIME: _("Let whoever runs the device send a time with its zone, as in 2026-03-01T08:00:00+08:00."),
    Reason.UNKNOWN_ENTITY: _("Register the entity, or correct its name in the device; then replay."),
    Reason.UNKNOWN_ATTRIBUTE: _(
        "Correct the attribute's name in the device, or add it to the entity type; then replay."
    ),
    Reason.AMBIGUOUS_ENTITY: _("Let the device send the entity's full name (its URN)."),
    Reason.UNIT_MISMATCH: _("Let the device send the unit of the attribute, or one that can be converted into it."),
    Reason.NOT_YOURS: _("Assign the entity to this device, or correct the name in the device; then replay."),
    Reason.UNKNOWN_DEVICE: _("Register the device anew, or see who still uses its old secret."),
    Reason.NOT_A_NUMBER: _("The sensor gives no value; have it looked at. This cannot be replayed."),
    Reason.OUT_OF_RANGE: _(
        "Have the sensor looked at. If the value is right, widen the range of the attribute; then replay."
    ),
    Reason.FUTURE: _("Set the device's clock. Once that time has come, the readings can be replayed."),
    Reason.LATE: _("The device sends after a long time without a connection. It may be allowed more time."),
    Reason.EXPIRED: _("Readings of that time are not kept any more."),
    Reason.DUPLICATE: _("Nothing is missing: the reading that came first is stored."),
    Reason.CODEC: _("Try the message out in the codec of the device's model, and publish a version that reads it."),
    Reason.FLOOD: _("Let the device send less often, or allow it more readings a second; then replay what was kept."),
}


def way(source: str) -> str:
    """The name of a way for people."""
    return str(WAYS.get(source, source))
