"""The sentences that scripts say, handed to the page in its language: keys are the English texts."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def words() -> dict[str, str]:
    """Every text a module of `static/web/js` asks for by `say(…)`; `{name}` is filled in by the script."""
    return (_general() | _live() | _charts() | _maps()) | {f"state:{name}": text for name, text in states().items()}


def states() -> dict[str, str]:
    """The state of an entity in one word, as legends and lists name it."""
    return {
        "ok": pgettext("severity", "Normal"),
        "stale": pgettext("severity", "No data"),
        "blue": pgettext("severity", "Blue"),
        "yellow": pgettext("severity", "Yellow"),
        "orange": pgettext("severity", "Orange"),
        "red": pgettext("severity", "Red"),
    }


def _general() -> dict[str, str]:
    return {
        "now": _("now"),
        "just now": _("just now"),
        "{span} ago": _("{span} ago"),
        "{span} left": _("{span} left"),
        "{span} overdue": _("{span} overdue"),
        "Try again": _("Try again"),
        "Close": _("Close"),
    }


def _live() -> dict[str, str]:
    return {
        "Live": _("Live"),
        "Connecting again": _("Connecting again"),
        "Paused": _("Paused"),
        "Last heard: {ago}": _("Last heard: {ago}"),
    }


def _charts() -> dict[str, str]:
    return {
        "Time": _("Time"),
        "Table": _("Table"),
        "Chart": _("Chart"),
        "no data": _("no data"),
        "No measurements in this period.": _("No measurements in this period."),
        "The chart could not be loaded.": _("The chart could not be loaded."),
        "{name}: last {last}, lowest {low}, highest {high}": _("{name}: last {last}, lowest {low}, highest {high}"),
    }


def _maps() -> dict[str, str]:
    return {
        "Map": _("Map"),
        "List": _("List"),
        "Zoom in": _("Zoom in"),
        "Zoom out": _("Zoom out"),
        "m": pgettext("metres on a scale", "m"),
        "km": pgettext("kilometres on a scale", "km"),
        "{count} places on the map": _("{count} places on the map"),
        "Nothing to show here.": _("Nothing to show here."),
        "The map could not be loaded.": _("The map could not be loaded."),
    }
