"""Names inside the texts of a subscription, from a client's terms to stored names and back, the rest left as it stands."""

import re
from collections.abc import Callable
from typing import Any, Final

from onecity.kernel.twin.ngsild.context.terms import Context

TYPES: Final = re.compile(r"[^,|;()\s*]+")
MEMBERS: Final = re.compile(r"[^,|{}\s]+")
KEPT: Final = frozenset({"id", "type", "scope"})
# members of the notification that name attributes, each a list of texts
SHOWN: Final = ("attributes", "pick", "omit")

Rename = Callable[[str], str]


def _within(text: str, pattern: re.Pattern[str], rename: Rename) -> str:
    return pattern.sub(lambda found: found[0] if found[0] in KEPT else rename(found[0]), text)


def renamed(document: dict[str, Any], rename: Rename) -> dict[str, Any]:
    """The document with every name of a type or an attribute renamed; `q` is left as it is (see Subscription.context)."""
    result = dict(document)
    if "entities" in result:
        result["entities"] = [
            selector | {"type": TYPES.sub(lambda found: rename(found[0]), selector["type"])}
            for selector in result["entities"]
        ]
    if "watchedAttributes" in result:
        result["watchedAttributes"] = [rename(name) for name in result["watchedAttributes"]]
    if "geoproperty" in result.get("geoQ", {}):
        result["geoQ"] = result["geoQ"] | {"geoproperty": rename(result["geoQ"]["geoproperty"])}
    if "notification" in result:
        notification = dict(result["notification"])
        for member in SHOWN:
            if member in notification:
                notification[member] = [_within(text, MEMBERS, rename) for text in notification[member]]
        result["notification"] = notification
    return result


def stored(document: dict[str, Any], context: Context) -> dict[str, Any]:
    """The document under stored names."""
    return renamed(document, context.expand)


def shown(document: dict[str, Any], context: Context) -> dict[str, Any]:
    """The document under a client's terms."""
    return renamed(document, context.compact)
