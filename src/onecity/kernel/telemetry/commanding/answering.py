"""What a device says about a command, read with care: it comes from outside, by every protocol in the same form."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem

MAX_ANSWER = 16 * 1024


class Form(msgspec.Struct):
    """`ok` false: it could not be carried out. `received` true: it is not carried out yet, only received."""

    id: str = ""
    ok: bool = True
    received: bool = False
    result: msgspec.Raw = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class Said:
    """What a device said: of which command, and what has become of it (a state)."""

    command_id: uuid.UUID
    outcome: str
    result: Mapping[str, Any]


def read(body: bytes, command_id: str = "") -> Said:
    """The answer in `body` (JSON; empty means carried out) to the command named there or in the address.

    Raises Problem 413 and 422.
    """
    if len(body) > MAX_ANSWER:
        longest = _("It may have %(most)d bytes.") % {"most": MAX_ANSWER}
        raise Problem("command-answer", _("The answer to the command is too long"), status=413, detail=longest)
    try:
        form = msgspec.json.decode(body or b"{}", type=Form)
        result: Any = msgspec.json.decode(bytes(form.result)) if bytes(form.result) else {}
        named = uuid.UUID(command_id or form.id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        title = _("The answer to the command cannot be read")
        detail = _("Send {“id”: “<command id>”, “ok”: true, “result”: {…}}.")
        raise Problem("command-answer", title, status=422, detail=detail) from error
    if not isinstance(result, dict):
        result = {"value": result}
    if form.received:
        return Said(named, "delivered", {})
    return Said(named, "acknowledged" if form.ok else "failed", _without_zero(result))


def _without_zero(value: Any) -> Any:
    """The same without U+0000, which the database does not keep in JSON."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_without_zero(name): _without_zero(item) for name, item in value.items()}
    return [_without_zero(item) for item in value] if isinstance(value, list) else value
