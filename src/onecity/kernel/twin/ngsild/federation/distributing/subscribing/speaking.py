"""What is said to a source about a subscription: create it, change it, delete it, in the words that it understands."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, unquote

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.records import Passed
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.reducing import changes
from onecity.kernel.twin.ngsild.http.router import PREFIX
from onecity.kernel.twin.ngsild.subscriptions import names

SUBSCRIPTIONS: Final = "/subscriptions"
DOOR: Final = "/sourceNotifications"
# conditions in the client's own words, which are not translated: in others they are applied here alone
OWN_WORDS: Final = ("q", "expandValues", "jsonKeys")
LONGEST_NAME: Final = 1024
Make = Callable[[Passed, Context, str], Speak]


def creating(one: Passed, context: Context, base: str) -> Speak:
    """5.8.1 at the source; `base` is our own address."""

    def made(words: Words) -> Call:
        body = {"id": one.remote, "type": "Subscription", **_shown(one, one.document, words, context, base)}
        return Call("POST", SUBSCRIPTIONS, {}, body)

    return made


def updating(one: Passed, context: Context, base: str) -> Speak:
    """5.8.2 at the source."""

    def made(words: Words) -> Call:
        before = _shown(one, one.sent or {}, words, context, base)
        body = {"type": "Subscription", **changes(before, _shown(one, one.document, words, context, base))}
        return Call("PATCH", _address(one), {}, body)

    return made


def deleting(one: Passed, _context: Context, _base: str) -> Speak:
    """5.8.5 at the source."""
    return lambda _words: Call("DELETE", _address(one))


def receiver(one: Passed, base: str) -> str:
    """The address at which we take what the source tells."""
    return f"{base.rstrip('/')}{PREFIX}{DOOR}/{one.key}"


def name_of(reply: Reply) -> str:
    """The name that the source gave the subscription; "" where it does not say."""
    name = unquote(reply.headers.get("location", "").rstrip("/").rpartition("/")[2])
    return name if ":" in name and len(name) <= LONGEST_NAME else ""


def _address(one: Passed) -> str:
    return f"{SUBSCRIPTIONS}/{quote(one.remote, safe=':')}"


def _shown(one: Passed, document: dict[str, Any], words: Words, context: Context, base: str) -> dict[str, Any]:
    shown = names.shown(document, words.context)
    if words.context is not context:
        shown = {name: value for name, value in shown.items() if name not in OWN_WORDS}
    if "notification" in shown:
        endpoint = {"uri": receiver(one, base), "accept": "application/json"}
        shown["notification"] = {**shown["notification"], "endpoint": endpoint}
    return shown
