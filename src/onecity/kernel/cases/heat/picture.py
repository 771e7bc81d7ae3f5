"""The heat map and the trend as pictures made by the server: cells over the outlines of divisions, bars by day."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from math import cos, radians, sqrt
from typing import Final

import shapely
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from shapely.geometry.base import BaseGeometry

from onecity.kernel.cases.heat.logic import cells
from onecity.kernel.cases.heat.service import Cell, Step

WIDTH: Final = 760
TALL: Final = 620
EDGE: Final = 8
BARS: Final = 150
# outlines finer than a third of a pixel of a district cost more than they show (degrees)
FINE: Final = 0.0004

Point = tuple[float, float]


def heat_map(found: Sequence[Cell], shapes: Sequence[BaseGeometry], link: Callable[[str], str]) -> SafeString:
    """An SVG of the cells, the darker the fuller, each a link to its cases; nothing where there is nothing to draw."""
    corners = {cell.name: cells.outline(cell.name) for cell in found}
    points = [point for one in corners.values() for point in one]
    bounds = [shapely.bounds(shape).tolist() for shape in shapes]
    xs = [x for x, _y in points] + [b[i] for b in bounds for i in (0, 2)]
    ys = [y for _x, y in points] + [b[i] for b in bounds for i in (1, 3)]
    if not xs:
        return SafeString("")
    flat = cos(radians((min(ys) + max(ys)) / 2))
    scale = min(
        (WIDTH - 2 * EDGE) / max((max(xs) - min(xs)) * flat, 1e-6), (TALL - 2 * EDGE) / max(max(ys) - min(ys), 1e-6)
    )
    left, top = min(xs), max(ys)

    def place(point: Point) -> str:
        return f"{EDGE + (point[0] - left) * flat * scale:.1f},{EDGE + (top - point[1]) * scale:.1f}"

    width = 2 * EDGE + (max(xs) - min(xs)) * flat * scale
    height = 2 * EDGE + (max(ys) - min(ys)) * scale
    most = max((cell.count for cell in found), default=1)
    body = [f'<path class="land" d="{_outline(shape, place)}"/>' for shape in shapes]
    body += [_cell(cell, corners[cell.name], most, place, link) for cell in found]
    body += [f'<path class="border" d="{_outline(shape, place)}"/>' for shape in shapes]
    # every text in it went through escape()
    return mark_safe(  # noqa: S308 - see the line above
        f'<svg class="case-heat" viewBox="0 0 {width:.0f} {height:.0f}" role="group" aria-label="{escape(_("Cases by cell"))}">'
        + "".join(body)
        + "</svg>"
    )


def _cell(
    cell: Cell, corners: Sequence[Point], most: int, place: Callable[[Point], str], link: Callable[[str], str]
) -> str:
    told = ngettext("%(n)s case", "%(n)s cases", cell.count) % {"n": f"{cell.count:,}"}
    title = _("%(cases)s, most of them: %(kind)s (%(n)s)") % {
        "cases": told,
        "kind": cell.kind,
        "n": f"{cell.of_kind:,}",
    }
    share = 0.15 + 0.8 * sqrt(cell.count / most)
    return (
        f'<a href="{escape(link(cell.name))}" aria-label="{escape(title)}"><polygon points="{" ".join(map(place, corners))}" '
        f'fill-opacity="{share:.2f}"><title>{escape(title)}</title></polygon></a>'
    )


def _outline(shape: BaseGeometry, place: Callable[[Point], str]) -> str:
    rings = [ring for part in shapely.get_parts(shapely.simplify(shape, FINE)).tolist() for ring in _rings(part)]
    return "".join("M" + "L".join(place((x, y)) for x, y in ring) + "Z" for ring in rings)


def _rings(part: BaseGeometry) -> Iterable[Sequence[Point]]:
    outer = shapely.get_exterior_ring(part)
    return [shapely.get_coordinates(outer).tolist()] if outer is not None else []


def trend(steps: Sequence[Step]) -> SafeString:
    """Bars of what was opened and ended, side by side, with the largest number and the days at both ends."""
    most = max((max(step.opened, step.ended) for step in steps), default=0)
    if not most:
        return SafeString("")
    width = (WIDTH - 40) / len(steps)
    body = []
    for number, step in enumerate(steps):
        x = 40 + number * width
        told = _("%(day)s: %(opened)s opened, %(ended)s ended") % {
            "day": _day(step.day), "opened": f"{step.opened:,}", "ended": f"{step.ended:,}",
        }  # fmt: skip
        bars = "".join(
            f'<rect class="{name}" x="{x + shift * width:.1f}" y="{10 + BARS * (1 - value / most):.1f}" '
            f'width="{max(width * 0.38, 0.8):.1f}" height="{BARS * value / most:.1f}"/>'
            for name, value, shift in (("opened", step.opened, 0.1), ("ended", step.ended, 0.5))
        )
        body.append(f"<g><title>{escape(told)}</title>{bars}</g>")
    base = 10 + BARS
    words = (
        f'<text x="34" y="20" class="most">{most:,}</text><text x="34" y="{base}" class="most">0</text>'
        f'<text x="40" y="{base + 20}">{_day(steps[0].day)}</text>'
        f'<text x="{WIDTH}" y="{base + 20}" class="most">{_day(steps[-1].day)}</text><path d="M40 {base}H{WIDTH}"/>'
    )
    # every text in it went through escape() or is a number
    return mark_safe(  # noqa: S308 - see the line above
        f'<svg class="case-trend" viewBox="0 0 {WIDTH} {base + 28}" role="img" aria-label="{escape(_("Opened and ended by day"))}">'
        f"{''.join(body)}{words}</svg>"
    )


def _day(day: dt.date) -> str:
    return day.isoformat()
