"""What refused readings are called at the desk: their ways, and what mends each reason."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from onecity.kernel.telemetry.logic import why
from onecity.kernel.telemetry.models.quarantine import Reason

WAYS: Mapping[str, object] = {
    "http": _("HTTP"),
    "mqtt": _("MQTT"),
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
    Reason.UNREADABLE: _(
        "Let whoever runs the device send what the documentation shows; up to 256 KB of the request are kept here. A"
        " whole request can be replayed once the platform can read it."
    ),
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


# what exactly is wrong, by the code that `logic.why` made
DETAILS: Mapping[str, object] = {
    "either": _("either “values”, or “attribute” and “value” are needed"),
    "no_value": _("“value” is missing"),
    "values_object": _("“values” must be an object of numbers by attribute"),
    "longer": _("a reading may have {0} bytes, this has {1}"),
    "not_utf8": _("byte {0} is not UTF-8"),
    "not_json": _("not JSON from character {0} on"),
    "json_beyond": _("JSON nested too deeply, or with a number that is too long"),
    "json_array": _("an array of JSON objects that is damaged or incomplete"),
    "no_object": _("a reading is a JSON object"),
    "twice": _("a name occurs twice in one object"),
    "no_text": _("“{0}” must be text"),
    "name_length": _("“{0}” must have 1 to {1} characters"),
    "no_number": _("“{0}” is {1}, not a number"),
    "line_parts": _("a line consists of measurement and tags, fields, and a time"),
    "line_field": _("a field is written name=value"),
    "arrow_incomplete": _("not a complete Arrow IPC stream"),
    "arrow_columns": _("more than {0} columns"),
    "arrow_names": _(
        "the columns entity, attribute, value, observed_at are needed; or entity, observed_at and one per attribute"
    ),
    "arrow_text": _("the column “{0}” must be text, it is {1}"),
    "arrow_numbers": _("the column “{0}” must hold numbers, it holds {1}"),
    "arrow_times": _("the column “observed_at” must be a timestamp, a number or text, it is {0}"),
    "arrow_zone": _("the timestamps of “observed_at” have no time zone; send them with one, UTC for example"),
}
# the same for a request that cannot be read, by the code of its problem
PROBLEMS: Mapping[str, object] = {
    "body_damaged": _("The compressed body is damaged or incomplete"),
    "too_large": _("The request is too large"),
    "encoding_not_supported": _("This content encoding is not supported"),
    "type_not_supported": _("This content type is not supported"),
    "upload_timeout": _("The request took too long to arrive"),
    "precision_unknown": _("The precision of the times is not one there is"),
    "arrow_not_readable": _("The Arrow stream cannot be read as readings"),
}


def detail(text: str) -> str:
    """What exactly was wrong, in the language active now; a text that is no code of `logic.why` stays as it is."""
    found = why.read(text)
    if found is None:
        return text
    code, parts = found
    if code == "problem":
        return str(PROBLEMS.get(parts[0], parts[0])) if parts else text
    try:
        return str(DETAILS[code]).format(*parts)
    except (KeyError, IndexError):
        return text


def way(source: str) -> str:
    """The name of a way for people."""
    return str(WAYS.get(source, source))
