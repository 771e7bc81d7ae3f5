"""Moments as GeoReport v2 writes them: the W3C profile of ISO 8601, always with a zone."""

import datetime as dt
import re

# W3C note "Date and Time Formats" (1998): the forms with a time carry a zone
W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)\Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


def write(moment: dt.datetime | None) -> str | None:
    """A moment in UTC to the second, `2010-04-14T14:37:38Z`."""
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str, zone: dt.tzinfo) -> dt.datetime:
    """A moment; a day alone begins at midnight of `zone`. Raises ValueError for what names no moment.

    A plus sign that an address turned into a space is understood.
    """
    text = text.strip().replace(" ", "+")
    if DAY.match(text):
        return dt.datetime.fromisoformat(text).replace(tzinfo=zone)
    if not W3C.match(text):
        raise ValueError(text)
    moment = dt.datetime.fromisoformat(text)
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(text) from error
