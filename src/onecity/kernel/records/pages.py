"""The description of a printed page: one description, from which a certificate's PDF and its OFD are both drawn, so that they show the same.

Lengths are millimetres, the origin is the upper left corner, y grows downwards; a text stands on its baseline. Font sizes are
points (1 pt = 25.4/72 mm), colours sRGB 0-255. The last thing in `Page.content` lies on top.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

MM_PER_POINT: Final = 25.4 / 72
A4: Final = (210.0, 297.0)
"""Width and height of an upright A4 sheet, mm (ISO 216)."""

Colour = tuple[int, int, int]
Align = Literal["left", "centre", "right"]
ImageFormat = Literal["png", "jpeg"]

BLACK: Final[Colour] = (0, 0, 0)
GREY: Final[Colour] = (110, 110, 110)
SEAL_RED: Final[Colour] = (200, 0, 0)


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `x` is its left end, its middle or its right end, as `align` says, and `y` its baseline."""

    x: float
    y: float
    text: str
    size: float = 10.5
    """Points."""
    colour: Colour = BLACK
    align: Align = "left"
    bold: bool = False
    rotation: float = 0.0
    """Degrees clockwise about (x, y); a watermark leans by -30."""
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A straight stroke from (x1, y1) to (x2, y2)."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.25
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with its upper left corner at (x, y): stroked, filled or both; None leaves that out."""

    x: float
    y: float
    width: float
    height: float
    stroke: Colour | None = BLACK
    fill: Colour | None = None
    stroke_width: float = 0.25


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in its own file format, stretched to the rectangle; transparency of a PNG is kept."""

    x: float
    y: float
    width: float
    height: float
    data: bytes = field(repr=False)
    format: ImageFormat = "png"


@dataclass(frozen=True, slots=True)
class QR:
    """A QR code (ISO/IEC 18004) of `text` in a square of `size` mm; error correction M, quiet zone of the caller's layout."""

    x: float
    y: float
    size: float
    text: str
    colour: Colour = BLACK


Element = Text | Line | Box | Image | QR


@dataclass(frozen=True, slots=True)
class Page:
    """One page and what is on it, from the bottom up."""

    content: tuple[Element, ...]
    width: float = A4[0]
    height: float = A4[1]


@dataclass(frozen=True, slots=True)
class Document:
    """Pages with what a reader shows about the whole: the title, who made it, what it is filed under.

    `attributes` go into OFD's CustomDatas and PDF's document information as they are (names in ASCII).
    """

    pages: tuple[Page, ...]
    title: str
    author: str = ""
    subject: str = ""
    keywords: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
