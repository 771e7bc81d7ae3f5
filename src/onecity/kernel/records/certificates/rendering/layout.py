"""The printed certificate as a page: frame, title, what it says, who issued it, the code that leads to its verification."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from onecity.kernel.records.pages import A4, GREY, MM_PER_POINT, QR, Box, Colour, Document, Element, Line, Page, Text

WIDTH: Final = A4[0]
HEIGHT: Final = A4[1]
MARGIN: Final = 14.0
LEFT: Final = 30.0
RIGHT: Final = WIDTH - 30.0
LABEL: Final = 42.0
"""Millimetres that the names of entries take."""
FRAME: Final[Colour] = (146, 24, 28)
FAINT: Final[Colour] = (222, 206, 204)
SEAL: Final = (132.0, 206.0, 42.0)
"""Left, top and diameter of the seal, mm."""
QR_SIZE: Final = 30.0
LOWEST_ROW: Final = 204.0
LEADING: Final = 1.55
WATERMARK: Final[Colour] = (120, 120, 120)

NOT_FIRST: Final = "，。、；：？！）》」』”’,.;:?!)"

Width = Callable[[str, float, bool], float]
"""The width in mm of a text of so many points, bold or not."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a page in the language of its reader."""

    number: str
    holder: str
    period: str
    issued_by: str
    issued_on: str
    verify: str
    foot: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is printed; `entries`: name and value; `body`: instead of a table, one paragraph."""

    title: str
    subtitle: str
    number: str
    holder: str
    entries: tuple[tuple[str, str], ...]
    body: str
    period: str
    issuer: str
    issued: dt.date
    address: str
    note: str
    words: Wording
    marks: tuple[str, ...] = ()
    """Lines that lie across the page of a copy for one use."""


def document(content: Content, width: Width) -> Document:
    """The certificate as one or more pages; what does not fit goes on."""
    rows = list(_rows(content, width))
    pages: list[Page] = []
    first: list[Element] = [*_frame(), *_title(content, width)]
    y, current = 78.0, first
    for height, draw in rows:
        if y + height > LOWEST_ROW:
            pages.append(Page((*_watermark(content), *current)))
            y, current = 40.0, list(_frame())
        current.extend(draw(y))
        y += height
    current.extend(_foot(content, width))
    pages.append(Page((*_watermark(content), *current)))
    return Document(
        tuple(pages),
        title=f"{content.title} {content.number}",
        author=content.issuer,
        subject=content.number,
        attributes=(("CertificateNumber", content.number),),
    )


def wrapped(text: str, room: float, size: float, width: Width) -> list[str]:
    """The lines of a text that fit into `room` mm: broken after any Chinese character, at spaces between Latin words."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width(line + piece.rstrip(), size, False) > room:
            lines.append(line.rstrip())
            line = ""
        while width(piece.rstrip(), size, False) > room:  # a word longer than a line
            cut = next(n for n in range(len(piece), 0, -1) if n == 1 or width(piece[:n], size, False) <= room)
            lines.append(piece[:cut])
            piece = piece[cut:]  # noqa: PLW2901 - what is left of it
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str) -> Iterator[str]:
    """Parts that stay together: Latin words, and a Chinese character with the punctuation that may not begin a line."""
    piece = ""
    for character in text:
        together = character in NOT_FIRST or not piece or not (_wide(character) or _ends(piece))
        if not together:
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _ends(piece: str) -> bool:
    return piece[-1] in " ." or _wide(piece[-1])


def _wide(character: str) -> bool:
    return ord(character) >= 0x2E80  # from the CJK radicals on a line may break after each character


def _rows(content: Content, width: Width) -> Iterator[tuple[float, Callable[[float], list[Element]]]]:
    if content.body:
        yield _paragraph(content.body, 13.0, width)
    entries = [(content.words.number, content.number)]
    if not content.body:
        entries += [(content.words.holder, content.holder), *content.entries]
    entries.append((content.words.period, content.period))
    for label, value in entries:
        yield _entry(label, value, width)
    if content.note:
        yield _paragraph(content.note, 9.5, width)


def _entry(label: str, value: str, width: Width) -> tuple[float, Callable[[float], list[Element]]]:
    size = 12.0
    room = RIGHT - LEFT - LABEL
    lines = wrapped(value, room, size, width)
    names = wrapped(label, LABEL - 4, 10.5, width)
    step = size * MM_PER_POINT * LEADING
    height = max(len(lines), len(names)) * step + 3.2

    def draw(y: float) -> list[Element]:
        made: list[Element] = [Line(LEFT, y + height - 0.6, RIGHT, y + height - 0.6, 0.15, FAINT)]
        made += [Text(LEFT, y + (n + 1) * step - 1, text, 10.5, GREY) for n, text in enumerate(names)]
        made += [Text(LEFT + LABEL, y + (n + 1) * step - 1, text, size) for n, text in enumerate(lines)]
        return made

    return height, draw


def _paragraph(text: str, size: float, width: Width) -> tuple[float, Callable[[float], list[Element]]]:
    lines = wrapped(text, RIGHT - LEFT, size, width)
    step = size * MM_PER_POINT * LEADING * 1.1
    height = len(lines) * step + 6

    def draw(y: float) -> list[Element]:
        return [Text(LEFT, y + (n + 1) * step, line, size) for n, line in enumerate(lines)]

    return height, draw


def _frame() -> list[Element]:
    def box(inset: float, stroke: float) -> Box:
        side = MARGIN + inset
        return Box(side, side, WIDTH - 2 * side, HEIGHT - 2 * side, FRAME, None, stroke)

    return [box(0, 0.9), box(1.8, 0.25)]


def _title(content: Content, width: Width) -> list[Element]:
    size = next(s for s in range(30, 11, -1) if s == 12 or width(content.title, s, True) <= RIGHT - LEFT)
    made: list[Element] = [Text(WIDTH / 2, 52, content.title, float(size), FRAME, "centre", bold=True)]
    if content.subtitle:
        fits = next(s for s in range(12, 6, -1) if s == 7 or width(content.subtitle, s, False) <= RIGHT - LEFT)
        made.append(Text(WIDTH / 2, 61, content.subtitle, float(fits), GREY, "centre"))
    made.append(Line(WIDTH / 2 - 28, 66, WIDTH / 2 + 28, 66, 0.4, FRAME))
    return made


def _foot(content: Content, width: Width) -> list[Element]:
    left, top, size = SEAL
    middle = left + size / 2
    made: list[Element] = [QR(LEFT, 218, QR_SIZE, content.address)]
    made += [
        Text(LEFT + QR_SIZE / 2, 253 + n * 3.6, line, 7.5, GREY, "centre")
        for n, line in enumerate(wrapped(content.words.verify, 46, 7.5, width))
    ]
    names = wrapped(content.issuer, 72, 11.5, width)
    made += [Text(middle, top + size / 2 - 1 + n * 6, line, 11.5, align="centre") for n, line in enumerate(names)]
    made.append(Text(middle, top + size / 2 - 1 + len(names) * 6, f"{content.issued:%Y-%m-%d}", 11.5, align="centre"))
    made += [
        Text(WIDTH / 2, 272 + n * 3.6, line, 7.5, GREY, "centre")
        for n, line in enumerate(wrapped(content.words.foot, RIGHT - LEFT + 16, 7.5, width))
    ]
    return made


def _watermark(content: Content) -> Sequence[Element]:
    """The lines of a copy for one use, again and again across the page, so that they cannot be cut off."""
    if not content.marks:
        return ()
    return [
        Text(x, y + n * 7.5, line, 13.0, WATERMARK, "centre", rotation=-30, opacity=0.28)
        for y in (70.0, 132.0, 194.0, 252.0)
        for x in (62.0, 150.0)
        for n, line in enumerate(content.marks)
    ]
