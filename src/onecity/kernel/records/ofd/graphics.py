"""Draws what stands on a page as OFD's graphic objects (GB/T 33190-2016, clauses 8 to 11): text, paths and images."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import segno
from lxml import etree

from onecity.kernel.records import pages
from onecity.kernel.records.ofd.faces import Face
from onecity.kernel.records.ofd.names import add, element, number, numbers

ERROR_CORRECTION: Final = "m"
Path = list[tuple[str, tuple[float, ...]]]


@dataclass(frozen=True)
class Supplies:
    """What a page asks of the document: the next identifier, a face, the resource number of a face and of a picture."""

    next_id: Callable[[], str]
    face: Callable[[bool], Face]
    font_id: Callable[[bool], str]
    image_id: Callable[[pages.Image], str]


def draw(item: pages.Element, supplies: Supplies) -> etree._Element:
    """The graphic object of one thing on the page."""
    if isinstance(item, pages.Text):
        return _text(item, supplies)
    if isinstance(item, pages.Line):
        return _line(item, supplies)
    if isinstance(item, pages.Box):
        return _box(item, supplies)
    if isinstance(item, pages.Image):
        return _image(item, supplies)
    return _qr(item, supplies)


def _text(item: pages.Text, supplies: Supplies) -> etree._Element:
    face = supplies.face(item.bold)
    size = item.size * pages.MM_PER_POINT
    advances = face.advances_mm(item.text, item.size)
    width = sum(advances)
    start = {"left": 0.0, "centre": -width / 2, "right": -width}[item.align]
    up, down = size * face.ascent / face.units, size * face.descent / face.units
    corners = [(start, -up), (start + width, -up), (start, down), (start + width, down)]
    cosine, sine = math.cos(math.radians(item.rotation)), math.sin(math.radians(item.rotation))
    turned = [(x * cosine - y * sine, x * sine + y * cosine) for x, y in corners]
    left, top = min(x for x, _ in turned), min(y for _, y in turned)
    made = element(
        "TextObject",
        ID=supplies.next_id(),
        Boundary=numbers(
            item.x + left,
            item.y + top,
            max(x for x, _ in turned) - left,
            max(y for _, y in turned) - top,
        ),
        Font=supplies.font_id(item.bold),
        Size=number(size),
    )
    if item.bold:
        made.set("Weight", "700")  # for readers that set the text in a face of their own
    if item.rotation:
        made.set("CTM", numbers(cosine, sine, -sine, cosine, -left, -top))
    _colour(made, "FillColor", item.colour, item.opacity)
    at = (start, 0.0) if item.rotation else (start - left, -top)
    code = add(made, "TextCode", item.text, X=number(at[0]), Y=number(at[1]))
    if len(advances) > 1:
        code.set("DeltaX", numbers(*advances[:-1]))
    return made


def _colour(parent: etree._Element, name: str, colour: pages.Colour, opacity: float = 1.0) -> None:
    made = add(parent, name, Value=" ".join(str(part) for part in colour))
    if opacity < 1:
        made.set("Alpha", str(round(opacity * 255)))


def _line(item: pages.Line, supplies: Supplies) -> etree._Element:
    half = item.width / 2
    left, top = min(item.x1, item.x2) - half, min(item.y1, item.y2) - half
    made = element(
        "PathObject",
        ID=supplies.next_id(),
        Boundary=numbers(left, top, abs(item.x2 - item.x1) + item.width, abs(item.y2 - item.y1) + item.width),
        LineWidth=number(item.width),
    )
    _colour(made, "StrokeColor", item.colour)
    add(
        made,
        "AbbreviatedData",
        _abbreviated([("M", (item.x1 - left, item.y1 - top)), ("L", (item.x2 - left, item.y2 - top))]),
    )
    return made


def _box(item: pages.Box, supplies: Supplies) -> etree._Element:
    half = item.stroke_width / 2 if item.stroke else 0.0
    made = element(
        "PathObject",
        ID=supplies.next_id(),
        Boundary=numbers(item.x - half, item.y - half, item.width + 2 * half, item.height + 2 * half),
        LineWidth=number(item.stroke_width),
        Stroke="true" if item.stroke else "false",
        Fill="true" if item.fill else "false",
    )
    if item.stroke:
        _colour(made, "StrokeColor", item.stroke)
    if item.fill:
        _colour(made, "FillColor", item.fill)
    add(made, "AbbreviatedData", _abbreviated(_rectangle(half, half, item.width, item.height)))
    return made


def _rectangle(x: float, y: float, width: float, height: float) -> Path:
    return [
        ("M", (x, y)),
        ("L", (x + width, y)),
        ("L", (x + width, y + height)),
        ("L", (x, y + height)),
        ("C", ()),
    ]


def _abbreviated(path: Path) -> str:
    return " ".join(f"{operator} {numbers(*values)}".rstrip() for operator, values in path)


def _image(item: pages.Image, supplies: Supplies) -> etree._Element:
    return element(
        "ImageObject",
        ID=supplies.next_id(),
        Boundary=numbers(item.x, item.y, item.width, item.height),
        CTM=numbers(item.width, 0, 0, item.height, 0, 0),
        ResourceID=supplies.image_id(item),
    )


def _qr(item: pages.QR, supplies: Supplies) -> etree._Element:
    made = element(
        "PathObject",
        ID=supplies.next_id(),
        Boundary=numbers(item.x, item.y, item.size, item.size),
        Stroke="false",
        Fill="true",
    )
    _colour(made, "FillColor", item.colour)
    path: Path = []
    for x, y, width, module in qr_bars(item):
        path += _rectangle(x, y, width, module)
    add(made, "AbbreviatedData", _abbreviated(path))
    return made


def qr_bars(item: pages.QR) -> Iterator[tuple[float, float, float, float]]:
    """The dark bars (x, y, width, height in mm, from the square's corner): neighbours in a row are one bar."""
    matrix = segno.make(item.text, error=ERROR_CORRECTION, micro=False, boost_error=False).matrix
    module = item.size / len(matrix)
    for row, cells in enumerate(matrix):
        column = 0
        while column < len(cells):
            length = 0
            while column + length < len(cells) and cells[column + length]:
                length += 1
            if length:
                yield column * module, row * module, length * module, module
            column += length or 1
