"""Tags and filters for every page: `{% load web %}` gives icons, severities, figures with units, times and ages."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import template
from django.template import Context, Node, NodeList
from django.template.base import Parser, Token
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from onecity.kernel.core import clock, units
from onecity.kernel.web import figures, icons, wording

register = template.Library()

SEVERITIES: dict[str, tuple[object, str]] = {
    "blue": (pgettext_lazy("severity", "Blue"), '<circle cx="8" cy="8" r="6.5"/>'),
    "yellow": (pgettext_lazy("severity", "Yellow"), '<path d="M8 1.5 15 14.5H1z"/>'),
    "orange": (pgettext_lazy("severity", "Orange"), '<path d="M8 .75 15.25 8 8 15.25.75 8z"/>'),
    "red": (pgettext_lazy("severity", "Red"), '<path d="M4.9.75h6.2l4.15 4.15v6.2l-4.15 4.15H4.9L.75 11.1V4.9z"/>'),
    "ok": (pgettext_lazy("severity", "Normal"), '<circle cx="8" cy="8" r="4"/>'),
    "stale": (pgettext_lazy("severity", "No data"), '<circle cx="8" cy="8" r="5"/>'),
}


@register.simple_tag
def icon(name: str = "") -> SafeString:
    """`{% icon "bell" %}`: one drawing of the icon set."""
    return icons.svg(name or "")


@register.simple_tag
def severity(level: str, label: str = "") -> SafeString:
    """`{% severity alert.severity %}`: colour, shape and word together, so that none of them is needed alone."""
    title, shape = SEVERITIES.get(level, SEVERITIES["stale"])
    return format_html(
        '<span class="sev" data-severity="{}"><svg viewBox="0 0 16 16" aria-hidden="true">{}</svg>{}</span>',
        level,
        mark_safe(shape),  # noqa: S308 - a constant of this module
        label or title,
    )


@register.filter
def number(value: object, decimals: int | None = None) -> str:
    """`{{ count|number }}`, `{{ value|number:1 }}`: thousands separators, a real minus sign, `–` for nothing."""
    return wording.number(value, decimals)


@register.simple_tag
def quantity(value: object, unit: str = "", decimals: int | str | None = None) -> SafeString:
    """`{% quantity 35.2 "ug/m3" 1 %}`: the number with its unit's symbol; the unit is a UCUM code."""
    places = int(decimals) if decimals not in (None, "") else None
    text = wording.number(value, places)
    symbol = units.symbol(unit) if unit else ""
    return format_html('{}<span class="unit">{}</span>', text, symbol) if symbol else format_html("{}", text)


@register.filter
def day(value: dt.datetime | dt.date | None) -> str:
    """`{{ case.opened_at|day }}`: 2026年11月25日 / 25 Nov 2026."""
    if value is None:
        return wording.MISSING
    return wording.day(_local(value) if isinstance(value, dt.datetime) else value, _language())


@register.filter
def short_day(value: dt.datetime | dt.date | None) -> str:
    """`{{ report.start|short_day }}`: 11月25日 / 25 Nov, where the year is plain."""
    if value is None:
        return wording.MISSING
    return wording.short_day(_local(value) if isinstance(value, dt.datetime) else value, _language())


@register.filter
def moment(value: dt.datetime | None) -> SafeString:
    """`{{ alert.onset|moment }}`: short day and time, with the full one and its zone as title."""
    if value is None:
        return SafeString(wording.MISSING)
    local = _local(value)
    text = wording.moment(local, _local(clock.now()), _language())
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), full(local), text)


@register.simple_tag
def ago(value: dt.datetime | None, stale_after: dt.timedelta | int | None = None) -> SafeString:
    """`{% ago entity.observed_at %}`: 3 分钟前, kept current by the page; grey and marked once it is stale."""
    if value is None:
        return format_html('<span class="stale">{}</span>', _("never"))
    limit = stale_after if isinstance(stale_after, dt.timedelta) else dt.timedelta(seconds=stale_after or 7200)
    found = wording.age(value, clock.now(), limit)
    return format_html(
        '<time datetime="{}" title="{}" data-ago="{}" class="nowrap{}">{}</time>',
        value.isoformat(),
        full(_local(value)),
        int(limit.total_seconds()),
        " stale" if found.stale else "",
        found.text,
    )


@register.simple_tag
def due(deadline: dt.datetime | None, closed_at: dt.datetime | None = None) -> SafeString:
    """`{% due case.deadline case.closed_at %}`: the time left, kept current by the page; late and soon are marked."""
    if deadline is None:
        return format_html('<span class="quiet">{}</span>', _("no deadline"))
    at = closed_at or clock.now()
    left = (deadline - at).total_seconds()
    state = "late" if left < 0 else "soon" if left < figures.SOON_SECONDS and not closed_at else "open"
    text = wording.remaining(deadline, at)
    if closed_at:
        text = _("in time") if left >= 0 else text
    return format_html(
        '<time class="due" data-due="{}" datetime="{}" title="{}"{}>{}</time>',
        state,
        deadline.isoformat(),
        full(_local(deadline)),
        "" if closed_at else mark_safe(" data-countdown"),
        text,
    )


@register.simple_tag
def sparkline(values: Sequence[float | None], target: float | None = None, label: str = "") -> SafeString:
    """`{% sparkline values target %}`: a small line with its gaps, the target dashed and the last value as a dot."""
    drawing = figures.sparkline(values, target)
    if not drawing.path:
        return SafeString("")
    return format_html(
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">'
        '{}<path d="{}"/></svg>',
        label or _("Course of the last values"),
        format_html('<line x1="0" x2="100" y1="{0}" y2="{0}"/>', drawing.target) if drawing.target else "",
        drawing.path,
    )


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """`{% query page=2 %}`: the present address with some parameters changed (None removes one)."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.tag
def again(parser: Parser, token: Token) -> Node:
    """`{% again "title" %}`: a block of the page once more, so that heading and window title stay the same."""
    del parser
    return _Again(token.split_contents()[1].strip("\"'"))


@register.tag
def columns(parser: Parser, token: Token) -> Node:
    """`{% columns %}main{% beside %}aside{% endcolumns %}`: two columns where the aside has content, else one."""
    del token
    main = parser.parse(("beside",))
    parser.delete_first_token()
    aside = parser.parse(("endcolumns",))
    parser.delete_first_token()
    return _Columns(main, aside)


class _Again(Node):
    def __init__(self, name: str) -> None:
        self.name = name

    def render(self, context: Context) -> SafeString:
        blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
        block = blocks.get_block(self.name) if blocks else None
        return block.render(context) if block else SafeString("")


class _Columns(Node):
    child_nodelists = ("main", "aside")

    def __init__(self, main: NodeList, aside: NodeList) -> None:
        self.main = main
        self.aside = aside

    def render(self, context: Context) -> SafeString:
        main = self.main.render(context)
        aside = self.aside.render(context)
        if not aside.strip():
            return main
        return format_html('<div class="with-aside"><div>{}</div><aside>{}</aside></div>', main, aside)


def full(value: dt.datetime) -> str:
    """The whole moment with its zone, for titles and tables: `2026年11月25日 14:05 (UTC+8)`."""
    return f"{wording.day(value, _language())} {wording.clock(value)} ({wording.zone(value)})"


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value)


def _language() -> str:
    return get_language() or "zh-hans"


def shape_of(level: str) -> dict[str, Any]:
    """Title and SVG shape of a severity, for pages that draw their legend by script."""
    title, shape = SEVERITIES[level]
    return {"name": level, "title": str(title), "shape": shape}
