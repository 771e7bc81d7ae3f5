"""The score card as a workbook: marked with who took it out and when, and logged."""

import datetime as dt
from collections.abc import Sequence
from io import BytesIO

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font

from onecity.kernel.cases.scoring.service import Table
from onecity.kernel.cases.scoring.words import COUNTS, POINTS, RATES


def workbook(tables: Sequence[Table], mark: str, at: dt.datetime) -> bytes:
    """The bytes of an .xlsx file; `mark` stands on every sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, table in enumerate(tables):
        sheet = book.create_sheet(f"{number + 1} {table.title}"[:31])
        sheet.append([mark, at.strftime("%Y-%m-%d %H:%M:%S %Z"), f"{table.since} – {table.until}"])
        head = [_("Office"), *COUNTS.values(), *POINTS.values(), _("Total"), *RATES.values()]
        sheet.append([str(title) for title in head])
        for cell in sheet[2]:
            cell.font = Font(bold=True)
        for line in table.lines:
            sheet.append(
                [
                    _plain(line.office.name),
                    *(line.counts[name] for name in COUNTS),
                    *(line.points[name] for name in POINTS),
                    line.total,
                    *(line.rates[name] for name in RATES),
                ]
            )
    if not tables:
        book.create_sheet("–").append([mark])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
