"""Evaluating a codec over a batch of messages: grouped by layout and then column by column, bounded, and never half."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.batch import NEVER, Bools, Floats, Int64s
from onecity.kernel.telemetry.codecs import block as blocks
from onecity.kernel.telemetry.codecs import documents, records
from onecity.kernel.telemetry.codecs.block import Block, BytesBlock, DocumentBlock, States
from onecity.kernel.telemetry.codecs.declaration import (
    BINARY,
    CODE,
    Codec,
    CodecError,
    Condition,
    Field,
    Layout,
    Moment,
    Payload,
)
from onecity.kernel.telemetry.codecs.gathering import Decoded, Gathering

# bytes that one message may have, and readings that may come of it
MAX_MESSAGE = 64 * 1024
MAX_READINGS = 10_000

Code = Callable[[Sequence[Payload], Gathering], None]


def decode(codec: Codec, payloads: Sequence[Payload], code: Code | None = None) -> Decoded:
    """The readings of messages by a codec; `code` is what a codec of the format `code` names. Never raises."""
    gathering = Gathering(payloads)
    small: list[int] = []
    for number, payload in enumerate(payloads):
        if len(payload.data) > MAX_MESSAGE:
            gathering.failures[number] = CodecError("", _("A message may have {most} bytes", most=MAX_MESSAGE))
        else:
            small.append(number)
    if codec.format == CODE:
        _by_code(codec, payloads, code, gathering)
    elif codec.format == BINARY:
        _binary(codec, payloads, small, gathering)
    else:
        _documents(codec, payloads, small, gathering)
    decoded = gathering.finish()
    counts = np.bincount(decoded.message) if len(decoded) else np.empty(0, np.int64)
    if len(counts) and counts.max() > MAX_READINGS:
        many = CodecError("", _("More than {most} readings in one message", most=MAX_READINGS))
        gathering.fail(np.flatnonzero(counts > MAX_READINGS), many)
        decoded = gathering.finish()
    return decoded


def _by_code(codec: Codec, payloads: Sequence[Payload], code: Code | None, gathering: Gathering) -> None:
    everything = np.arange(len(payloads))
    if code is None:
        gathering.fail(everything, CodecError("code", _("There is no code “{name}”", name=codec.code)))
        return
    # whatever a domain's code does wrong must not stop the flow
    try:
        code(payloads, gathering)
    except Exception as error:
        gathering.fail(everything, CodecError("", _("The code failed: {text}", text=repr(error)[:200])))


def _binary(codec: Codec, payloads: Sequence[Payload], chosen: Sequence[int], gathering: Gathering) -> None:
    groups: dict[tuple[int, int], list[int]] = {}
    for number in chosen:
        groups.setdefault((payloads[number].port, len(payloads[number].data)), []).append(number)
    for (port, length), members in groups.items():
        joined = b"".join(payloads[number].data for number in members)
        content = np.frombuffer(joined, np.uint8).reshape(len(members), length)
        rows = np.array(members, np.int64)
        part = BytesBlock(content, rows, np.ones(len(rows), np.int64))
        _sorted_out(codec, part, port, length, gathering)


def _documents(codec: Codec, payloads: Sequence[Payload], chosen: Sequence[int], gathering: Gathering) -> None:
    read: dict[int, list[tuple[int, object]]] = {}
    for number in chosen:
        try:
            document = documents.read(codec, payloads[number].data)
        except CodecError as error:
            gathering.failures[number] = error
            continue
        read.setdefault(payloads[number].port, []).append((number, document))
    for port, found in read.items():
        rows = np.array([number for number, _document in found], np.int64)
        part = DocumentBlock([document for _number, document in found], rows, np.ones(len(rows), np.int64))
        _sorted_out(codec, part, port, -1, gathering)


def _sorted_out(codec: Codec, part: BytesBlock | DocumentBlock, port: int, length: int, gathering: Gathering) -> None:
    """Give every message to the first layout that fits it."""
    left = np.ones(len(part.rows), np.bool_)
    for layout in codec.layouts:
        fits = left & _holds(layout.conditions, part, port, length)
        if fits.any():
            left &= ~fits
            _apply(layout, _taken(part, fits), gathering)
    if left.any():
        gathering.fail(part.rows[left], CodecError("", _("No kind of message that the codec knows fits")))


def _taken(part: BytesBlock | DocumentBlock, rows: Bools) -> BytesBlock | DocumentBlock:
    if rows.all():
        return part
    if isinstance(part, BytesBlock):
        return BytesBlock(part.content[rows], part.rows[rows], part.number[rows])
    parts = [part.parts[number] for number in np.flatnonzero(rows).tolist()]
    return DocumentBlock(parts, part.rows[rows], part.number[rows])


def _holds(conditions: Sequence[Condition], part: Block, port: int = -1, length: int = -1) -> Bools:
    held = np.ones(len(part.rows), np.bool_)
    for condition in conditions:
        if condition.subject == "value":
            held &= part.matches(condition)
        else:
            held &= (port if condition.subject == "port" else length) in condition.values
    return held


def _apply(layout: Layout, part: BytesBlock | DocumentBlock, gathering: Gathering) -> None:
    if layout.ignore:
        return
    received = gathering.received[part.rows]
    moments = _moments(layout.moment, part, received, gathering)
    _fields(layout.fields, part, moments, received, gathering)
    base = gathering.received.copy()
    base[part.rows] = moments
    for item in layout.records:
        for piece, fields in records.split(item, part, gathering):
            came = gathering.received[piece.rows]
            times = base[piece.rows] if item.moment is None else _moments(item.moment, piece, came, gathering)
            times = np.where(times == NEVER, NEVER, times + (piece.number - 1) * item.step_us)
            _fields(fields, piece, times, came, gathering)


def _moments(moment: Moment, part: Block, received: Int64s, gathering: Gathering) -> Int64s:
    try:
        found = part.moments(moment, received)
    except CodecError as error:
        gathering.fail(part.rows, error)
        return received
    bad = found == NEVER
    if bad.any() and moment.at is not None:
        gathering.fail(part.rows[bad], CodecError(blocks.place(moment.at), _("The time cannot be read")))
    return found


def _fields(fields: Sequence[Field], part: Block, moments: Int64s, received: Int64s, gathering: Gathering) -> None:
    for field in fields:
        try:
            _field(field, part, moments, received, gathering)
        except CodecError as error:
            held = _holds(field.conditions, part)
            gathering.fail(part.rows[held], error)


def _field(field: Field, part: Block, moments: Int64s, received: Int64s, gathering: Gathering) -> None:
    held = _holds(field.conditions, part)
    if not held.any():
        return
    values, states = measure(field, part)
    for state in (blocks.MISSING, blocks.BAD):
        wrong = held & (states == state)
        if wrong.any() and not (state == blocks.MISSING and field.optional):
            gathering.fail(part.rows[wrong], CodecError(blocks.place(field.at), blocks.explain(state, field)))
    kept = held & (states == blocks.THERE)
    if field.moment is not None:
        moments = _moments(field.moment, part, received, gathering)
    _name(field, part, kept, values, moments, gathering)


def measure(field: Field, part: Block) -> tuple[Floats, States]:
    """A field's values in its unit and what became of each; one that stands for "no value" is NONE."""
    values, states = part.values(field)
    if field.invalid:
        states = np.where(np.isin(values, field.invalid), blocks.NONE, states).astype(np.int8)
    return _scaled(values, field), states


def _scaled(values: Floats, field: Field) -> Floats:
    """Scaled and moved; a thousandth is divided by 1,000, so that 3062 becomes 3.062 and not its neighbour."""
    inverse = 1 / field.scale if field.scale else 0.0
    if abs(inverse) > 1 and math.isclose(inverse, round(inverse), rel_tol=1e-12):
        values = values / round(inverse)
    elif field.scale != 1.0:
        values = values * field.scale
    return values + field.add if field.add else values


def _name(field: Field, part: Block, kept: Bools, values: Floats, moments: Int64s, gathering: Gathering) -> None:
    """Add the values under their attribute's name: fixed, numbered, or written in the document."""
    if field.named is not None:
        groups = _named(field, part, kept, gathering)
    elif "{n}" in field.attribute:
        which = np.unique(part.number[kept]).tolist()
        groups = {field.attribute.replace("{n}", str(n)): kept & (part.number == n) for n in which}
    else:
        groups = {field.attribute: kept}
    for name, rows in groups.items():
        gathering.add(name, field.unit, part.rows[rows], values[rows], moments[rows])


def _named(field: Field, part: Block, kept: Bools, gathering: Gathering) -> dict[str, Bools]:
    """Where each attribute is named; with a table of names, others are left out."""
    groups: dict[str, Bools] = {}
    found = part.names(field.named or ())
    for position in np.flatnonzero(kept).tolist():
        name = found[position]
        if field.names is not None:
            name = field.names.get(blocks.key_of(name))
            if name is None:
                continue
        if not isinstance(name, str) or not 0 < len(name) <= 63:
            error = CodecError("", _("The name of an attribute is not a short text"))
            gathering.fail(part.rows[position : position + 1], error)
            continue
        groups.setdefault(name, np.zeros(len(kept), np.bool_))[position] = True
    return groups
