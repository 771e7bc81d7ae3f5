"""Texts in the reader's language, and values of registers as people read them."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Final

from django import template
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from onecity.kernel.cases.types import in_language

register = template.Library()
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@register.simple_tag
def in_words(text: object) -> str:
    """A text by language."""
    return in_language(text) if isinstance(text, Mapping) else str(text or "")


@register.filter(name="in_language")
def in_language_filter(text: object) -> str:
    """The same as a filter."""
    return in_words(text)


@register.simple_tag
def plain_value(value: object) -> str:
    """A value as people read it: yes and no, days, lists."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return "、".join(str(one) for one in value)
    text = str(value)
    if DAY.match(text):
        day = dt.date.fromisoformat(text)
        chinese = (get_language() or "zh").startswith("zh")
        return f"{day.year}年{day.month}月{day.day}日" if chinese else f"{day.day} {day:%b %Y}"
    return text


@register.simple_tag
def item_name(code: str, items: Sequence[tuple[str, str]]) -> str:
    """The name of an item among (name, code) pairs."""
    return next((name for name, known in items if known == code), code)


OUTCOMES: Final[Mapping[str, object]] = {
    "grant": gettext_lazy("Granted"),
    "refuse": gettext_lazy("Refused"),
    "person": gettext_lazy("To a person"),
}


@register.simple_tag
def outcome(name: str) -> str:
    """What a table says, in words."""
    return str(OUTCOMES.get(name, name))


@register.simple_tag
def count_of(counts: Mapping[str, int], name: str) -> int:
    """A count by name, nothing counted as none."""
    return counts.get(name, 0)


@register.filter
def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()
