"""Draws the round red seal of a public body: ring, five-pointed star, the name along the upper arc, a word below the star.

The measures follow the custom for seals of government organs (diameter 42 mm, star 14 mm; State Council notice 国发〔1999〕25号),
the drawing is ours. A demonstration seal says so in Chinese and English, in the picture itself.
"""

import math
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

DIAMETER: Final = 42.0
RING: Final = 1.2
STAR: Final = 14.0
LETTER: Final = 6.2
"""Height of a character of the name, mm; its width shrinks when the name is long."""
DOTS_PER_MM: Final = 12
"""About 300 dpi; drawn at three times that and scaled down, which smooths the edges."""
OVERSAMPLED: Final = 3
WIDEST_ARC: Final = 250.0
"""Degrees that a name may take."""
STEP: Final = 24.0
"""Degrees from character to character of a short name."""
RED: Final = (200, 16, 24, 255)
CLEAR: Final = (200, 16, 24, 0)
LONGEST_NAME: Final = 40


@lru_cache(maxsize=64)
def draw(name: str, font: Path, *, below: str = "", second: str = "") -> bytes:
    """PNG with a clear background, 42 mm across; `below` and `second` are the lines under the star.

    Raises ValueError for an empty name or one of more than 40 characters.
    """
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"a seal's name has 1 to {LONGEST_NAME} characters, not {len(name)}")
    dots = DOTS_PER_MM * OVERSAMPLED
    size = round(DIAMETER * dots)
    picture = Image.new("RGBA", (size, size), CLEAR)
    pen = ImageDraw.Draw(picture)
    middle = size / 2
    pen.ellipse((dots * 0.2, dots * 0.2, size - dots * 0.2, size - dots * 0.2), outline=RED, width=round(RING * dots))
    pen.polygon(_star(middle, STAR / 2 * dots), fill=RED)
    _arc(picture, name, font, dots)
    for text, drop, height in ((below, 12.4, 4.0), (second, 15.6, 2.2)):
        if text:
            face = ImageFont.truetype(font, round(height * dots))
            pen.text((middle, middle + drop * dots), text, font=face, fill=RED, anchor="mm")
    small = picture.resize((size // OVERSAMPLED, size // OVERSAMPLED), Image.Resampling.LANCZOS)
    return _png(small)


def _png(picture: Image.Image) -> bytes:
    """One colour in sixteen degrees of transparency: a tenth of the size, which every stamp carries along twice."""
    degrees = picture.getchannel("A").point([round(alpha / 17) for alpha in range(256)])
    indexed = Image.frombytes("P", picture.size, degrees.tobytes())
    indexed.putpalette(bytes(RED[:3]) * 16)
    target = BytesIO()
    indexed.save(target, "PNG", optimize=True, bits=4, transparency=bytes(degree * 17 for degree in range(16)))
    return target.getvalue()


def _star(middle: float, radius: float) -> list[tuple[float, float]]:
    """Ten corners of a five-pointed star standing on two of its points."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    corners = []
    for index in range(10):
        angle = math.radians(-90 + 36 * index)
        length = radius if index % 2 == 0 else inner
        corners.append((middle + length * math.cos(angle), middle + length * math.sin(angle)))
    return corners


def _arc(picture: Image.Image, name: str, font: Path, dots: int) -> None:
    """The characters of the name, each turned so that its foot points to the middle."""
    face = ImageFont.truetype(font, round(LETTER * dots))
    step = min(STEP, WIDEST_ARC / max(len(name) - 1, 1))
    radius = (DIAMETER / 2 - RING - 1.2 - LETTER / 2) * dots
    room = math.radians(step) * (radius - LETTER / 2 * dots) * 0.95
    box = round(LETTER * dots * 1.3)
    for index, character in enumerate(name):
        angle = (index - (len(name) - 1) / 2) * step
        tile = Image.new("RGBA", (box, box), CLEAR)
        ImageDraw.Draw(tile).text((box / 2, box / 2), character, font=face, fill=RED, anchor="mm")
        width = min(box, round(box * room / (LETTER * dots)))
        narrow = tile.resize((width, box), Image.Resampling.LANCZOS)
        turned = narrow.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
        x = picture.width / 2 + radius * math.sin(math.radians(angle)) - turned.width / 2
        y = picture.height / 2 - radius * math.cos(math.radians(angle)) - turned.height / 2
        picture.alpha_composite(turned, (round(x), round(y)))
