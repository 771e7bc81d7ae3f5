"""Figures of the score card as people read them; a dash where there is no sample."""

from collections.abc import Mapping

from django import template

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
