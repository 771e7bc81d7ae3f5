"""Exchange tables as Excel workbooks: one sheet for each table, read without ever computing a formula."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from onecity.domains.services.items.logic import exchange
from onecity.domains.services.items.logic.exchange import Cell, ExchangeError, Mistake
from onecity.domains.services.items.logic.item import Item
from onecity.kernel.core.errors import FieldError, Problem

LARGEST: Final = 20 * 1024 * 1024
# what it may be when it is unpacked: a small file can hold very much nothing
LARGEST_UNPACKED: Final = 200 * 1024 * 1024
MOST_ROWS: Final = 100_000
WIDTH: Final = 22


def write(items: Sequence[Item]) -> bytes:
    """A workbook of these items."""
    book = Workbook(write_only=True)
    for table, rows in zip(exchange.TABLES, exchange.write(items).values(), strict=True):
        titles = list(exchange.columns(table))
        sheet = book.create_sheet(table.title)
        sheet.freeze_panes = "B2"
        for place in range(1, len(titles) + 1):
            sheet.column_dimensions[get_column_letter(place)].width = WIDTH
        sheet.append([_head(sheet, title) for title in titles])
        for row in rows:
            sheet.append([_plain(sheet, row.get(title)) for title in titles])
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def read(content: bytes) -> list[Item]:
    """The items of a workbook; raises Problem 422 that names sheet, row and column of each mistake."""
    try:
        return exchange.read(_tables(content))
    except ExchangeError as error:
        raise _problem(error.mistakes) from error


def _tables(content: bytes) -> Mapping[str, Sequence[Mapping[str, Cell]]]:
    _measure(content)
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        return {sheet.title: list(_rows(sheet)) for sheet in book.worksheets}
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, AttributeError) as error:
        raise _problem([Mistake("", 0, "", str(_("This is no Excel workbook (.xlsx).")))]) from error


def _measure(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
    except zipfile.BadZipFile as error:
        raise _problem([Mistake("", 0, "", str(_("This is no Excel workbook (.xlsx).")))]) from error
    if len(content) > LARGEST or unpacked > LARGEST_UNPACKED:
        raise _problem([Mistake("", 0, "", str(_("This file is too large.")))])


def _rows(sheet: Any) -> Iterator[dict[str, Cell]]:
    titles: list[str] = []
    for place, row in enumerate(sheet.iter_rows(values_only=True)):
        if place == 0:
            titles = [str(title or "") for title in row]
        elif place > MOST_ROWS:
            return
        elif any(cell is not None for cell in row):
            yield {title: _read(cell) for title, cell in zip(titles, row, strict=False) if title}


def _read(cell: object) -> Cell:
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)


def _head(sheet: Any, title: str) -> Any:
    cell = WriteOnlyCell(sheet, title)
    cell.font, cell.fill = Font(bold=True), PatternFill("solid", start_color="E0F0F1")
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _plain(sheet: Any, value: Cell) -> Any:
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        # a text that begins with = is a text, and a code of digits is no number
        cell.data_type, cell.number_format = "s", "@"
    return cell


def _problem(mistakes: Sequence[Mistake]) -> Problem:
    errors = [
        FieldError(" ".join(str(part) for part in (m.table, m.row or "", m.column) if part), m.sentence)
        for m in mistakes[:100]
    ]
    return Problem("service-exchange", _("These tables cannot be taken in."), status=422, errors=errors)
