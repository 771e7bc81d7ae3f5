"""Words for alerts and places on the operations pages: `{% load operations %}`."""

from collections.abc import Mapping

from django import template

from onecity.kernel.rules.definition import in_language
from onecity.kernel.rules.models import Alert

register = template.Library()


@register.simple_tag
def rule_title(alert: Alert) -> str:
    """What the alert's rule is called, in the reader's language."""
    return in_language(alert.version.definition["titles"])


@register.simple_tag
def place_name(names: Mapping[str, str], path: str) -> str:
    """The name of a division out of those that the view looked up."""
    return names.get(path, "")
