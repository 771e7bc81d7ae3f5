"""Tables out of files: CSV in whatever separator and encoding, Excel's first sheet; every cell as text, by columns."""

import codecs
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import openpyxl
import polars as pl
from openpyxl.utils.exceptions import InvalidFileException

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _

MAX_FILE = 100 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
MOST_ROWS = 1_000_000
MOST_COLUMNS = 300
ENCODINGS = ("utf-8-sig", "gb18030")
SEPARATORS = ",;\t|"


class TableError(ValueError):
    """The file is no table that can be read; `what` says why, for people."""

    def __init__(self, what: Text) -> None:
        super().__init__(str(what))
        self.what = what


@dataclass(frozen=True, slots=True)
class Table:
    """A table: `frame` has a text column for each of `columns`; row i stands in line `first_line` + i of the file."""

    columns: tuple[str, ...]
    frame: pl.DataFrame
    first_line: int

    @property
    def signature(self) -> str:
        """What files of the same kind share: the names of their columns in their order."""
        text = "\x1f".join(name.strip().lower() for name in self.columns)
        return hashlib.sha256(text.encode()).hexdigest()


def read(file: bytes) -> Table:
    """The table in a file; raises TableError."""
    if len(file) > MAX_FILE:
        raise TableError(_("The file is larger than {most} MB", most=MAX_FILE // 1024**2))
    if not file.strip():
        raise TableError(_("The file is empty"))
    table = _excel(file) if file.startswith(b"PK\x03\x04") else _csv(file)
    if len(table.frame) > MOST_ROWS or len(table.columns) > MOST_COLUMNS:
        raise TableError(_("A table may have {rows} rows and {columns} columns", rows=MOST_ROWS, columns=MOST_COLUMNS))
    if not len(table.frame):
        raise TableError(_("The table has a header but no rows"))
    return table


def _csv(file: bytes) -> Table:
    text = _utf8(file)
    head = text[:20_000].decode(errors="replace").splitlines(keepends=True)
    first = next((number for number, line in enumerate(head) if line.strip()), 0)
    separator = max(SEPARATORS, key=lambda mark: head[first].count(mark) if head else 0)
    start = len("".join(head[:first]).encode())
    try:
        frame = pl.read_csv(
            text[start:] if start else text,
            separator=separator,
            has_header=False,
            infer_schema=False,
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError as error:
        raise TableError(_("The file cannot be read as a table: {text}", text=str(error)[:200])) from error
    return _table(frame, first + 2)


def _utf8(file: bytes) -> bytes:
    """The text as UTF-8 without a byte order mark; what is UTF-8 already is not copied more than once."""
    if b"\0" in file[:4096]:
        raise TableError(_("The file is neither text nor Excel (.xlsx)"))
    for encoding in ENCODINGS:
        try:
            text = file.decode(encoding)
        except UnicodeDecodeError:
            continue
        return file.removeprefix(codecs.BOM_UTF8) if encoding.startswith("utf") else text.encode()
    raise TableError(_("The text of the file is neither UTF-8 nor GB 18030"))


def _excel(file: bytes) -> Table:
    try:
        _check_size(file)
        book = openpyxl.load_workbook(io.BytesIO(file), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = [[_cell(value) for value in row[:MOST_COLUMNS]] for row in _bounded(sheet.iter_rows(values_only=True))]
        book.close()
    except TableError:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError, TypeError, OSError) as error:
        raise TableError(_("The Excel file cannot be read: {text}", text=str(error)[:200])) from error
    first = next((number for number, row in enumerate(rows) if any(row)), None)
    if first is None:
        raise TableError(_("The file is empty"))
    width = max(len(row) for row in rows)
    columns = [[row[i] if i < len(row) else "" for row in rows[first:]] for i in range(width)]
    return _table(pl.DataFrame([pl.Series(f"c{i}", column, pl.String) for i, column in enumerate(columns)]), first + 2)


def _check_size(file: bytes) -> None:
    """An Excel file is a packed folder, which may be far larger than it looks."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
            raise TableError(_("The file is larger than {most} MB", most=MAX_UNPACKED // 1024**2))


def _bounded(rows: Iterable[tuple[object, ...]]) -> Iterable[tuple[object, ...]]:
    for number, row in enumerate(rows):
        if number > MOST_ROWS + 100:
            raise TableError(
                _("A table may have {rows} rows and {columns} columns", rows=MOST_ROWS, columns=MOST_COLUMNS)
            )
        yield row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="microseconds").removesuffix(".000000")
    return str(value)


def _table(frame: pl.DataFrame, first_line: int) -> Table:
    """The first row as the header, names made different from each other."""
    header = [str(name or "").strip() for name in frame.row(0)]
    names: list[str] = []
    for number, name in enumerate(header, 1):
        base = (name or f"#{number}")[:100]
        names.append(base if base not in names else f"{base} ({number})")
    body = frame.slice(1).rename(dict(zip(frame.columns, names, strict=True)))
    return Table(tuple(names), body.with_columns(pl.all().fill_null("").str.strip_chars()), first_line)
