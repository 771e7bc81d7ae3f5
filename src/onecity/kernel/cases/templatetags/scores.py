"""Figures of the score card as people read them; a dash where there is no sample."""

from collections.abc import Mapping, Sequence

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from onecity.kernel.cases.mining.service import Line as Stays
from onecity.kernel.cases.mining.spans import spoken
from onecity.kernel.cases.scoring.service import Line, Table
from onecity.kernel.cases.scoring.words import LISTS, OPENS

register = template.Library()
NOTHING = "–"


@register.filter
def of(values: Mapping[str, object], name: str) -> object:
    """The value under this name."""
    return values[name]


@register.filter
def points(value: float | None) -> str:
    """Points with one decimal."""
    return NOTHING if value is None else f"{value:.1f}"


@register.filter
def whole(value: float | None) -> str:
    """A count."""
    return NOTHING if value is None else f"{value:,.0f}"


@register.filter
def rate(value: float | None) -> str:
    """A share in per cent."""
    return NOTHING if value is None else f"{value * 100:.1f} %"


@register.simple_tag
def figure(table: Table, line: Line, name: str, text: str) -> SafeString:
    """A figure that opens the list of its cases; one without a sample opens nothing."""
    if text in {NOTHING, "0"}:
        return format_html("{}", text)
    wanted = OPENS.get(name, name)
    address = urlencode(
        {
            "office": str(line.office.id),
            "figure": wanted,
            "first": table.since.isoformat(),
            "last": table.until.isoformat(),
        }
    )
    return format_html(
        '<a href="{}?{}" title="{}">{}</a>', reverse("cases:scores_behind"), address, LISTS[wanted], text
    )


@register.filter
def span(seconds: float) -> str:
    """A span of time in the unit that fits."""
    return spoken(seconds)


@register.filter
def at(lines: Sequence[Stays], place: int) -> str:
    """What the state of the line at this place is called."""
    return lines[place].state_title


@register.filter
def signed(value: float | None) -> str:
    """A growth in per cent with its sign."""
    return NOTHING if value is None else f"{value * 100:+.0f} %"
