"""A registration as a client gives it (5.2.8-5.2.11, 5.2.34): every member checked, what the server sets left out."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation import registration
from onecity.kernel.twin.ngsild.federation.distributing import calls
from onecity.kernel.twin.ngsild.model.geojson import require_geometry
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.names import is_scope, moment, require_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.query.parsing import parse_id_pattern

Document = dict[str, Any]

KIND: Final = "ContextSourceRegistration"
MODES: Final = ("inclusive", "exclusive", "redirect", "auxiliary")
AUXILIARY: Final = frozenset({"retrieveOps", "retrieveEntity", "queryEntity"})
HEAD: Final = frozenset({"id", "@id", "type", "@type", "@context"})
READ_ONLY: Final = frozenset(
    {"status", "timesSent", "timesFailed", "lastSuccess", "lastFailure", "createdAt", "modifiedAt"}
)
DURATION: Final = re.compile(
    r"P(?=.)(?:(\d{1,9}(?:\.\d{1,9})?)Y)?(?:(\d{1,9}(?:\.\d{1,9})?)M)?(?:(\d{1,9}(?:\.\d{1,9})?)W)?(?:(\d{1,9}(?:\.\d{1,9})?)D)?"
    r"(?:T(?=.)(?:(\d{1,9}(?:\.\d{1,9})?)H)?(?:(\d{1,9}(?:\.\d{1,9})?)M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
SECONDS: Final = (31_557_600.0, 2_629_800.0, 604_800.0, 86_400.0, 3600.0, 60.0, 1.0)
MOST_LISTED: Final = 1_000
LONGEST: Final = 4_096
LONGEST_MS: Final = 10**9
PROPERTIES: Final = "properties"


def read(body: Mapping[str, Any], context: Context) -> Document:
    """The members of a new registration, under stored names; raises Problem 400 (BadRequestData)."""
    if body.get("type", body.get("@type")) != KIND:
        raise bad_request(_("The type of a registration is “ContextSourceRegistration”."), "type")
    return complete(_members(body, context))


def patched(document: Document, body: Mapping[str, Any], context: Context) -> Document:
    """The registration after a patch, of which a member that is null is to go; raises Problem 400."""
    if body.get("type", body.get("@type", KIND)) != KIND:
        raise bad_request(_("The type of a registration is “ContextSourceRegistration”."), "type")
    gone = {name for name, value in body.items() if value is None or value == NULL}
    given = _members({name: value for name, value in body.items() if name not in gone}, context)
    own = {context.name(name) for name in gone if name not in CHECKS and name not in HEAD | READ_ONLY}
    kept = document.get(PROPERTIES, {}) | given.pop(PROPERTIES, {})
    result = {name: value for name, value in (document | given).items() if name not in gone}
    result[PROPERTIES] = {name: value for name, value in kept.items() if name not in own}
    return complete(result)


def complete(document: Document) -> Document:
    """The document, once its members go together (5.9.2.4); raises Problem 400."""
    for member in ("endpoint", "information"):
        if member not in document:
            raise bad_request(_("A registration has the member {member}.", member=member), member)
    mode = document.get("mode", "inclusive")
    if mode == "exclusive":
        for one in document["information"]:
            named = one.get("propertyNames", []) + one.get("relationshipNames", [])
            if not named or not one.get("entities") or any("id" not in info for info in one["entities"]):
                raise bad_request(
                    _("An exclusive registration names the attributes and the ids of its entities."), "information"
                )
    if mode == "auxiliary" and not AUXILIARY.issuperset(document.get("operations", ())):
        raise bad_request(
            _("An auxiliary source is only read: its operations are {known}.", known=", ".join(sorted(AUXILIARY))),
            "operations",
        )
    return document


def seconds(duration: str) -> float:
    """The seconds of an ISO 8601 duration; years and months by their mean length; raises Problem 400."""
    found = DURATION.fullmatch(duration)
    if found is None:
        raise bad_request(_("{text} is no duration such as PT30S or P1D.", text=duration[:100]))
    return sum(float(text) * unit for text, unit in zip(found.groups(), SECONDS, strict=True) if text)


def _members(body: Mapping[str, Any], context: Context) -> Document:
    result: Document = {}
    further: Document = {}
    for name, value in body.items():
        if name in HEAD or name in READ_ONLY:
            continue
        if name in CHECKS:
            result[name] = CHECKS[name](value, name, context)
        else:
            further[context.name(name)] = _value(value)
    return result | ({PROPERTIES: further} if further else {})


def _value(given: object) -> object:
    """The value of a property of the source itself, which may be written short or as a Property."""
    return given["value"] if isinstance(given, dict) and given.get("type") == "Property" and "value" in given else given


def _text(value: object, where: str, _context: Context) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        raise bad_request(_("{where} must be a text that is not empty.", where=where), where)
    return value


def _flag(value: object, where: str, _context: Context) -> bool:
    if not isinstance(value, bool):
        raise bad_request(_("{where} must be true or false.", where=where), where)
    return value


def _listed(value: object, where: str) -> list[Any]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_LISTED:
        raise bad_request(_("{where} is a list of 1 to {most} entries.", where=where, most=MOST_LISTED), where)
    return value


def _endpoint(value: object, where: str, context: Context) -> str:
    text = _text(value, where, context)
    if not text.startswith(("http://", "https://")):
        raise bad_request(_("{where} is an address that begins with http:// or https://.", where=where), where)
    return text


def _mode(value: object, where: str, _context: Context) -> str:
    if not isinstance(value, str) or value not in MODES:
        raise bad_request(_("{where} is one of {known}.", where=where, known=", ".join(MODES)), where)
    return value


def _operations(value: object, where: str, _context: Context) -> list[str]:
    known = registration.OPERATIONS | registration.GROUPS.keys()
    for one in _listed(value, where):
        if not isinstance(one, str) or one not in known:
            raise bad_request(_("{name} is no operation that a source can offer.", name=str(one)[:100]), where)
    return list(dict.fromkeys(_listed(value, where)))


def _information(value: object, where: str, context: Context) -> list[Document]:
    return [_one_information(one, where, context) for one in _listed(value, where)]


def _one_information(given: object, where: str, context: Context) -> Document:
    if not isinstance(given, dict) or not given or not {"entities", "propertyNames", "relationshipNames"} >= set(given):
        raise bad_request(
            _("Each entry of information has entities, propertyNames and relationshipNames, or some of them."), where
        )
    result: Document = {}
    if "entities" in given:
        result["entities"] = [_entity(one, f"{where}.entities", context) for one in _listed(given["entities"], where)]
    for member in ("propertyNames", "relationshipNames"):
        if member in given:
            result[member] = _names(given[member], f"{where}.{member}", context)
    return result


def _names(value: object, where: str, context: Context) -> list[str]:
    found = _listed(value, where)
    if not all(isinstance(name, str) for name in found):
        raise bad_request(_("{where} is a list of names.", where=where), where)
    return list(dict.fromkeys(context.name(name) for name in found))


def _entity(given: object, where: str, context: Context) -> Document:
    if not isinstance(given, dict) or "type" not in given or not {"id", "idPattern", "type"} >= set(given):
        raise bad_request(_("Each entry of entities has a type, and may have an id or an idPattern."), where)
    types = given["type"] if isinstance(given["type"], list) else [given["type"]]
    result: Document = {"type": _names(types, f"{where}.type", context)}
    if "id" in given:
        result["id"] = require_uri(given["id"], f"{where}.id")
    elif "idPattern" in given:
        result["idPattern"] = _text(given["idPattern"], f"{where}.idPattern", context)
        parse_id_pattern(result["idPattern"])
    return result


def _source_info(value: object, where: str, context: Context) -> list[dict[str, str]]:
    found = []
    for one in _listed(value, where):
        if not isinstance(one, dict) or set(one) != {"key", "value"}:
            raise bad_request(_("Each entry of contextSourceInfo has a key and a value."), where)
        key, text = _text(one["key"], where, context), _text(one["value"], where, context)
        if not calls.TOKEN.match(key) or not calls.VALUE.match(text):
            raise bad_request(_("{key} and its value cannot be sent as a header.", key=key[:100]), where)
        _special(key, text, where)
        found.append({"key": key, "value": text})
    return found


def _special(key: str, text: str, where: str) -> None:
    """The keys with a meaning of their own (4.3.6.6)."""
    if key in {calls.ACCEPT, calls.CONTENT_TYPE} and text not in calls.MEDIA:
        raise bad_request(_("{key} is one of {known}.", key=key, known=", ".join(calls.MEDIA)), where)
    if key == calls.CONTEXT:
        require_uri(text, where)
    if key == calls.CONFORMANCE and not calls.VERSION.match(text):
        raise bad_request(_("{where} is a version of NGSI-LD such as 1.6.", where=key), where)


def _alias(value: object, where: str, context: Context) -> str:
    text = _text(value, where, context)
    if not calls.TOKEN.match(text):
        raise bad_request(_("{where} is a pseudonym: letters, digits and signs such as . _ ~ -.", where=where), where)
    return text


def _interval(value: object, where: str, _context: Context) -> dict[str, str]:
    if not isinstance(value, dict) or "startAt" not in value or not {"startAt", "endAt"} >= set(value):
        raise bad_request(_("{where} has a startAt and may have an endAt.", where=where), where)
    return {name: moment(text, f"{where}.{name}") for name, text in value.items()}


def _management(value: object, where: str, context: Context) -> Document:
    if not isinstance(value, dict) or not {"cacheDuration", "cooldown", "localOnly", "timeout"} >= set(value):
        raise bad_request(_("{where} has cacheDuration, cooldown, localOnly and timeout.", where=where), where)
    for name in ("cooldown", "timeout"):
        number = value.get(name, 1)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= LONGEST_MS:
            raise bad_request(_("{where} is a number of milliseconds greater than 0.", where=f"{where}.{name}"), where)
        if not math.isfinite(number):
            raise bad_request(_("{where} is a number of milliseconds greater than 0.", where=f"{where}.{name}"), where)
    if "cacheDuration" in value:
        seconds(_text(value["cacheDuration"], f"{where}.cacheDuration", context))
    if "localOnly" in value:
        _flag(value["localOnly"], f"{where}.localOnly", context)
    return value


def _scopes(value: object, where: str, _context: Context) -> list[str]:
    found = [str(one) for one in (value if isinstance(value, list) else [value]) if is_scope(one)]
    if not 0 < len(found) <= MOST_LISTED or (isinstance(value, list) and len(found) < len(value)):
        raise bad_request(_("A scope is a path of names such as /Madrid/Gardens, or a list of them."), where)
    return found


def _datasets(value: object, where: str, _context: Context) -> list[str]:
    return [one if one == "@none" else require_uri(one, where) for one in _listed(value, where)]


def _duration(value: object, where: str, context: Context) -> str:
    text = _text(value, where, context)
    seconds(text)
    return text


Check = Callable[[object, str, Context], Any]

CHECKS: Final[Mapping[str, Check]] = {
    "endpoint": _endpoint,
    "information": _information,
    "mode": _mode,
    "operations": _operations,
    "registrationName": _text,
    "description": _text,
    "contextSourceInfo": _source_info,
    "contextSourceAlias": _alias,
    "datasetId": _datasets,
    "expiresAt": lambda value, where, _context: moment(value, where),
    "location": lambda value, where, _context: require_geometry(value, where),
    "observationSpace": lambda value, where, _context: require_geometry(value, where),
    "operationSpace": lambda value, where, _context: require_geometry(value, where),
    "observationInterval": _interval,
    "managementInterval": _interval,
    "management": _management,
    "localOnly": _flag,
    "refreshRate": _duration,
    "scope": _scopes,
    "tenant": _text,
}
