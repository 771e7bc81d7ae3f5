"""What may be a name, an identifier, a scope or a moment (ETSI GS CIM 009 V1.9.1, 4.6.2, 4.6.3, 4.18)."""

import datetime as dt
import re
import unicodedata
from typing import Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.limits import NAME_LENGTH, URI_LENGTH
from onecity.kernel.twin.ngsild.model.problems import bad_request

URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|\\^`\x7f]+", re.ASCII)
# of Unicode's general categories
UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
FILLERS: Final = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10),
              *range(0xE0100, 0xE01F0)))
)  # fmt: skip
DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z", re.ASCII)


def is_uri(text: object) -> bool:
    """Whether `text` is an absolute URI (or IRI)."""
    return isinstance(text, str) and URI.fullmatch(text) is not None and len(text) <= URI_LENGTH and _sound(text)


def _sound(text: str) -> bool:
    """Whether every character can be seen: what differs only in characters that nobody sees would be told apart by nobody."""
    return text.isascii() or not any(_unseen(character) for character in text)


def _unseen(character: str) -> bool:
    """Controls, formats, halves of characters, blanks, what is no character (RFC 3987, 2.2), fillers and selectors of variants."""
    return unicodedata.category(character) in UNSEEN or character in FILLERS or (ord(character) & 0xFFFE) == 0xFFFE


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
