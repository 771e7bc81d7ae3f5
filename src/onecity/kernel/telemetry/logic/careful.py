"""The slow and careful way to read JSON readings, one at a time: for the lines the columnar reader could not vouch for.

It finds out what exactly is wrong with each reading and loses none: what comes in is either read or refused.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.logic.readings import Readings, Refusals
from onecity.kernel.telemetry.logic.why import why

LINE_LIMIT = 64 * 1024
NAME_LIMIT = 255


class _RefusedError(ValueError):
    """A reading that cannot be read, with the reason's short name."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(slots=True)
class Careful:
    """Reads lines one by one into `readings()`; what is wrong goes to `refusals`, as from `device`, or line by line from
    `device[line]` where several devices sent the lines."""

    refusals: Refusals
    device: str | Sequence[str] = ""
    _rows: list[tuple[str, str, int, float, int]] = field(default_factory=list)
    units: list[tuple[int, str]] = field(default_factory=list)

    def read(self, lines: Iterable[tuple[int, bytes]]) -> None:
        """Read lines given with their numbers."""
        for number, line in lines:
            try:
                self._read_object(_decode(line), number)
            except _RefusedError as refused:
                self._refuse(refused, number, line)

    def readings(self) -> Readings:
        """Everything read so far."""
        if not self._rows:
            return Readings.empty()
        entity, attribute, observed_at, value, line = zip(*self._rows, strict=True)
        entities, attributes = list(dict.fromkeys(entity)), list(dict.fromkeys(attribute))
        entity_code = {name: code for code, name in enumerate(entities)}
        attribute_code = {name: code for code, name in enumerate(attributes)}
        return Readings(
            entities,
            attributes,
            np.array([entity_code[name] for name in entity], np.int32),
            np.array([attribute_code[name] for name in attribute], np.int32),
            np.array(observed_at, np.int64),
            np.array(value, np.float64),
            np.array(line, np.int32),
        )

    def _read_object(self, reading: dict[str, Any], number: int) -> None:
        values: Any
        units: Any
        if ("values" in reading) == ("attribute" in reading):
            raise _RefusedError("malformed", why("either"))
        if "attribute" in reading:
            if "value" not in reading:
                raise _RefusedError("malformed", why("no_value"))
            values = {_name(reading["attribute"], "attribute"): reading["value"]}
            units = {next(iter(values)): reading.get("unit")}
        else:
            values, units = reading["values"], reading.get("units")
            if not isinstance(values, dict) or not values:
                raise _RefusedError("wrong_type", why("values_object"))
        for attribute, value in values.items():
            unit = units.get(attribute) if isinstance(units, dict) else units
            self._read_value(reading, attribute, value, unit, number)

    def _read_value(self, reading: dict[str, Any], attribute: str, value: object, unit: object, number: int) -> None:
        try:
            entity = _name(reading.get("entity"), "entity")
            row = (entity, _name(attribute, "attribute"), _time(reading), _number(attribute, value), number)
        except _RefusedError as refused:
            part = {"entity": reading.get("entity"), "observed_at": reading.get("observed_at")}
            text = json.dumps(part | {"attribute": attribute, "value": value}, ensure_ascii=False)
            self._refuse(refused, number, text.encode(errors="replace"))
            return
        if unit is not None:
            self.units.append((len(self._rows), str(unit)))
        self._rows.append(row)

    def _refuse(self, refused: _RefusedError, number: int, raw: bytes) -> None:
        # a refused text is kept on one line, so that it can be read back
        text = raw.replace(b"\n", b" ").replace(b"\r", b" ")
        device = self.device if isinstance(self.device, str) else self.device[number]
        self.refusals.add(refused.reason, [text], count=1, detail=str(refused), line=number, device=device)


def _decode(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_LIMIT:
        raise _RefusedError("too_large", why("longer", LINE_LIMIT, len(line)))
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise _RefusedError("not_utf8", why("not_utf8", error.start + 1)) from error
    except _RefusedError:
        raise
    except json.JSONDecodeError as error:
        raise _RefusedError("malformed", why("not_json", error.pos + 1)) from error
    except (ValueError, RecursionError) as error:
        raise _RefusedError("malformed", why("json_beyond")) from error
    if not isinstance(value, dict):
        raise _RefusedError("malformed", why("no_object"))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RefusedError("malformed", why("twice"))
    return value


def _name(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise _RefusedError("wrong_type", why("no_text", what))
    if not value or len(value) > NAME_LIMIT or "\0" in value:
        raise _RefusedError("malformed", why("name_length", what, NAME_LIMIT))
    return value


def _time(reading: dict[str, Any]) -> int:
    micros = times.from_one(reading.get("observed_at"))
    if micros is None:
        raise _RefusedError("bad_time", f'"observed_at": {json.dumps(reading.get("observed_at"))[:80]}')
    return micros


def _number(attribute: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _RefusedError("wrong_type", why("no_number", attribute[:80], json.dumps(value)[:80]))
    try:
        return float(value)
    except OverflowError:
        return float("inf")
