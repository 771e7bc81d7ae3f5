"""JSON of strangers: decoded within limits, and without what the database cannot keep."""

import re
from typing import Any

import msgspec

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.http.limits import MAX_DEPTH
from onecity.kernel.twin.ngsild.model import problems

STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
OTHERS = bytes(set(range(256)) - set(b"[]{}"))
OPENING = frozenset(b"[{")
DECODER = msgspec.json.Decoder()


def decode(body: bytes) -> Any:
    """The value that the body holds; raises Problem 400 (InvalidRequest, BadRequestData)."""
    # brackets within texts are looked at only where there may be too many
    if depth(body) > MAX_DEPTH and depth(STRINGS.sub(b"", body)) > MAX_DEPTH:
        raise problems.bad_request(_("The body is nested deeper than {most} levels.", most=MAX_DEPTH))
    try:
        value = DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise problems.invalid_request(_("The body is not valid JSON: {reason}", reason=str(error))) from error
    if b"\\u0000" in body and _holds_nul(value):
        raise problems.bad_request(_("A text must not contain the character NUL."))
    return value


def depth(body: bytes) -> int:
    """How deeply brackets are nested."""
    brackets = body.translate(None, OTHERS)
    if brackets.count(b"[") + brackets.count(b"{") <= MAX_DEPTH:
        return 0
    level = deepest = 0
    for char in brackets:
        if char in OPENING:
            level += 1
            if level > deepest:  # noqa: PLR1730 - twice as fast as max(), once for each bracket
                deepest = level
        else:
            level -= 1
    return deepest


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in key or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_holds_nul(item) for item in value)
