"""Figures and the cases behind them as workbooks: marked with who took them out and when; personal data masked."""

import datetime as dt
from collections.abc import Iterable, Sequence
from io import BytesIO

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font

from onecity.kernel.cases.logic.masking import masked_text
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.cases.presentation import Row
from onecity.kernel.cases.scoring.drilling import Act
from onecity.kernel.cases.scoring.service import Table
from onecity.kernel.cases.scoring.words import COUNTS, POINTS, RATES

Cell = str | float | None


def workbook(tables: Sequence[Table], mark: str, at: dt.datetime) -> bytes:
    """The score card as the bytes of an .xlsx file; `mark` stands on every sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    head = [_("Office"), *map(str, COUNTS.values()), *map(str, POINTS.values()), _("Total"), *map(str, RATES.values())]
    for number, table in enumerate(tables):
        lines: Iterable[Sequence[Cell]] = (
            [
                line.office.name,
                *(line.counts[name] for name in COUNTS),
                *(line.points[name] for name in POINTS),
                line.total,
                *(line.rates[name] for name in RATES),
            ]
            for line in table.lines
        )
        _sheet(book, f"{number + 1} {table.title}", (mark, at, f"{table.since} – {table.until}"), head, lines)
    if not tables:
        book.create_sheet("–").append([mark])
    return _bytes(book)


def cases_book(acts: Sequence[Act], title: str, mark: str, at: dt.datetime) -> bytes:
    """The cases behind a figure; telephone numbers in titles and places, and the reporter, are masked."""
    head = [
        _("Number"), _("Kind"), _("Title"), _("Place"), _("Division"), _("Office"), _("State"), _("Counted at"),
        _("Opened"), _("Due"), _("Ended"), _("Reporter"),
    ]  # fmt: skip
    book = Workbook()
    book.remove(book.worksheets[0])
    rules = naming.in_force()
    lines = (_line(act.row, act.at, at.tzinfo, naming.in_files(act.row.case, rules)) for act in acts)
    _sheet(book, title, (mark, at, title), head, lines)
    return _bytes(book)


def table_book(title: str, head: Sequence[str], lines: Iterable[Sequence[Cell]], mark: str, at: dt.datetime) -> bytes:
    """Any table of figures, marked like the others."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _sheet(book, title, (mark, at, title), head, lines)
    return _bytes(book)


def _line(row: Row, counted: dt.datetime, zone: dt.tzinfo | None, reporter: str) -> list[Cell]:
    case = row.case
    return [
        case.number, row.kind, masked_text(case.shown_title), masked_text(case.address), row.place, row.body, row.state,
        *(_moment(when, zone) for when in (counted, case.opened_at, case.deadline, case.closed_at)), reporter,
    ]  # fmt: skip


def _moment(when: dt.datetime | None, zone: dt.tzinfo | None) -> str:
    return when.astimezone(zone).strftime("%Y-%m-%d %H:%M") if when else ""


def _sheet(
    book: Workbook,
    title: str,
    marks: tuple[str, dt.datetime, str],
    head: Sequence[str],
    lines: Iterable[Sequence[Cell]],
) -> None:
    mark, at, subject = marks
    # these characters a sheet's name cannot have
    sheet = book.create_sheet("".join(c for c in title if c not in "[]:*?/\\")[:31])
    stamp = f"{mark} · {at:%Y-%m-%d %H:%M:%S %Z}"
    sheet.append([mark, at.strftime("%Y-%m-%d %H:%M:%S %Z"), _plain(subject)])
    # on paper as well: the mark is on every page that is printed
    sheet.oddHeader.center.text = sheet.oddFooter.center.text = stamp.replace("&", "&&")
    sheet.append([_plain(text) for text in head])
    for cell in sheet[2]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A3"
    for line in lines:
        sheet.append([_plain(value) if isinstance(value, str) else value for value in line])


def _bytes(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
