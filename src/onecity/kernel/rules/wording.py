"""Rules in plain words: what is wrong with one, what one asks, and what changed between two."""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from onecity.kernel.core import units
from onecity.kernel.core.clock import now
from onecity.kernel.rules.logic.conditions import (
    Absence,
    Baseline,
    Condition,
    ConditionError,
    Direction,
    Kind,
    Rate,
    Severity,
    Window,
    WindowFunction,
)

KINDS: Mapping[Kind, object] = {
    Kind.THRESHOLD: gettext_lazy("Limit value"),
    Kind.RATE: gettext_lazy("Rate of change"),
    Kind.ABSENCE: gettext_lazy("No data"),
    Kind.WINDOW: gettext_lazy("Sliding window"),
    Kind.BASELINE: gettext_lazy("Unusual for the hour"),
}
FUNCTIONS: Mapping[WindowFunction, object] = {
    WindowFunction.MEAN: gettext_lazy("mean"),
    WindowFunction.SUM: gettext_lazy("sum"),
    WindowFunction.MINIMUM: gettext_lazy("lowest value"),
    WindowFunction.MAXIMUM: gettext_lazy("highest value"),
    WindowFunction.COUNT: gettext_lazy("number of readings"),
    WindowFunction.SHARE: gettext_lazy("share of readings above a value"),
    WindowFunction.SPREAD: gettext_lazy("highest minus lowest value"),
}
COLOURS: Mapping[Severity, object] = {
    Severity.BLUE: gettext_lazy("Blue"),
    Severity.YELLOW: gettext_lazy("Yellow"),
    Severity.ORANGE: gettext_lazy("Orange"),
    Severity.RED: gettext_lazy("Red"),
}
FAULTS: Mapping[str, object] = {
    "levels_missing": gettext_lazy("Give at least one colour its value."),
    "level_not_finite": gettext_lazy("A limit must be a number."),
    "clear_beyond_raise": gettext_lazy(
        "The value that ends an alert must lie on the good side of the one that raises it."
    ),
    "levels_order": gettext_lazy("Colours go from blue to red, each once."),
    "levels_nested": gettext_lazy("A graver colour needs a worse value than the milder one."),
    "absence_hysteresis": gettext_lazy("Missing data end with the next reading: leave the second value empty."),
    "span_out_of_range": gettext_lazy("A period lies between one second and 31 days."),
    "history_out_of_range": gettext_lazy("The history lies between 1 and 53 weeks."),
    "direction_not_allowed": gettext_lazy("This direction has no meaning for this kind of rule."),
    "count_too_small": gettext_lazy("At least one reading is needed."),
    "count_too_large": gettext_lazy("At most 30,000 readings can be asked for."),
    "share_above": gettext_lazy("A share needs the value that its readings are above; nothing else does."),
    "spread_negative": gettext_lazy("The smallest spread is zero or more."),
    "word_unknown": gettext_lazy("Choose one of the values offered."),
    "not_a_number": gettext_lazy("This must be a number."),
    "not_whole": gettext_lazy("This must be a whole number."),
}


def condition_fault(fault: ConditionError) -> object:
    """Return what is wrong with a condition, in plain words."""
    return FAULTS.get(fault.code, gettext_lazy("This value is not possible."))


def span(period: timedelta) -> str:
    """Return a period in its one or two largest units: 90 seconds as 1 minute 30 seconds, seven days as 1 week."""
    rest, parts = round(period.total_seconds()), []
    for seconds, words in _UNITS:
        # weeks only where nothing else remains: 10 days reads better than 1 week 3 days
        count = rest // seconds if seconds < WEEK or rest % WEEK == 0 else 0
        if count:
            parts.append(words(count))
            rest -= count * seconds
    return " ".join(parts[:2]) or _UNITS[-1][1](0)


WEEK = 604_800
_UNITS: tuple[tuple[int, Callable[[int], str]], ...] = (
    (WEEK, lambda n: ngettext("%(n)d week", "%(n)d weeks", n) % {"n": n}),
    (86_400, lambda n: ngettext("%(n)d day", "%(n)d days", n) % {"n": n}),
    (3600, lambda n: ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}),
    (60, lambda n: ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}),
    (1, lambda n: ngettext("%(n)d second", "%(n)d seconds", n) % {"n": n}),
)


def number(value: float) -> str:
    """Return a number to six significant digits, without needless zeros; powers of ten only where nobody could count."""
    if value and not 1e-9 <= abs(value) < 1e15:
        digits, exponent = f"{value:.5e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}×10{str(int(exponent)).translate(_RAISED)}"
    decimals = max(0, 5 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{min(decimals, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def rounded(value: float, decimals: int | None) -> str:
    """Return a measured number with the decimals that its attribute declares; None where it declares none."""
    text = number(value) if decimals is None else f"{value:,.{decimals}f}"
    # what is not zero must not be written as zero
    return number(value) if value and not text.strip("-0.") else text


def feature_unit(condition: Condition, unit: str) -> str:
    """Return the symbol of the unit in which the levels of a condition stand, given the attribute's UCUM code."""
    symbol = units.symbol(unit) if unit else ""
    if isinstance(condition, Rate):
        return f"{symbol or '1'}/{_per(condition.per)}"
    if isinstance(condition, Absence):
        return "s"
    if isinstance(condition, Baseline):
        return "σ"
    if isinstance(condition, Window) and condition.function in {WindowFunction.COUNT, WindowFunction.SHARE}:
        return ""
    return symbol


def feature_title(condition: Condition, attribute_title: str) -> str:
    """Return the name of what a condition compares with its levels."""
    if isinstance(condition, Rate):
        return _("Change of %(attribute)s") % {"attribute": attribute_title}
    if isinstance(condition, Absence):
        return _("Time without %(attribute)s") % {"attribute": attribute_title}
    if isinstance(condition, Baseline):
        return _("Deviation of %(attribute)s") % {"attribute": attribute_title}
    if isinstance(condition, Window):
        names = {
            "attribute": attribute_title,
            "function": FUNCTIONS[condition.function],
            "span": span(condition.span),
        }
        return _("%(attribute)s, %(function)s of %(span)s") % names
    return attribute_title


def peak(condition: Condition, value: float, unit: str, decimals: int | None = None) -> str:
    """Return the worst value of what a condition looks at, with its unit and the decimals of its attribute."""
    if isinstance(condition, Absence):
        return span(timedelta(seconds=round(value)))
    if isinstance(condition, Window) and condition.function is WindowFunction.SHARE:
        return f"{value:.0%}"
    if isinstance(condition, Baseline):
        decimals = 1
    return f"{rounded(value, decimals)} {feature_unit(condition, unit)}".strip()


def lasted(onset: dt.datetime, end: dt.datetime | None) -> str:
    """Return how long an alert has lasted, to the minute."""
    seconds = ((end or now()) - onset).total_seconds()
    return span(timedelta(minutes=round(seconds / 60)) if seconds >= 60 else timedelta(seconds=round(seconds)))


def sentence(condition: Condition, attribute_title: str, unit: str) -> str:
    """Return what a condition asks as one sentence, its levels with their colours."""
    levels = _(", ").join(_level(condition, level.severity, level.raise_at, unit) for level in condition.levels)
    if isinstance(condition, Absence):
        return _("No %(attribute)s for longer than %(levels)s") % {"attribute": attribute_title, "levels": levels}
    text = {
        Direction.ABOVE: _("%(feature)s above %(levels)s"),
        Direction.BELOW: _("%(feature)s below %(levels)s"),
        Direction.EITHER: _("%(feature)s, up or down, by more than %(levels)s"),
    }[condition.direction] % {"feature": feature_title(condition, attribute_title), "levels": levels}
    if condition.duration:
        text = _("%(text)s, for %(span)s") % {"text": text, "span": span(condition.duration)}
    return text


def _level(condition: Condition, severity: Severity, value: float, unit: str) -> str:
    colour = COLOURS[severity]
    if isinstance(condition, Absence):
        return _("%(value)s (%(colour)s)") % {"value": span(timedelta(seconds=value)), "colour": colour}
    if isinstance(condition, Window) and condition.function is WindowFunction.SHARE:
        return _("%(value)s (%(colour)s)") % {"value": f"{value:.0%}", "colour": colour}
    symbol = feature_unit(condition, unit)
    text = f"{number(value)} {symbol}".strip()
    return _("%(value)s (%(colour)s)") % {"value": text, "colour": colour}


def _per(period: timedelta) -> str:
    known = {
        3600: pgettext("per", "h"),
        60: pgettext("per", "min"),
        1: pgettext("per", "s"),
        86400: pgettext("per", "d"),
    }
    return known.get(round(period.total_seconds()), span(period))


def member(name: str) -> str:
    """Return what a member of a rule's data is called, for a list of differences."""
    first, _dot, rest = name.partition(".")
    if first in MEMBERS:
        return str(MEMBERS[first])
    if first == "condition" and rest.startswith("levels."):
        _levels, severity, side = rest.split(".")
        text = _("%(colour)s raises at") if side == "raise_at" else _("%(colour)s ends at")
        return text % {"colour": COLOURS[Severity(severity)]}
    return str(MEMBERS.get(rest, rest or name))


def shown(name: str, value: object) -> str:
    """Return the value of a member of a rule's data as people read it."""
    if value is None or value in ("", {}, []):
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(_WORDS.get(value, value) if isinstance(value, str) else value)
    return span(timedelta(seconds=value)) if name.endswith("_seconds") else number(value)


_WORDS: Mapping[str, object] = {
    word.value: title for words in (KINDS, FUNCTIONS, COLOURS) for word, title in words.items()
}
MEMBERS: Mapping[str, object] = {
    "titles": gettext_lazy("Title"),
    "descriptions": gettext_lazy("Explanation"),
    "entity_type": gettext_lazy("What is watched"),
    "attribute": gettext_lazy("What is watched"),
    "division_path": gettext_lazy("Where"),
    "properties": gettext_lazy("Only with these properties"),
    "case_type": gettext_lazy("Opens a case"),
    "case_from": gettext_lazy("From this colour on"),
    "kind": gettext_lazy("Kind"),
    "direction": gettext_lazy("Direction"),
    "duration_seconds": gettext_lazy("Must last"),
    "per_seconds": gettext_lazy("Change per"),
    "max_gap_seconds": gettext_lazy("Readings at most so far apart"),
    "span_seconds": gettext_lazy("Window"),
    "function": gettext_lazy("Function"),
    "minimum_count": gettext_lazy("At least so many"),
    "share_above": gettext_lazy("Share of readings above"),
    "history_seconds": gettext_lazy("Compare with the last"),
    "minimum_spread": gettext_lazy("Smallest spread"),
}
