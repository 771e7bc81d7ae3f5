"""Readings from JSON lines, columnar: the whole body at once, and proof that nothing in it was overlooked.

The columnar reader takes only the members it was told of and would pass over others without a word. So its result is
taken only where the body's keys and quotes, counted in the bytes, are exactly those that were read; where they are not,
the lines concerned are read one by one (`careful`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import NEVER, Bools, Int32s, Int64s
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.logic.careful import Careful
from onecity.kernel.telemetry.logic.columns import from_long, from_wide, join
from onecity.kernel.telemetry.logic.readings import Readings, Refusals

SAMPLE = 40
# a body in which something is wrong is divided so often, down to chunks of so many lines that are read one by one
DIVISION = 8
CHUNK_LINES = 500
KEY = re.compile(rb'"([^"]*)":')
MEMBERS = ("entity", "observed_at", "attribute", "value", "values")
NAME_BYTES = 255

Units = list[tuple[int, str]]


@dataclass(slots=True)
class _Shape:
    """What the lines seem to consist of: how times are written, which forms occur, which attributes."""

    text_times: bool
    flat: bool
    attributes: list[str]

    def schema(self) -> dict[str, pl.DataType]:
        schema: dict[str, pl.DataType] = {
            "entity": pl.String(),
            "observed_at": pl.String() if self.text_times else pl.Float64(),
        }
        if self.flat:
            schema |= {"attribute": pl.String(), "value": pl.Float64()}
        if self.attributes:
            schema["values"] = pl.Struct(dict.fromkeys(self.attributes, pl.Float64()))
        return schema


def parse(body: bytes, refusals: Refusals, device: str | Sequence[str] = "") -> tuple[Readings, Units]:
    """All readings of a body of JSON lines; what cannot be read goes to `refusals`, as from `device` (or `device[line]`).

    Also returns the units that readings name: (position of the reading, unit). Lines count from 0, blank ones left out.
    """
    whole = _columnar(body, 0)
    if whole is not None and not len(whole[1]):
        return whole[0], []
    lines = [line for line in body.split(b"\n") if line.strip()]
    careful = Careful(refusals, device)
    if whole is not None:
        careful.read((int(number), lines[number]) for number in whole[1])
        return _finish([whole[0]], careful)
    parts = list(_divided(lines, 0, careful))
    return _finish(parts, careful)


def _divided(lines: list[bytes], first: int, careful: Careful) -> Iterator[Readings]:
    """The readings of lines among which something is wrong: by columns wherever that goes, line by line where not."""
    size = max(CHUNK_LINES, -(-len(lines) // DIVISION))
    if len(lines) <= CHUNK_LINES:
        careful.read(enumerate(lines, first))
        return
    for start in range(0, len(lines), size):
        chunk = lines[start : start + size]
        part = _columnar(b"\n".join(chunk), first + start)
        if part is None:
            yield from _divided(chunk, first + start, careful)
        else:
            yield part[0]
            careful.read((int(number), chunk[number - first - start]) for number in part[1])


def split_array(body: bytes) -> bytes | None:
    """A JSON array of objects as JSON lines, or None when it is no array."""
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return None
    # line breaks inside an element are white space between its parts: inside a text JSON does not allow them
    return b"\n".join(bytes(item).replace(b"\n", b" ").replace(b"\r", b" ") for item in items)


def single(body: bytes) -> bytes | None:
    """A body that is one JSON object written over several lines, on one line; None when it is something else."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    return body.replace(b"\n", b" ").replace(b"\r", b" ")


def _finish(parts: list[Readings], careful: Careful) -> tuple[Readings, Units]:
    before = sum(len(part) for part in parts)
    return join([*parts, careful.readings()]), [(before + row, unit) for row, unit in careful.units]


def _columnar(body: bytes, first_line: int) -> tuple[Readings, Int32s] | None:
    """The readings of a body and the numbers of the lines that need care, or None when it cannot vouch for the body."""
    if _unsure(body):
        return None
    shape = _sampled(body)
    if shape is None:
        return None
    frame = _read(body, shape)
    if frame is not None and not _accounted(body, frame, shape):
        shape = _searched(body, shape)
        frame = _read(body, shape) if shape is not None else None
        if frame is not None and shape is not None and not _accounted(body, frame, shape):
            return None
    return None if frame is None else _readings(frame, first_line)


def _searched(body: bytes, shape: _Shape) -> _Shape | None:
    """The shape with every key of the whole body, or None when that would be no other."""
    if not shape.attributes:
        return None
    keys = {key.decode(errors="replace") for key in set(KEY.findall(body))}.difference(MEMBERS)
    return None if keys <= set(shape.attributes) else _Shape(shape.text_times, shape.flat, sorted(keys))


def _sampled(body: bytes) -> _Shape | None:
    lines = body[: 64 * 1024].split(b"\n", SAMPLE)[:SAMPLE]
    shape: _Shape | None = None
    for line in lines:
        if not line.strip():
            continue
        try:
            item = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            break  # perhaps cut in the middle by the sample's end
        if not isinstance(item, dict):
            return None
        shape = shape or _Shape(isinstance(item.get("observed_at"), str), False, [])
        shape.flat = shape.flat or "attribute" in item
        values = item.get("values")
        known = set(shape.attributes)
        shape.attributes += [name for name in values if name not in known] if isinstance(values, dict) else []
    return shape


def _read(body: bytes, shape: _Shape) -> pl.DataFrame | None:
    """The body as a frame of this shape, or None when it has another."""
    try:
        return pl.read_ndjson(body, schema=shape.schema())
    except pl.exceptions.PolarsError:
        return None


def _accounted(body: bytes, frame: pl.DataFrame, shape: _Shape) -> bool:
    """Whether every key and every text in the body is in the frame."""
    text = sum(_count(frame, name) for name in ("entity", "attribute"))
    text += _count(frame, "observed_at") if shape.text_times else 0
    keys = sum(_count(frame, name) for name in MEMBERS)
    if shape.attributes:
        values = frame["values"].struct.unnest()
        keys += sum(len(values) - column.null_count() for column in values)
    return _pairs(body, b'":') == keys and _singles(body, b'"') == 2 * (keys + text)


def _readings(frame: pl.DataFrame, first_line: int) -> tuple[Readings, Int32s] | None:
    """The readings of a frame whose every key is accounted for, and the lines that are not whole readings."""
    column = frame["observed_at"]
    if column.dtype == pl.String:
        observed_at = times.from_text(column)
    else:
        observed_at = times.from_numbers(column.fill_null(float("nan")).to_numpy())
    flat = _present(frame, "attribute") & _present(frame, "value")
    odd = _present(frame, "attribute") ^ _present(frame, "value")
    # an empty object holds nothing, and would be passed over
    wide = _present(frame, "values") & _filled(frame)
    names = frame["entity"].str.len_bytes().fill_null(0).to_numpy()
    whole = (observed_at != NEVER) & (flat ^ wide) & ~odd & (names > 0) & (names <= NAME_BYTES)
    if "attribute" in frame.columns:
        lengths = frame["attribute"].str.len_bytes().fill_null(1).to_numpy()
        whole &= (lengths > 0) & (lengths <= NAME_BYTES)
    line = np.arange(first_line, first_line + len(frame), dtype=np.int32)
    parts = _parts(frame, observed_at, line, whole & flat, whole & wide)
    return join(parts), line[~whole]


def _parts(
    frame: pl.DataFrame, observed_at: Int64s, line: Int32s, flat: np.ndarray, wide: np.ndarray
) -> list[Readings]:
    parts = []
    if flat.any():
        rows = frame if flat.all() else frame.filter(pl.Series(flat))
        parts.append(from_long(rows, observed_at[flat], line[flat]))
    if wide.any():
        rows = frame if wide.all() else frame.filter(pl.Series(wide))
        parts.append(
            from_wide(rows["entity"], rows["values"].struct.unnest().get_columns(), observed_at[wide], line[wide])
        )
    return parts


def _unsure(body: bytes) -> bool:
    """Whether counting could mislead: a backslash may hide a quote, a blank after a quote may hide a key."""
    return b"\\" in body or any(blank in body and _pairs(body, b'"' + blank) > 0 for blank in (b" ", b"\t", b"\r"))


def _singles(body: bytes, character: bytes) -> int:
    """How often a byte occurs; several times faster than bytes.count where it occurs often."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == character[0]))


def _pairs(body: bytes, pair: bytes) -> int:
    """How often a pair of bytes occurs, at even and at odd places."""
    wanted = int.from_bytes(pair, "little")
    even = np.frombuffer(body, "<u2", len(body) // 2)
    odd = np.frombuffer(body, "<u2", (len(body) - 1) // 2, offset=1) if len(body) > 2 else even[:0]
    return int(np.count_nonzero(even == wanted) + np.count_nonzero(odd == wanted))


def _count(frame: pl.DataFrame, name: str) -> int:
    return len(frame) - frame[name].null_count() if name in frame.columns else 0


def _filled(frame: pl.DataFrame) -> Bools:
    """Whether `values` holds at least one number, a line."""
    if "values" not in frame.columns:
        return np.zeros(len(frame), np.bool_)
    columns = frame["values"].struct.unnest().get_columns()
    if any(not column.null_count() for column in columns):
        return np.ones(len(frame), np.bool_)
    filled: Bools = np.any([column.is_not_null().to_numpy() for column in columns], axis=0)
    return filled


def _present(frame: pl.DataFrame, name: str) -> np.ndarray:
    if name not in frame.columns:
        return np.zeros(len(frame), np.bool_)
    return frame[name].is_not_null().to_numpy()
