"""A subscription as a client gives it (5.2.12-5.2.15, 5.2.33): every member checked, what the server sets left out."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.names import is_name, moment, require_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.subscriptions import limits, names
from onecity.kernel.twin.ngsild.subscriptions.endpoints import read_endpoint

Document = dict[str, Any]

TRIGGERS: Final = (
    "entityCreated",
    "entityUpdated",
    "entityDeleted",
    "attributeCreated",
    "attributeUpdated",
    "attributeDeleted",
)
READ_ONLY: Final = frozenset({"status", "createdAt", "modifiedAt", "id", "@id", "type", "@type", "@context"})
COUNTED: Final = frozenset({"lastFailure", "lastNotification", "lastSuccess", "status", "timesFailed", "timesSent"})
FORMATS: Final = ("normalized", "concise", "simplified", "keyValues")
JOINS: Final = ("flat", "inline", "@none")
SELECTOR: Final = frozenset({"id", "idPattern", "type"})
GEO: Final = frozenset({"georel", "geometry", "coordinates", "geoproperty"})


def read_subscription(body: Mapping[str, Any], context: Context) -> Document:
    """The members of a new subscription, under stored names; raises Problem 400 (BadRequestData)."""
    _kind(body)
    return complete(names.stored(_members(body), context))


def read_fragment(body: Mapping[str, Any], context: Context) -> Document:
    """The members that a patch gives, under stored names; None stands for a member that is to go (5.5.8)."""
    if "type" in body or "@type" in body:
        _kind(body)
    gone = {name for name, value in body.items() if (name in CHECKS or name == "notification") and _is_null(value)}
    part = {name: value for name, value in body.items() if name not in gone}
    notification = part.get("notification")
    given = names.stored(_members(part, whole=False), context)
    if isinstance(notification, dict):
        given["notification"] |= {name: None for name, value in notification.items() if _is_null(value)}
    return given | dict.fromkeys(gone)


def patched(document: Document, fragment: Document) -> Document:
    """The subscription after a patch; raises Problem 400 where it would be none any more.

    A notification that brings its endpoint replaces the old one; one that does not changes the members it names.
    """
    result = document | fragment
    notification = fragment.get("notification")
    if notification is not None:
        if notification.get("endpoint") is None and "endpoint" not in notification:
            notification = document["notification"] | notification
        result["notification"] = {name: value for name, value in notification.items() if value is not None}
    return complete({name: value for name, value in result.items() if value is not None})


def complete(document: Document) -> Document:
    """The document, once its members go together; raises Problem 400."""
    if "notification" not in document or "endpoint" not in document["notification"]:
        raise bad_request(_("A subscription says in notification.endpoint where to send."), "notification")
    local = document.get("localOnly") is True
    if "timeInterval" in document:
        for other in ("watchedAttributes", "throttling"):
            if other in document:
                raise bad_request(_("timeInterval and {other} exclude each other.", other=other), other)
        if "entities" not in document and not local:
            raise bad_request(_("A subscription with a timeInterval says which entities it is about."), "entities")
    if not local and "entities" not in document and "watchedAttributes" not in document:
        raise bad_request(_("Give entities, watchedAttributes, or localOnly: true."), "entities")
    everything = any(selector["type"] == "*" for selector in document.get("entities", ()))
    if everything and document.get("localOnly") is False:
        raise bad_request(_("The type * is always local; localOnly: false contradicts it."), "localOnly")
    _shown_together(document["notification"])
    return document


def _shown_together(notification: Mapping[str, Any]) -> None:
    where = "notification"
    if "attributes" in notification and ("pick" in notification or "omit" in notification):
        raise bad_request(_("notification.attributes is an older word for pick; give one of them."), where)
    if set(notification.get("pick", ())) & set(notification.get("omit", ())):
        raise bad_request(_("pick and omit name the same member."), where)
    if notification.get("showChanges") is True and notification.get("format") in {"keyValues", "simplified"}:
        raise bad_request(_("Changes cannot be shown in the simplified format."), f"{where}.showChanges")


def _kind(body: Mapping[str, Any]) -> None:
    if body.get("type", body.get("@type")) != "Subscription":
        raise bad_request(_("The type of a subscription is “Subscription”."), "type")


def _is_null(value: object) -> bool:
    return value is None or value == NULL


def _members(body: Mapping[str, Any], *, whole: bool = True) -> Document:
    result: Document = {}
    for name, value in body.items():
        if name in READ_ONLY:
            continue
        if name == "notification":
            result[name] = _notification(value, whole=whole)
            continue
        # what a subscription does not have is not kept (5.2.12)
        if name in CHECKS:
            result[name] = CHECKS[name](value, name)
    return result


def _notification(given: object, *, whole: bool) -> Document:
    if not isinstance(given, dict):
        raise bad_request(_("notification is an object."), "notification")
    result: Document = {}
    for name, value in given.items():
        where = f"notification.{name[:100]}"
        if name in COUNTED or (not whole and _is_null(value)):
            continue
        if name == "endpoint":
            read_endpoint(value)
            result[name] = value
        elif name in SHOWN_CHECKS:
            result[name] = SHOWN_CHECKS[name](value, where)
    return result


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value or len(value) > 16_384:
        raise bad_request(_("{where} must be a text that is not empty.", where=where), where)
    return value


def _short(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > limits.TEXT:
        raise bad_request(_("{where} is a text of at most {most} characters.", where=where, most=limits.TEXT), where)
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise bad_request(_("{where} must be true or false.", where=where), where)
    return value


def _seconds(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= limits.SECONDS:
        raise bad_request(_("{where} is a number of seconds greater than 0.", where=where), where)
    return value if math.isfinite(value) else limits.SECONDS


def _listed(value: object, where: str, most: int = limits.NAMES) -> list[Any]:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise bad_request(_("{where} is a list of 1 to {most} entries.", where=where, most=most), where)
    return value


def _names(value: object, where: str) -> list[str]:
    found = _listed(value, where)
    if not all(isinstance(name, str) and is_name(name) for name in found):
        raise bad_request(_("{where} is a list of names of attributes.", where=where), where)
    return list(dict.fromkeys(found))


def _attributes(value: object, where: str) -> list[str]:
    found = _names(value, where)
    if names.KEPT & set(found):
        raise bad_request(_("id, type and scope are no attributes; use pick."), where)
    return found


def _projection(value: object, where: str) -> list[str]:
    return [_text(text, where) for text in _listed(value, where)]


def _triggers(value: object, where: str) -> list[str]:
    found = _listed(value, where, len(TRIGGERS))
    if not all(one in TRIGGERS for one in found):
        raise bad_request(_("{where} names some of {known}.", where=where, known=", ".join(TRIGGERS)), where)
    return list(dict.fromkeys(found))


def _datasets(value: object, where: str) -> list[str]:
    return [one if one == "@none" else require_uri(one, where) for one in _listed(value, where)]


def _entities(value: object, where: str) -> list[Document]:
    return [_selector(one, where) for one in _listed(value, where, limits.SELECTORS)]


def _selector(given: object, where: str) -> Document:
    if not isinstance(given, dict) or not SELECTOR.issuperset(given) or "type" not in given:
        raise bad_request(_("Each entry of entities has a type, and may have id and idPattern."), where)
    result: Document = {"type": _text(given["type"], where)}
    if "id" in given:
        ids = given["id"]
        result["id"] = (
            [require_uri(one, where) for one in _listed(ids, where)]
            if isinstance(ids, list)
            else require_uri(ids, where)
        )
    if "idPattern" in given:
        result["idPattern"] = _text(given["idPattern"], where)
    return result


def _geo(given: object, where: str) -> Document:
    if not isinstance(given, dict) or not GEO.issuperset(given):
        raise bad_request(_("geoQ is an object with georel, geometry, coordinates and geoproperty."), where)
    for name in ("georel", "geometry", "geoproperty"):
        if name in given:
            _text(given[name], f"{where}.{name}")
    return given


def _temporal(given: object, where: str) -> Document:
    if not isinstance(given, dict):
        raise bad_request(_("{where} is an object.", where=where), where)
    return given


def _version(value: object, where: str) -> str:
    text = _text(value, where)
    major, dot, minor = text.partition(".")
    if not (dot and major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit() and len(text) < 8):
        raise bad_request(_("{where} is a version of NGSI-LD such as 1.6.", where=where), where)
    return text


def _one_of(known: tuple[str, ...]) -> Callable[[object, str], str]:
    def check(value: object, where: str) -> str:
        if isinstance(value, str) and value in known:
            return value
        raise bad_request(_("{where} is one of {known}.", where=where, known=", ".join(known)), where)

    return check


def _level(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 8:
        raise bad_request(_("{where} is a whole number from 1 to {most}.", where=where, most=8), where)
    return value


CHECKS: Final[Mapping[str, Callable[[object, str], Any]]] = {
    "subscriptionName": _short,
    "description": _short,
    "entities": _entities,
    "watchedAttributes": _names,
    "notificationTrigger": _triggers,
    "timeInterval": _seconds,
    "throttling": _seconds,
    "q": _text,
    "geoQ": _geo,
    "scopeQ": _text,
    "csf": _text,
    "temporalQ": _temporal,
    "datasetId": _datasets,
    "expandValues": _text,
    "jsonKeys": _text,
    "expiresAt": moment,
    "isActive": _flag,
    "jsonldContext": require_uri,
    "lang": _text,
    "localOnly": _flag,
    "splitEntities": _flag,
    "ngsildConformance": _version,
}
SHOWN_CHECKS: Final[Mapping[str, Callable[[object, str], Any]]] = {
    "attributes": _attributes,
    "format": _one_of(FORMATS),
    "join": _one_of(JOINS),
    "joinLevel": _level,
    "omit": _projection,
    "pick": _projection,
    "showChanges": _flag,
    "sysAttrs": _flag,
}
