"""Spans of time as people say them, with the one unit that fits."""

from typing import Final

from django.utils.translation import gettext as _

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0


def spoken(seconds: float) -> str:
    """A span in days, hours or minutes; with one decimal while it is short."""
    for unit, text in ((DAY, _("%(n)s d")), (HOUR, _("%(n)s h"))):
        if seconds >= unit:
            value = seconds / unit
            return text % {"n": f"{value:.1f}" if value < 10 else f"{value:,.0f}"}
    return _("%(n)s min") % {"n": f"{seconds / MINUTE:.0f}"}
