"""SenML packs (RFC 8428), in JSON or CBOR, to readings: base values carried on, names split into entity and attribute."""

from collections.abc import Mapping
from dataclasses import dataclass

from onecity.kernel.telemetry.codecs.block import number_of
from onecity.kernel.telemetry.codecs.flat import attribute_name

MOST_RECORDS = 5_000
SECOND_US = 1_000_000
# times below are relative to now (4.5.3)
RELATIVE_BELOW = 2.0**28
LABELS: Mapping[str, str] = {
    "-1": "bver", "-2": "bn", "-3": "bt", "-4": "bu", "-5": "bv", "-6": "bs",
    "0": "n", "1": "u", "2": "v", "3": "vs", "4": "vb", "5": "s", "6": "t", "7": "ut", "8": "vd",
}  # fmt: skip
# units of RFC 8428, 12.1 and RFC 8798 that UCUM writes otherwise
UNITS: Mapping[str, str] = {
    "/": "1", "%RH": "%", "%EL": "%", "EL": "1", "1/s": "Hz", "1/min": "1/min", "beat/min": "1/min", "beats": "1",
    "count": "1", "lat": "deg", "lon": "deg", "pH": "[pH]", "dBW": "dB", "dBm": "dB", "Bspl": "dB", "VA": "W", "var": "W",
    "degC": "Cel", "kWh": "kW.h", "Wh": "W.h", "ppm": "[ppm]", "ppb": "[ppb]", "NTU": "[NTU]", "m3/h": "m3/h", "dB": "dB",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One record: entity ("" where the name has none), attribute, unit, time (µs), value."""

    entity: str
    attribute: str
    unit: str
    observed_at: int
    value: float


class SenMLError(ValueError):
    """What was sent is no pack of SenML; the text says which record."""


def parse(pack: object, now_us: int) -> list[Measured]:
    """The numbers and booleans of a pack; texts and sums are left out. Raises SenMLError."""
    if not isinstance(pack, list) or not 0 < len(pack) <= MOST_RECORDS:
        raise SenMLError(f"a pack is a list of 1 to {MOST_RECORDS} records")
    base: dict[str, object] = {}
    found: list[Measured] = []
    for number, item in enumerate(pack):
        if not isinstance(item, dict):
            raise SenMLError(f"record {number} is no object")
        record = {LABELS.get(name, name): value for name, value in item.items()}
        if unknown := [name for name in record if name.endswith("_")]:
            # 4.4: a reader that does not know such a field must not use the record
            raise SenMLError(f"record {number} has the field {unknown[0]}, which must be understood and is not")
        base |= {name: value for name, value in record.items() if name in {"bn", "bt", "bu", "bv"}}
        measured = _record(record, base, now_us, number)
        if measured is not None:
            found.append(measured)
    return found


def _record(record: Mapping[str, object], base: Mapping[str, object], now_us: int, number: int) -> Measured | None:
    value = _value(record, base)
    if value is None:
        return None
    name = f"{_text(base.get('bn', ''), number)}{_text(record.get('n', ''), number)}"
    entity, attribute = split(name)
    if not attribute:
        raise SenMLError(f"record {number} has no name")
    unit = _text(record.get("u", base.get("bu", "")), number)
    seconds = _number(base.get("bt", 0), number) + _number(record.get("t", 0), number)
    if not abs(seconds) < 1e11:
        raise SenMLError(f"record {number}: the time is beyond the calendar")
    at = now_us + round(seconds * SECOND_US) if seconds < RELATIVE_BELOW else round(seconds * SECOND_US)
    return Measured(entity, attribute, UNITS.get(unit, unit), at, value)


def _value(record: Mapping[str, object], base: Mapping[str, object]) -> float | None:
    if isinstance(record.get("vb"), bool):
        return 1.0 if record["vb"] else 0.0
    value = record.get("v")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    first = base.get("bv", 0)
    return (number_of(first) or 0.0) + (number_of(value) or 0.0)


def split(name: str) -> tuple[str, str]:
    """Entity and attribute of a name: parted by the last `/`, else by the last `:`; an attribute alone has no entity."""
    for separator in ("/", ":"):
        entity, found, attribute = name.rpartition(separator)
        if found:
            return entity, attribute_name(attribute)
    return "", attribute_name(name)


def _text(value: object, number: int) -> str:
    if not isinstance(value, str) or len(value) > 255:
        raise SenMLError(f"record {number}: names and units are short texts")
    return value


def _number(value: object, number: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SenMLError(f"record {number}: a time is a number")
    try:
        return float(value)
    except OverflowError as error:
        raise SenMLError(f"record {number}: the time is beyond the calendar") from error
