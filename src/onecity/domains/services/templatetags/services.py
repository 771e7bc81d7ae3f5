"""Tags for pages of services: texts in the reader's language, time limits, labels of codes."""

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onecity.domains.services.items.logic.codes import LISTS
from onecity.domains.services.items.logic.item import Item, Limit
from onecity.kernel.cases.types import in_language

register = template.Library()


@register.filter
def said(text: Mapping[str, str] | None) -> str:
    """`{{ item.name|said }}`: the text in the reader's language."""
    return in_language(text) if text else ""


@register.filter
def limit(value: Limit) -> str:
    """`{{ item.limits.promised|limit }}`: how long, in words."""
    if value.text:
        return in_language(value.text)
    amount = int(value.amount) if value.amount == int(value.amount) else value.amount
    count = int(value.amount)
    words = {
        "working_hours": ngettext("%(n)s working hour", "%(n)s working hours", count),
        "working_days": ngettext("%(n)s working day", "%(n)s working days", count),
        "calendar_days": ngettext("%(n)s calendar day", "%(n)s calendar days", count),
    }
    return words[value.unit] % {"n": amount}


@register.filter
def speed(item: Item) -> str:
    """`{{ item|speed }}`: how fast it goes, as a list of services says it."""
    return _("in seconds") if item.automatic else limit(item.limits.promised)


@register.filter
def label(code: str, name: str) -> str:
    """`{{ item.kind|label:"kind" }}`: what a code of a list means."""
    return in_language(LISTS[name].label(code))
