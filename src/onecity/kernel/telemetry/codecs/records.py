"""Records that repeat inside messages, taken out as blocks: of fixed size, tagged by their first bytes, or a list."""

from collections.abc import Iterator

import numpy as np

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.batch import Int64s
from onecity.kernel.telemetry.codecs import numbers, paths
from onecity.kernel.telemetry.codecs.block import Block, BytesBlock, DocumentBlock
from onecity.kernel.telemetry.codecs.declaration import CodecError, Field, Records
from onecity.kernel.telemetry.codecs.gathering import Gathering

# records that one message may have
MOST = 4096

Pieces = Iterator[tuple[Block, tuple[Field, ...]]]


def split(wanted: Records, part: Block, gathering: Gathering) -> Pieces:
    """The records of messages as blocks, with the fields to take of each; messages that cannot be split fail."""
    try:
        if isinstance(part, DocumentBlock):
            yield from _listed(wanted, part, gathering)
        elif isinstance(part, BytesBlock) and wanted.kinds:
            yield from _tagged(wanted, part, gathering)
        elif isinstance(part, BytesBlock):
            yield from _fixed(wanted, part, gathering)
    except CodecError as error:
        gathering.fail(part.rows, error)


def _fixed(wanted: Records, part: BytesBlock, gathering: Gathering) -> Pieces:
    length = part.content.shape[1]
    counts = _counts(wanted, part, gathering)
    for count in np.unique(counts).tolist():
        chosen = counts == count
        end = wanted.offset + count * wanted.size
        if count == 0:
            continue
        if end > length or count > MOST:
            error = CodecError(
                f"byte {wanted.offset}", _("{count} records of {size} bytes do not fit", count=count, size=wanted.size)
            )
            gathering.fail(part.rows[chosen], error)
            continue
        content = part.content[chosen, wanted.offset : end].reshape(-1, wanted.size)
        rows = np.repeat(part.rows[chosen], count)
        number = np.tile(np.arange(1, count + 1), int(chosen.sum()))
        yield BytesBlock(content, rows, number), wanted.fields


def _counts(wanted: Records, part: BytesBlock, gathering: Gathering) -> Int64s:
    """How many records each message has."""
    left = part.content.shape[1] - wanted.offset
    if wanted.count is None:
        if left < 0 or left % wanted.size:
            error = CodecError(
                f"byte {wanted.offset}",
                _("{left} bytes are no whole number of records of {size}", left=left, size=wanted.size),
            )
            gathering.fail(part.rows, error)
            return np.zeros(len(part.rows), np.int64)
        return np.full(len(part.rows), left // wanted.size, np.int64)
    if isinstance(wanted.count, int):
        return np.full(len(part.rows), wanted.count, np.int64)
    found, _good = numbers.extract(part.content, wanted.count)
    return np.clip(np.nan_to_num(found), 0, 1 << 40).astype(np.int64)


def _tagged(wanted: Records, part: BytesBlock, gathering: Gathering) -> Pieces:
    kinds = {kind.starts: number for number, kind in enumerate(wanted.kinds)}
    tag = len(wanted.kinds[0].starts)
    found: list[list[tuple[int, int, int]]] = [[] for _kind in wanted.kinds]
    for position, row in enumerate(part.rows.tolist()):
        data = part.content[position].tobytes()
        try:
            for kind, start, number in _walk(wanted, data, kinds, tag):
                found[kind].append((position, start, number))
        except CodecError as error:
            gathering.failures.setdefault(row, error)
    for shape, places in zip(wanted.kinds, found, strict=True):
        if places and shape.fields:
            position, start, number = np.array(places, np.int64).T
            columns = start[:, None] + np.arange(shape.size)
            yield BytesBlock(part.content[position[:, None], columns], part.rows[position], number), shape.fields


def _walk(wanted: Records, data: bytes, kinds: dict[bytes, int], tag: int) -> Iterator[tuple[int, int, int]]:
    """The records of one message: kind, where its content begins, and which of its kind it is (from 1)."""
    at = wanted.offset
    seen: dict[int, int] = {}
    while at < len(data):
        kind = kinds.get(data[at : at + tag])
        if kind is None:
            if wanted.skip_unknown:
                return
            raise CodecError(f"byte {at}", _("No record begins with {bytes}", bytes=data[at : at + tag].hex()))
        start, at = at + tag, at + tag + wanted.kinds[kind].size
        if at > len(data):
            raise CodecError(f"byte {start}", _("The last record is cut off"))
        seen[kind] = seen.get(kind, 0) + 1
        yield kind, start, seen[kind]


def _listed(wanted: Records, part: DocumentBlock, gathering: Gathering) -> Pieces:
    items: list[object] = []
    rows: list[int] = []
    number: list[int] = []
    path = wanted.path or ()
    for row, document in zip(part.rows.tolist(), part.parts, strict=True):
        listed = paths.follow(document, path)
        if not isinstance(listed, list) or len(listed) > MOST:
            gathering.failures.setdefault(
                row, CodecError(paths.render(path), _("There is no list of at most {most} records", most=MOST))
            )
            continue
        items += listed
        rows += [row] * len(listed)
        number += range(1, len(listed) + 1)
    if items:
        yield DocumentBlock(items, np.array(rows, np.int64), np.array(number, np.int64)), wanted.fields
