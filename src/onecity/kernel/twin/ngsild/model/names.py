"""What may be a name, an identifier, a scope or a moment (ETSI GS CIM 009 V1.9.1, 4.6.2, 4.6.3, 4.18)."""

import datetime as dt
import re
from typing import Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.limits import NAME_LENGTH, URI_LENGTH
from onecity.kernel.twin.ngsild.model.problems import bad_request

URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|\\^`\x7f]+", re.ASCII)
DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z", re.ASCII)


def is_uri(text: object) -> bool:
    """Whether `text` is an absolute URI (or IRI)."""
    return isinstance(text, str) and URI.fullmatch(text) is not None and len(text) <= URI_LENGTH and _sound(text)


def _sound(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def require_uri(value: object, where: str) -> str:
    """Return `value` when it is a URI; raises Problem."""
    if isinstance(value, str) and is_uri(value):
        return value
    raise bad_request(_("{where} must be a URI, such as urn:ngsi-ld:AirQualityObserved:1.", where=where), where)


def is_name(name: str) -> bool:
    """Whether `name` is a letter followed by letters, digits and underscores, with a prefix or not, or a whole IRI."""
    if not name or len(name) > NAME_LENGTH:
        return False
    if ":" in name:
        return is_uri(name)
    return name[0].isalpha() and name.replace("_", "").isalnum()


def is_scope(scope: object) -> bool:
    """Whether `scope` is a path of names such as `/Madrid/Gardens` (the first slash may be missing)."""
    if not isinstance(scope, str) or len(scope) > URI_LENGTH:
        return False
    levels = scope[1:].split("/") if scope.startswith("/") else scope.split("/")
    return all(":" not in level and is_name(level) for level in levels)


def moment(value: object, where: str) -> str:
    """Return a DateTime as it is kept: UTC, `Z`, a decimal point; raises Problem. As given but for the comma."""
    if isinstance(value, str) and DATE_TIME.fullmatch(value):
        text = value.replace(",", ".")
        if _exists(text):
            return text
    raise bad_request(
        _(
            "{where} must be a moment in UTC, written like 2026-07-01T08:00:00Z or 2026-07-01T08:00:00.125Z.",
            where=where,
        ),
        where,
    )


def _exists(text: str) -> bool:
    """Whether there is such a day and hour."""
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def moment_or_null(value: object, where: str, *, nulls: bool) -> str:
    """Like `moment`; NGSI-LD Null passes where `nulls` says so."""
    return NULL if nulls and value == NULL else moment(value, where)
