"""Readings from InfluxDB line protocol, so that Telegraf and many loggers can send as they are.

`measurement,tag=…,entity=<urn or key> field=1.5,other=2i 1700000000000000000`. The entity is the tag `entity`, else the tag
`host`, else the measurement; each numeric field is an attribute (a field called `value` is the attribute named like the
measurement). Source: InfluxDB documentation, "Line protocol", versions 1 and 2.
"""

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import Int64s
from onecity.kernel.telemetry.logic.careful import LINE_LIMIT, NAME_LIMIT
from onecity.kernel.telemetry.logic.columns import factorize, join
from onecity.kernel.telemetry.logic.readings import Readings, Refusals
from onecity.kernel.telemetry.logic.why import why

PRECISIONS = {
    "": 1e-3, "n": 1e-3, "ns": 1e-3, "u": 1, "us": 1, "µ": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9,
}  # fmt: skip
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
INTEGER = re.compile(r"[+-]?[0-9]+[iu]\Z")
TIMESTAMP = re.compile(r"-?[0-9]{1,19}\Z")
LARGEST = 4e18


class _LineError(ValueError):
    """What is wrong with a line or a field of it; `reason` is the short name of the refusal."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse(body: bytes, precision: str, received_at: int, refusals: Refusals, device: str = "") -> Readings:
    """All readings of a body; `precision` is a key of PRECISIONS; a line without time gets `received_at` (µs)."""
    lines = [line.rstrip(b"\r") for line in body.split(b"\n")]
    lines = [line for line in lines if line.strip() and not line.startswith(b"#")]
    factor = PRECISIONS[precision]
    odd = list(range(len(lines)))
    parts = []
    if lines:
        read = _columnar(lines, factor, received_at)
        if read is not None:
            parts.append(read[0])
            odd = read[1].tolist()
    rows = list(_careful(((number, lines[number]) for number in odd), factor, received_at, refusals, device))
    return join([*parts, _readings(rows)])


def _columnar(lines: list[bytes], factor: float, received_at: int) -> tuple[Readings, Int64s] | None:
    """Readings of the plain lines, and the numbers of the others; None when the text is not UTF-8."""
    try:
        text = pl.Series("line", b"\n".join(lines).decode("utf-8").split("\n"))
    except UnicodeDecodeError:
        return None
    fields = _fields(_parts(text, factor))
    whole = fields.group_by("number").agg(
        pl.col("good").fill_null(value=False).all()
        & (pl.col("attribute").str.len_bytes().fill_null(0).is_between(1, NAME_LIMIT)).all()
        & pl.col("entity").str.len_bytes().fill_null(0).is_between(1, NAME_LIMIT).all()
    )
    good = np.zeros(len(lines), np.bool_)
    good[whole.filter(pl.col("good"))["number"].to_numpy()] = True
    kept = fields.filter(pl.Series(good[fields["number"].to_numpy()]))
    odd = np.flatnonzero(~good)
    if not len(kept):
        return Readings.empty(), odd
    at = kept["at"].fill_null(0).to_numpy()
    micros = at // 1000 if factor < 1 else at * int(factor)
    entity, entities = factorize(kept["entity"])
    attribute, attributes = factorize(kept["attribute"])
    times = np.where(kept["at"].is_null().to_numpy(), received_at, micros)
    return Readings(
        entities, attributes, entity, attribute, times, kept["value"].to_numpy(), kept["number"].to_numpy()
    ), odd


def _parts(text: pl.Series, factor: float) -> pl.DataFrame:
    """The parts of each line; `plain` and `timed` say whether they can be taken without a closer look."""
    frame = (
        text.to_frame()
        .select(
            pl.int_range(len(text), dtype=pl.Int32).alias("number"),
            pl.col("line").str.split_exact(" ", 2).struct.rename_fields(["head", "fields", "time"]).alias("parts"),
            plain=(pl.col("line").str.count_matches(" ", literal=True) <= 2)
            & pl.col("line").str.contains(r"^[^ \t]")
            & ~pl.col("line").str.contains_any(["\\", '"', "\0"])
            & (pl.col("line").str.len_bytes() <= LINE_LIMIT),
        )
        .unnest("parts")
    )
    stamp = pl.col("time").cast(pl.Int64, strict=False)
    return frame.with_columns(
        measurement=pl.col("head").str.extract(r"^([^,]+)"),
        entity=pl.coalesce(
            pl.col("head").str.extract(r",entity=([^,]+)"),
            pl.col("head").str.extract(r",host=([^,]+)"),
            pl.col("head").str.extract(r"^([^,]+)"),
        ),
        at=pl.when(pl.col("time").is_null()).then(pl.lit(None, pl.Int64)).otherwise(stamp),
        timed=pl.col("time").is_null()
        | (
            pl.col("time").str.contains(r"^-?[0-9]{1,19}$")
            & stamp.is_not_null()
            & (stamp.cast(pl.Float64).abs() * factor < LARGEST)
        ),
    )


def _fields(frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each field of the plain lines; `good` where its value is a number."""
    return (
        frame.filter(pl.col("plain") & pl.col("timed") & pl.col("fields").is_not_null())
        .with_columns(pl.col("fields").str.split(","))
        .explode("fields")
        .with_columns(pl.col("fields").str.splitn("=", 2).struct.rename_fields(["name", "text"]).alias("pair"))
        .unnest("pair")
        .with_columns(value=pl.col("text").str.strip_suffix("i").str.strip_suffix("u").cast(pl.Float64, strict=False))
        .with_columns(
            attribute=pl.when(pl.col("name") == "value").then(pl.col("measurement")).otherwise(pl.col("name")),
            good=pl.col("text").str.contains(r"^[+-]?([0-9]+[iu]|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)$")
            & pl.col("value").is_not_null(),
        )
    )


_Row = tuple[str, str, int, float, int]


def _careful(
    lines: Iterator[tuple[int, bytes]], factor: float, received_at: int, refusals: Refusals, device: str
) -> Iterator[_Row]:
    """Line by line: each field is read, or refused on its own as a line of its own."""
    for number, line in lines:
        try:
            head, fields, at = _split(line, factor, received_at)
            measurement, entity = _names(head)
        except _LineError as error:
            refusals.add(error.reason, [line], count=1, detail=str(error), line=number, device=device)
            continue
        for name, text in fields:
            try:
                yield entity, _name(measurement if name == "value" else name), at, _number(name, text), number
            except _LineError as error:
                raw = f"{head} {name}={text} {round(at / factor)}".encode()
                refusals.add(error.reason, [raw], count=1, detail=str(error), line=number, device=device)


def _split(line: bytes, factor: float, received_at: int) -> tuple[str, list[tuple[str, str]], int]:
    if len(line) > LINE_LIMIT:
        raise _LineError("too_large", why("longer", LINE_LIMIT, len(line)))
    try:
        parts = _unescaped_split(line.decode("utf-8").strip(" \t"), " ", quotes=True)
    except UnicodeDecodeError as error:
        raise _LineError("not_utf8", why("not_utf8", error.start + 1)) from error
    if len(parts) not in {2, 3}:
        raise _LineError("malformed", why("line_parts"))
    fields = [_unescaped_split(field, "=", quotes=True) for field in _unescaped_split(parts[1], ",", quotes=True)]
    if any(len(field) != 2 or not field[0] for field in fields):
        raise _LineError("malformed", why("line_field"))
    if len(parts) == 2:
        at = received_at
    elif TIMESTAMP.match(parts[2]) and abs(int(parts[2])) * factor < LARGEST:
        at = int(parts[2]) // 1000 if factor < 1 else int(parts[2]) * int(factor)
    else:
        raise _LineError("bad_time", parts[2][:80])
    return parts[0], [(field[0], field[1]) for field in fields], at


def _names(head: str) -> tuple[str, str]:
    measurement, *tags = _unescaped_split(head, ",")
    said: dict[str, str] = {}
    for tag in tags:
        key, *rest = _unescaped_split(tag, "=")
        if value := "=".join(rest):
            said.setdefault(key, value)
    measurement = _plain(measurement)
    return measurement, _name(said.get("entity") or said.get("host") or measurement)


def _name(text: str) -> str:
    text = _plain(text)
    if not text or len(text.encode()) > NAME_LIMIT or "\0" in text:
        raise _LineError("malformed", why("name_length", text[:80], NAME_LIMIT))
    return text


def _number(name: str, text: str) -> float:
    if INTEGER.match(text):
        return float(text[:-1])
    if NUMBER.match(text):
        return float(text)
    raise _LineError("wrong_type", f"{name[:80]} = {text[:80]}")


def _unescaped_split(text: str, separator: str, *, quotes: bool = False) -> list[str]:
    """Split where the separator is neither escaped by a backslash nor, with `quotes`, inside a quoted text."""
    parts, start, position, quoted = [], 0, 0, False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif quotes and character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _plain(text: str) -> str:
    return re.sub(r"\\([,= \\])", r"\1", text)


def _readings(rows: list[_Row]) -> Readings:
    if not rows:
        return Readings.empty()
    entity, attribute, at, value, line = zip(*rows, strict=True)
    entities, attributes = list(dict.fromkeys(entity)), list(dict.fromkeys(attribute))
    entity_code = {name: code for code, name in enumerate(entities)}
    attribute_code = {name: code for code, name in enumerate(attributes)}
    return Readings(
        entities,
        attributes,
        np.array([entity_code[name] for name in entity], np.int32),
        np.array([attribute_code[name] for name in attribute], np.int32),
        np.array(at, np.int64),
        np.array(value, np.float64),
        np.array(line, np.int32),
    )
