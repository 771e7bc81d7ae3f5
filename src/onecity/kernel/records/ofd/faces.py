"""The two faces that pages are set in: widths for layout, and small TrueType files with just the glyphs that a document shows.

A face has 30,000 glyphs and 10 MB, and subsetting it with the tool of the trade takes half a second. Here the glyph data is
cut out of the mapped file by its offsets and put into a new font, which takes milliseconds.
"""

import mmap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from django.conf import settings
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

from onecity.kernel.records.pages import MM_PER_POINT

FAMILY: Final = "Noto Sans SC"
FILES: Final = {False: ("400Regular", "NotoSansSC_400Regular.ttf"), True: ("700Bold", "NotoSansSC_700Bold.ttf")}
"""By boldness: the folder and the file in the package of fonts."""


@dataclass(frozen=True)
class Face:
    """One weight; measures in the font's units."""

    file: mmap.mmap = field(repr=False)
    glyf_start: int
    offsets: np.ndarray[tuple[int], np.dtype[np.int64]] = field(repr=False)
    advances: np.ndarray[tuple[int], np.dtype[np.int64]] = field(repr=False)
    bearings: np.ndarray[tuple[int], np.dtype[np.int64]] = field(repr=False)
    glyph_of: Mapping[int, int] = field(repr=False)
    units: int
    ascent: int
    descent: int
    bold: bool

    def glyph(self, character: str) -> int:
        """The glyph's number; 0, an empty box, for a character that the face does not have."""
        return self.glyph_of.get(ord(character), 0)

    def advances_mm(self, text: str, size: float) -> list[float]:
        """How far each character of `text` moves on, mm, at `size` points."""
        scale = size * MM_PER_POINT / self.units
        return [float(self.advances[self.glyph(character)]) * scale for character in text]

    def width_mm(self, text: str, size: float) -> float:
        """The width of one line, mm."""
        return sum(self.advances_mm(text, size))

    def missing(self, text: str) -> str:
        """The characters of `text` that the face cannot draw."""
        return "".join(sorted({character for character in text if self.glyph(character) == 0}))

    def glyph_data(self, number: int) -> bytes:
        """The outline as the file has it; empty for a space."""
        start, end = int(self.offsets[number]), int(self.offsets[number + 1])
        return self.file[self.glyf_start + start : self.glyf_start + end]


def path_of(*, bold: bool) -> Path:
    """Where the face lies in the installed package of fonts."""
    folder, name = FILES[bold]
    return Path(settings.ONECITY_NODE_MODULES) / "@expo-google-fonts" / "noto-sans-sc" / folder / name


def face(*, bold: bool = False) -> Face:
    """The face, read once a process; FileNotFoundError when the fonts are not installed."""
    return _load(path_of(bold=bold), bold)


@cache
def _load(path: Path, bold: bool) -> Face:
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with TTFont(BytesIO(mapped[:]), lazy=True) as font:
        metrics = font["hmtx"].metrics
        order = font.getGlyphOrder()
        numbers = {name: number for number, name in enumerate(order)}
        return Face(
            file=mapped,
            glyf_start=font.reader.tables["glyf"].offset,
            offsets=np.array(font["loca"].locations, dtype=np.int64),
            advances=np.array([metrics[name][0] for name in order], dtype=np.int64),
            bearings=np.array([metrics[name][1] for name in order], dtype=np.int64),
            glyph_of={code: numbers[name] for code, name in font.getBestCmap().items()},
            units=font["head"].unitsPerEm,
            ascent=font["hhea"].ascent,
            descent=-font["hhea"].descent,
            bold=bold,
        )


def subset(source: Face, characters: Iterable[str]) -> bytes:
    """A TrueType file with the glyphs of `characters` and the empty box for missing ones; the same for the same set."""
    wanted = {ord(character): source.glyph(character) for character in characters}
    kept = sorted({0, *wanted.values()})
    new_number = {old: new for new, old in enumerate(kept)}
    names = [".notdef", *(f"g{number}" for number in range(1, len(kept)))]
    builder = FontBuilder(source.units, isTTF=True)
    builder.setupHead(unitsPerEm=source.units, created=0, modified=0)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({code: names[new_number[old]] for code, old in sorted(wanted.items()) if old})
    glyphs = {names[new_number[old]]: _outline(source.glyph_data(old)) for old in kept}
    builder.setupGlyf(glyphs, calcGlyphBounds=False)
    builder.setupHorizontalMetrics(
        {names[new_number[old]]: (int(source.advances[old]), int(source.bearings[old])) for old in kept}
    )
    builder.setupHorizontalHeader(ascent=source.ascent, descent=-source.descent)
    style = "Bold" if source.bold else "Regular"
    builder.setupNameTable({"familyName": FAMILY, "styleName": style, "fullName": f"{FAMILY} {style}"})
    builder.setupOS2(
        usWeightClass=700 if source.bold else 400, usWinAscent=source.ascent, usWinDescent=source.descent, fsType=0
    )
    builder.setupPost(keepGlyphNames=False)
    target = BytesIO()
    builder.font.save(target)
    return target.getvalue()


def _outline(data: bytes) -> Glyph:
    glyph = Glyph(data)
    glyph.expand(
        None
    )  # of a simple glyph; one that is composed of others would ask for them here, and this face has none
    return glyph
