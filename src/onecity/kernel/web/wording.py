"""How OneCity writes figures, units, dates and ages, in the reader's language: pure functions on plain values."""

import datetime as dt
import math
from dataclasses import dataclass

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MISSING = "–"
MINUS = "−"
STALE_AFTER = dt.timedelta(hours=2)


@dataclass(frozen=True)
class Age:
    """How long ago something was seen, in words, and whether that is too long."""

    text: str
    stale: bool


def number(value: object, decimals: int | None = None) -> str:
    """A number with thousands separators and a real minus sign; `–` for nothing, NaN and infinities."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return MISSING
    places = decimals if decimals is not None else (0 if float(value).is_integer() else 1)
    text = f"{value:,.{places}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]
    return text


def day(value: dt.datetime | dt.date, language: str) -> str:
    """`2026年11月25日` in Chinese, `25 Nov 2026` in English."""
    if language.startswith("zh"):
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def short_day(value: dt.datetime | dt.date, language: str) -> str:
    """`11月25日` in Chinese, `25 Nov` in English."""
    if language.startswith("zh"):
        return f"{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]}"


def clock(value: dt.datetime) -> str:
    """`14:05`, in the zone of the value."""
    return f"{value.hour:02d}:{value.minute:02d}"


def moment(value: dt.datetime, now: dt.datetime, language: str) -> str:
    """Day and time, as short as is unambiguous: the time today, the day without its year this year."""
    if value.date() == now.date():
        return clock(value)
    date = short_day(value, language) if value.year == now.year else day(value, language)
    return f"{date} {clock(value)}"


def zone(value: dt.datetime) -> str:
    """The offset of an aware value as people read it: `UTC+8`, `UTC+5:30`."""
    offset = value.utcoffset() or dt.timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "+" if minutes >= 0 else MINUS
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def duration(seconds: float) -> str:
    """A span in its two largest useful units: `3 分钟`, `2 小时 5 分钟`, `4 天`."""
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return ngettext("%(count)d second", "%(count)d seconds", int(abs(seconds))) % {"count": int(abs(seconds))}
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    parts: list[str] = []
    if days:
        parts.append(ngettext("%(count)d day", "%(count)d days", days) % {"count": days})
    if hours_left and days < 3:
        parts.append(ngettext("%(count)d hour", "%(count)d hours", hours_left) % {"count": hours_left})
    if minutes_left and not days and hours < 6:
        parts.append(ngettext("%(count)d minute", "%(count)d minutes", minutes_left) % {"count": minutes_left})
    return ("" if (get_language() or "zh").startswith("zh") else " ").join(parts)


def age(value: dt.datetime, now: dt.datetime, stale_after: dt.timedelta = STALE_AFTER) -> Age:
    """How long before `now` the value lies; a moment in the future by clock difference counts as just now."""
    passed = now - value
    if passed < dt.timedelta(seconds=45):
        return Age(_("just now"), stale=False)
    return Age(_("{span} ago").format(span=duration(passed.total_seconds())), stale=passed > stale_after)


def remaining(deadline: dt.datetime, now: dt.datetime) -> str:
    """The time left to a deadline, or by how much it has passed, in words."""
    left = (deadline - now).total_seconds()
    if left >= 0:
        return _("{span} left").format(span=duration(left))
    return _("{span} overdue").format(span=duration(left))
