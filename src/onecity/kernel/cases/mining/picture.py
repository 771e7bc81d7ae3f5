"""The directly-follows graph as a picture: states from top to bottom, steps beside them, made without any script."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onecity.kernel.cases.mining.service import Edge, Line
from onecity.kernel.cases.mining.spans import spoken

WIDTH: Final = 560
BOX: Final = 270
HIGH: Final = 74
GAP: Final = 34
LEFT: Final = (WIDTH - BOX) // 2
# rarer steps only make the picture hard to read; the table has them all
SHOWN: Final = 24


@dataclass(frozen=True)
class _Place:
    """Where a state stands."""

    top: int

    @property
    def middle(self) -> float:
        """The middle of its box."""
        return self.top + HIGH / 2


def graph(lines: Sequence[Line], edges: Sequence[Edge]) -> SafeString:
    """An SVG of the states in the given order; nothing where there is no state. Steps back are dashed, on the left."""
    if not lines:
        return SafeString("")
    places = [_Place(12 + number * (HIGH + GAP)) for number in range(len(lines))]
    height = 24 + len(lines) * (HIGH + GAP) - GAP
    longest = max((line.waiting + line.working for line in lines), default=0.0) or 1.0
    kept = sorted(edges, key=lambda edge: -edge.count)[:SHOWN]
    most = max((edge.count for edge in kept), default=1)
    body = [_edge(edge, places, most) for edge in reversed(kept)]
    body += [_box(line, place, longest) for line, place in zip(lines, places, strict=True)]
    head = (
        f'<svg class="case-flow" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(_("How cases move from state to state"))}">'
        '<defs><marker id="flow-end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    # every text in it went through escape()
    return mark_safe(head + "".join(body) + "</svg>")  # noqa: S308 - see the line above


def _box(line: Line, place: _Place, longest: float) -> str:
    full = BOX - 24
    waiting, working = (max(0.0, value) / longest * full for value in (line.waiting, line.working))
    numbers = ngettext("%(n)s stay", "%(n)s stays", line.count) % {"n": f"{line.count:,}"} + (
        f" · {_('here now')} {line.here:,}" if line.here else ""
    )
    told = _("waits %(waiting)s, worked on %(working)s") % {
        "waiting": spoken(line.waiting),
        "working": spoken(line.working),
    }
    bar = place.top + HIGH - 13
    return (
        f"<g><title>{escape(f'{line.state_title}: {told}')}</title>"
        f'<rect class="box" x="{LEFT}" y="{place.top}" width="{BOX}" height="{HIGH}" rx="6"/>'
        f'<text x="{LEFT + 12}" y="{place.top + 19}" class="name">{escape(line.state_title)}</text>'
        f'<text x="{LEFT + 12}" y="{place.top + 53}" class="count">{escape(numbers)}</text>'
        f'<text x="{LEFT + 12}" y="{place.top + 37}" class="told">{escape(told)}</text>'
        f'<rect class="waiting" x="{LEFT + 12}" y="{bar}" width="{waiting:.1f}" height="6"/>'
        f'<rect class="working" x="{LEFT + 12 + waiting:.1f}" y="{bar}" width="{working:.1f}" height="6"/></g>'
    )


def _edge(edge: Edge, places: Sequence[_Place], most: int) -> str:
    source, target = places[edge.source], places[edge.target]
    width = 1 + 4 * log1p(edge.count) / log1p(most)
    text = f"{edge.count:,} · {spoken(edge.median)}"
    down = edge.target - edge.source
    if down == 1:
        x = WIDTH / 2
        y = source.top + HIGH
        path = f"M{x} {y}V{target.top}"
        label = (x + 10, y + GAP / 2 + 4, "start")
    else:
        # further apart: a wider bow, so that bows do not lie on each other
        bow = 20 + 14 * min(abs(down), 6)
        side, x = (1, LEFT + BOX) if down > 0 else (-1, LEFT)
        begin, end = source.middle + 6, target.middle - 6
        path = f"M{x} {begin}C{x + side * bow} {begin} {x + side * bow} {end} {x} {end}"
        label = (x + side * (bow * 0.75 + 5), (begin + end) / 2 + 4, "start" if side > 0 else "end")
    kind = "step" if down > 0 else "back"
    return (
        f'<g class="{kind}"><path d="{path}" stroke-width="{width:.1f}" marker-end="url(#flow-end)"/>'
        f'<text x="{label[0]:.0f}" y="{label[1]:.0f}" text-anchor="{label[2]}">{escape(text)}</text></g>'
    )
