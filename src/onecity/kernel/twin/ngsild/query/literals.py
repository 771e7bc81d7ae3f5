"""Values as they are written in a query, and dates and times in the one form in which they are compared (4.6.3)."""

import re
from datetime import UTC, datetime, time

from onecity.kernel.twin.ngsild.query.language import Kind, Names, Value

NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)  # RFC 8259, 6
DATETIME = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z", re.ASCII)
# the same shapes for PostgreSQL's like_regex
SQL_DATETIME = r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-][0-9][0-9]:[0-9][0-9])$"
SQL_DATE = r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]$"
SQL_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$"
BIG = 400  # digits beyond which a number is no number of IEEE 754


def datetime_key(text: str) -> str | None:
    """Return a DateTime as text in UTC with microseconds, whose order is that of time; None when it is none."""
    if len(text) == 20 and text[19] == "Z" and DATETIME.fullmatch(text):
        moment = _moment(text)
        return None if moment is None else f"{text[:19]}.000000Z"
    if not DATETIME.fullmatch(text):
        return None
    moment = _moment(text)
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z".rjust(27, "0")


def date_key(text: str) -> str | None:
    """Return a Date; None when it is none."""
    if not DATE.fullmatch(text):
        return None
    return text if _moment(f"{text}T00:00:00Z") else None


def time_key(text: str) -> str | None:
    """Return a Time as text in UTC with microseconds; None when it is none."""
    if not TIME.fullmatch(text):
        return None
    return f"{time.fromisoformat(text[:-1]):%H:%M:%S.%f}Z"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(text: str) -> float | int | None:
    """Return a number of JSON; None when the text is none or too large for a float."""
    if not NUMBER.fullmatch(text) or len(text) > BIG:
        return None
    if text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    return None if value in {float("inf"), float("-inf")} else value


def plain_value(text: str) -> Value | None:
    """Return the value that unquoted text is by its form: truth value, number, DateTime, Date or Time; None for any other."""
    if text in {"true", "false"}:
        return Value("boolean", text == "true")
    found = number(text)
    if found is not None:
        return Value("number", found)
    return temporal_value(text)


def temporal_value(text: str) -> Value | None:
    """Return a DateTime, Date or Time; None when the text is none."""
    kinds: tuple[tuple[Kind, str | None], ...] = (
        ("datetime", datetime_key(text)),
        ("date", date_key(text)),
        ("time", time_key(text)),
    )
    return next((Value(kind, key) for kind, key in kinds if key is not None), None)


def word_value(text: str, kind: Kind, names: Names, *, expanded: bool) -> Value:
    """Return a text or URI; when `expanded`, what the @context makes of it, as `expandValues` asks for (4.9).

    A VocabProperty holds stored names: it can be equal to an IRI, or to a term only when `expanded`.
    """
    if expanded:
        stored = names.expand(text)
        return Value(kind, full_iri(stored), stored)
    return Value(kind, text, names.expand(text) if ":" in text else "")


DEFAULT_CONTEXT = "https://uri.etsi.org/ngsi-ld/default-context/"


def full_iri(stored: str) -> str:
    """Return the IRI that a stored name stands for."""
    return stored if ":" in stored else DEFAULT_CONTEXT + stored
