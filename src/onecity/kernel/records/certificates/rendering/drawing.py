"""Draws the description of pages as PDF: fonts embedded and cut down to what is used, nothing fetched, the same each time."""

from functools import cache
from io import BytesIO
from typing import Final

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from onecity.kernel.records import pages
from onecity.kernel.records.ofd import faces
from onecity.kernel.records.ofd.graphics import qr_bars

POINTS: Final = 72 / 25.4
NAMES: Final = {False: "OneCityText", True: "OneCityBold"}


def draw(document: pages.Document) -> bytes:
    """The document as PDF 1.4, not signed."""
    _fonts()
    target = BytesIO()
    canvas = Canvas(target, pageCompression=1, invariant=1, initialFontName=NAMES[False])
    canvas.setTitle(document.title)
    canvas.setAuthor(document.author)
    canvas.setSubject(document.subject)
    canvas.setKeywords(", ".join((*document.keywords, *(f"{name}={value}" for name, value in document.attributes))))
    canvas.setCreator("OneCity")
    for page in document.pages:
        canvas.setPageSize((page.width * POINTS, page.height * POINTS))
        for item in page.content:
            canvas.saveState()
            _draw(canvas, item, page.height)
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def width(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in mm."""
    _fonts()
    return float(pdfmetrics.stringWidth(text, NAMES[bold], size)) / POINTS


@cache
def _fonts() -> None:
    for bold, name in NAMES.items():
        pdfmetrics.registerFont(TTFont(name, str(faces.path_of(bold=bold))))


def _draw(canvas: Canvas, item: pages.Element, height: float) -> None:
    if isinstance(item, pages.Text):
        _text(canvas, item, height)
    elif isinstance(item, pages.Line):
        canvas.setStrokeColorRGB(*_colour(item.colour))
        canvas.setLineWidth(item.width * POINTS)
        canvas.line(item.x1 * POINTS, (height - item.y1) * POINTS, item.x2 * POINTS, (height - item.y2) * POINTS)
    elif isinstance(item, pages.Box):
        _box(canvas, item, height)
    elif isinstance(item, pages.Image):
        left, bottom = item.x * POINTS, (height - item.y - item.height) * POINTS
        picture = ImageReader(BytesIO(item.data))
        canvas.drawImage(picture, left, bottom, item.width * POINTS, item.height * POINTS, mask="auto")
    else:
        canvas.setFillColorRGB(*_colour(item.colour))
        for x, y, across, down in qr_bars(item):
            bottom = height - item.y - y - down
            canvas.rect((item.x + x) * POINTS, bottom * POINTS, across * POINTS, down * POINTS, stroke=0, fill=1)


def _text(canvas: Canvas, item: pages.Text, height: float) -> None:
    canvas.translate(item.x * POINTS, (height - item.y) * POINTS)
    if item.rotation:
        canvas.rotate(-item.rotation)
    canvas.setFillColorRGB(*_colour(item.colour), alpha=item.opacity)
    canvas.setFont(NAMES[item.bold], item.size)
    put = {"left": canvas.drawString, "centre": canvas.drawCentredString, "right": canvas.drawRightString}[item.align]
    put(0, 0, item.text)


def _box(canvas: Canvas, item: pages.Box, height: float) -> None:
    if item.stroke:
        canvas.setStrokeColorRGB(*_colour(item.stroke))
        canvas.setLineWidth(item.stroke_width * POINTS)
    if item.fill:
        canvas.setFillColorRGB(*_colour(item.fill))
    bottom = (height - item.y - item.height) * POINTS
    canvas.rect(
        item.x * POINTS, bottom, item.width * POINTS, item.height * POINTS,
        stroke=int(item.stroke is not None), fill=int(item.fill is not None),
    )  # fmt: skip


def _colour(colour: pages.Colour) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in colour)
    return red, green, blue
