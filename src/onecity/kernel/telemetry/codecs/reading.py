"""From a codec's document to the codec: everything that can be wrong is found here, with the place where it stands."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.core.units import unit as parse_unit
from onecity.kernel.telemetry.batch import NEVER
from onecity.kernel.telemetry.codecs import encoding, form, paths
from onecity.kernel.telemetry.codecs.declaration import (
    BCD,
    BINARY,
    CODE,
    FORMATS,
    ORDERS,
    WIDTHS,
    Codec,
    CodecError,
    Condition,
    Field,
    Kind,
    Layout,
    Moment,
    Number,
    Reading,
    Records,
    Vector,
    Where,
)
from onecity.kernel.telemetry.logic import times

MAX_DOCUMENT = 512 * 1024
# `{n}` stands for the number of the record, from 1
ATTRIBUTE = re.compile(r"[a-z](?:[a-z0-9_]|\{n\}){0,62}\Z")
MSGSPEC_PLACE = re.compile(r" - at `\$?(.*)`$")
UNITS_US: Mapping[str, float] = {"us": 1.0, "ms": 1e3, "s": 1e6, "min": 60e6, "h": 3600e6, "d": 86_400e6}


def read(document: bytes | str | Mapping[str, Any]) -> Codec:
    """The codec that a document (JSON text, or an object) declares; raises CodecError with the place of what is wrong."""
    try:
        if isinstance(document, bytes | str):
            if len(document) > MAX_DOCUMENT:
                raise CodecError("", _("The document is longer than {most} bytes", most=MAX_DOCUMENT))
            wanted = msgspec.json.decode(document, type=form.CodecForm)
        else:
            wanted = msgspec.json.decode(msgspec.json.encode(document), type=form.CodecForm)
    except msgspec.ValidationError as error:
        place = MSGSPEC_PLACE.search(str(error))
        text = MSGSPEC_PLACE.sub("", str(error))
        raise CodecError(place[1].lstrip(".") if place else "", _("{text}", text=text)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("", _("This is not JSON: {text}", text=str(error))) from error
    return _Reader(wanted.format).codec(wanted)


class _Reader:
    """Reads the parts of one document; knows whether values stand in bytes or in a document."""

    def __init__(self, format_: str) -> None:
        if format_ not in FORMATS:
            raise CodecError("format", _("The format must be one of {list}", list=", ".join(FORMATS)))
        self.format = format_
        self.binary = format_ == BINARY

    def codec(self, wanted: form.CodecForm) -> Codec:
        if self.format == CODE and not wanted.code:
            raise CodecError("code", _("Name the code that reads the messages"))
        if self.format != CODE and not wanted.messages:
            raise CodecError("messages", _("Describe at least one kind of message"))
        return Codec(
            wanted.name,
            self.format,
            tuple(self.layout(item, f"messages[{number}]") for number, item in enumerate(wanted.messages)),
            wanted.separators,
            wanted.code,
            tuple(self.vector(item, f"tests[{number}]") for number, item in enumerate(wanted.tests)),
            encoding.read(wanted.downlinks),
        )

    def layout(self, wanted: form.LayoutForm, at: str) -> Layout:
        if not (wanted.fields or wanted.records or wanted.ignore):
            raise CodecError(at, _("This kind of message has no fields"))
        listed = wanted.records if isinstance(wanted.records, list) else [wanted.records]
        return Layout(
            wanted.name,
            self.conditions(wanted.when, f"{at}.when"),
            self.fields(wanted.fields, at, repeated=False),
            tuple(self.records(item, f"{at}.records[{number}]") for number, item in enumerate(listed)),
            self.moment(wanted.observed_at, f"{at}.observed_at") or Moment(),
            wanted.ignore,
        )

    def records(self, wanted: form.RecordsForm, at: str) -> Records:
        count = wanted.count
        if self.binary and not wanted.kinds and not wanted.size:
            raise CodecError(f"{at}.size", _("Say how many bytes a record has"))
        if not self.binary and not wanted.path:
            raise CodecError(f"{at}.path", _("Say where the list of records stands"))
        kinds = tuple(self.kind(item, f"{at}.kinds[{number}]") for number, item in enumerate(wanted.kinds))
        if len({len(kind.starts) for kind in kinds}) > 1 or any(not kind.starts for kind in kinds):
            raise CodecError(f"{at}.kinds", _("All kinds must start with the same number of bytes"))
        if len({kind.starts for kind in kinds}) < len(kinds):
            raise CodecError(f"{at}.kinds", _("Two kinds start with the same bytes"))
        return Records(
            wanted.offset,
            wanted.size,
            self.number(count, f"{at}.count") if isinstance(count, form.Part) else count,
            self.fields(wanted.fields, at, repeated=True),
            kinds,
            wanted.skip_unknown,
            paths.parse(wanted.path, f"{at}.path") if wanted.path else None,
            round(wanted.step * 1e6),
            self.moment(wanted.observed_at, f"{at}.observed_at"),
        )

    def kind(self, wanted: form.KindForm, at: str) -> Kind:
        return Kind(bytes.fromhex(wanted.starts), wanted.size, self.fields(wanted.fields, at, repeated=True))

    def fields(self, wanted: list[form.FieldForm], at: str, *, repeated: bool) -> tuple[Field, ...]:
        return tuple(
            self.field(item, f"{at}.fields[{number}]", repeated=repeated) for number, item in enumerate(wanted)
        )

    def field(self, wanted: form.FieldForm, at: str, *, repeated: bool) -> Field:
        named = paths.parse(wanted.attribute_path, f"{at}.attribute_path") if wanted.attribute_path else None
        if named is None or self.binary:
            _attribute(wanted.attribute, f"{at}.attribute", repeated=repeated)
        for name in (wanted.attributes or {}).values():
            _attribute(name, f"{at}.attributes", repeated=False)
        if wanted.unit:
            _unit(wanted.unit, f"{at}.unit")
        return Field(
            wanted.attribute,
            self.where(wanted, at),
            wanted.unit,
            wanted.scale,
            wanted.add,
            wanted.lookup,
            tuple(wanted.invalid),
            self.conditions(wanted.when, f"{at}.when"),
            wanted.optional,
            self.moment(wanted.observed_at, f"{at}.observed_at"),
            named,
            wanted.attributes,
        )

    def conditions(self, wanted: form.ConditionForm | list[form.ConditionForm], at: str) -> tuple[Condition, ...]:
        listed = wanted if isinstance(wanted, list) else [wanted]
        return tuple(self.condition(item, at) for item in listed)

    def condition(self, wanted: form.ConditionForm, at: str) -> Condition:
        for subject, value in (("port", wanted.port), ("size", wanted.size)):
            if value is not None:
                return Condition(subject, tuple(float(v) for v in (value if isinstance(value, list) else [value])))
        if wanted.equals is None:
            raise CodecError(f"{at}.equals", _("Say which value it must have"))
        values = wanted.equals if isinstance(wanted.equals, list) else [wanted.equals]
        return Condition("value", tuple(values), self.where(wanted, at), wanted.mask)

    def moment(self, wanted: form.MomentForm | None, at: str) -> Moment | None:
        if wanted is None:
            return None
        if wanted.unit not in UNITS_US:
            raise CodecError(f"{at}.unit", _("The unit of a time must be one of {list}", list=", ".join(UNITS_US)))
        epoch = times.from_one(wanted.epoch)
        if epoch is None:
            raise CodecError(f"{at}.epoch", _("Write the time with its zone, as in 2000-01-01T00:00:00Z"))
        sign = -1 if wanted.zone.startswith("-") else 1
        zone = 0 if wanted.zone == "Z" else sign * (int(wanted.zone[1:3]) * 60 + int(wanted.zone[4:6]))
        place = self.where(wanted, at)
        return Moment(place, UNITS_US[wanted.unit], epoch, wanted.layout, zone, wanted.ago)

    def where(self, wanted: form.Part, at: str) -> Where:
        if self.binary:
            return Where(self.number(wanted, at))
        if not wanted.path:
            raise CodecError(f"{at}.path", _("Say where the value stands"))
        return Where(path=paths.parse(wanted.path, f"{at}.path"))

    def number(self, wanted: form.Part, at: str) -> Number:
        if wanted.offset is None:
            raise CodecError(f"{at}.offset", _("Say at which byte it begins"))
        if wanted.type != BCD and wanted.type not in WIDTHS:
            listed = ", ".join((*WIDTHS, BCD))
            raise CodecError(f"{at}.type", _("The type must be one of {list}", list=listed))
        if wanted.order not in ORDERS:
            raise CodecError(f"{at}.order", _("The order of bytes must be one of {list}", list=", ".join(ORDERS)))
        length = wanted.length or 1 if wanted.type == BCD else WIDTHS[wanted.type]
        if wanted.order.endswith("words") and length % 2:
            raise CodecError(f"{at}.order", _("Words can be swapped only in numbers of whole words"))
        if wanted.bits is not None:
            _bits(wanted, 8 * length, at)
        signed = wanted.signed or wanted.type.startswith("int")
        return Number(wanted.offset, wanted.type, length, wanted.order, wanted.bits, signed)

    def vector(self, wanted: form.TestForm, at: str) -> Vector:
        given = [bytes.fromhex(wanted.hex)] if wanted.hex is not None else []
        given += [bytes(wanted.json)] if bytes(wanted.json) else []
        given += [wanted.text.encode()] if wanted.text is not None else []
        if len(given) != 1:
            raise CodecError(at, _("A test has a message: hex, json or text"))
        received = times.from_one(wanted.received_at)
        if received is None:
            raise CodecError(f"{at}.received_at", _("Write the time with its zone, as in 2000-01-01T00:00:00Z"))
        readings = tuple(_expected(item, f"{at}.readings[{number}]") for number, item in enumerate(wanted.readings))
        return Vector(wanted.name or at, given[0], wanted.port, received, readings, wanted.fails)


def _expected(wanted: form.ReadingForm, at: str) -> Reading:
    moment = None if wanted.observed_at is None else times.from_one(wanted.observed_at)
    if wanted.observed_at is not None and moment is None:
        raise CodecError(f"{at}.observed_at", _("Write the time with its zone, as in 2000-01-01T00:00:00Z"))
    return Reading(wanted.attribute, wanted.value, NEVER if moment is None else moment, wanted.unit or "")


def _attribute(name: str, at: str, *, repeated: bool) -> None:
    if not ATTRIBUTE.match(name) or ("{n}" in name and not repeated):
        raise CodecError(at, _("“{name}” cannot name an attribute: use small letters, digits and _", name=name[:80]))


def _unit(code: str, at: str) -> None:
    try:
        parse_unit(code)
    except Problem as error:
        raise CodecError(at, _("{text}", text=error.detail)) from error


def _bits(wanted: form.Part, width: int, at: str) -> None:
    lowest, count = wanted.bits or (0, 0)
    if wanted.type == BCD or wanted.type.startswith(("float", "int")):
        raise CodecError(f"{at}.bits", _("Bits can be taken of unsigned numbers only; say signed: true for the result"))
    if lowest < 0 or count < 1 or lowest + count > width:
        raise CodecError(f"{at}.bits", _("Bits are given as [lowest, how many]; there are {width}", width=width))
