"""Reads one instance of an attribute, normalized or concise, into the stored form (ETSI GS CIM 009 V1.9.1, 4.5.2-4.5.24)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from uuid_utils import uuid7

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.core import NGSI, core_terms
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model import values
from onecity.kernel.twin.ngsild.model.geojson import looks_like_geometry, require_geometry
from onecity.kernel.twin.ngsild.model.kinds import (
    FORBIDDEN_NAMES,
    KIND_OF_MEMBER,
    MEMBERS,
    METADATA,
    NULL,
    OUTPUT_ONLY,
    SEALED,
    SYSTEM_MEMBERS,
    UNITLESS,
    VALUE_MEMBER,
    VALUE_MEMBERS,
)
from onecity.kernel.twin.ngsild.model.limits import HISTORY, INSTANCES, SUB_ATTRIBUTES, SUB_ATTRIBUTES_DEPTH
from onecity.kernel.twin.ngsild.model.members import CHECKED
from onecity.kernel.twin.ngsild.model.names import moment, moment_or_null, require_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.model.rules import Reading
from onecity.kernel.twin.ngsild.model.stored import Instance

MEMBER_OF_NAME: Final = {iri: term for term, iri in core_terms().items() if term in MEMBERS}
"""Members written as whole IRIs or through another term of the client's @context."""

FORBIDDEN: Final = frozenset(core_terms().get(term, NGSI + term) for term in FORBIDDEN_NAMES)
INSTANCE_ID: Final = "urn:ngsi-ld:instance:"
PROOF: Final = "ngsildproof"
LANGUAGE_STRING: Final = core_terms()["langString"]
"""The only type that the values of a LanguageProperty have (5.2.32)."""


def new_instance_id() -> str:
    """A fresh identifier of an instance."""
    return f"{INSTANCE_ID}{uuid7().hex}"


def is_null(instance: Mapping[str, Any]) -> bool:
    """Whether the instance asks for the deletion of the stored one."""
    return instance.get("type") == NULL


def read_attribute(value: Any, name: str, reading: Reading, depth: int = 0) -> list[Instance]:
    """All instances that a request gives of the attribute that it calls `name`; raises Problem."""
    if isinstance(value, list) and _are_instances(value, reading):
        most = HISTORY if reading.rules.repeated else INSTANCES
        if len(value) > most:
            raise bad_request(_("{name} has more than {most} instances.", name=name, most=most), name)
        instances = [read_instance(item, name, reading, depth) for item in value]
        if not reading.rules.repeated:
            _distinct(instances, name)
        return instances
    return [read_instance(value, name, reading, depth)]


def _are_instances(value: list[Any], reading: Reading) -> bool:
    return bool(value) and any(isinstance(item, dict) and _is_reified(item, reading.context) for item in value)


def _is_reified(item: Mapping[str, Any], context: Context) -> bool:
    kind = item.get("type", item.get("@type"))
    return _kind_named(kind, context) is not None or ("datasetId" in item and any(m in item for m in VALUE_MEMBERS))


def _distinct(instances: list[Instance], name: str) -> None:
    if len({instance.get("datasetId") for instance in instances}) != len(instances):
        raise bad_request(
            _(
                "{name} has two instances of the same data set; give each its own datasetId, at most one without.",
                name=name,
            ),
            name,
        )


def read_instance(value: Any, name: str, reading: Reading, depth: int = 0) -> Instance:
    """One instance in any representation; raises Problem. At depth 0 it is stamped with the moment and an identifier."""
    if isinstance(value, dict):
        return _from_object(value, name, reading, depth)
    if value == NULL and reading.rules.nulls:
        return {"type": NULL}
    instance = {"type": "Property", "value": _checked(value, name, reading)}
    return instance if depth else _stamped(instance, reading.now)


def _checked(value: Any, where: str, reading: Reading) -> Any:
    if value is None:
        raise bad_request(
            _("{where} is null; to delete something write urn:ngsi-ld:null in an update.", where=where), where
        )
    values.check(value, where, nulls=reading.rules.within)
    return value


def _stamped(instance: Instance, now: str) -> Instance:
    instance["createdAt"] = now
    instance["modifiedAt"] = now
    instance["instanceId"] = f"{INSTANCE_ID}{uuid7().hex}"
    return instance


def _kind_named(kind: object, context: Context) -> str | None:
    if not isinstance(kind, str):
        return None
    if kind in VALUE_MEMBER:
        return kind
    local = context.expand(kind).removeprefix(NGSI) if ":" in kind else kind
    return local if local in VALUE_MEMBER else None


def _from_object(body: dict[str, Any], name: str, reading: Reading, depth: int) -> Instance:
    """An object is a normalized or concise instance, a geometry, or itself the value of a concise Property."""
    if any(":" in key for key in body):
        body = _shortened(body, reading.context)
    given = body.get("type", body.get("@type"))
    kind: str | None = None
    if given is None or "@value" in body:
        if "@value" in body or not (_is_concise(body, reading) or (reading.rules.attribute and not depth)):
            return _bare_object(body, name, reading, depth)
    elif looks_like_geometry(body):
        instance: Instance = {"type": "GeoProperty", "value": require_geometry(body, name)}
        return instance if depth else _stamped(instance, reading.now)
    else:
        kind = given if isinstance(given, str) and given in VALUE_MEMBER else _kind_named(given, reading.context)
        if kind is None:
            raise bad_request(
                _("{name} has the type {given}, which is no kind of attribute.", name=name, given=repr(given)[:100]),
                name,
            )
    return _Assembly(name, reading, depth, kind or _inferred(body)).read(body)


def _bare_object(body: dict[str, Any], name: str, reading: Reading, depth: int) -> Instance:
    if "@context" in body:
        raise bad_request(_("{name} carries its own @context; give one for the whole document.", name=name), name)
    instance: Instance = {"type": "Property", "value": _checked(body, name, reading)}
    return instance if depth else _stamped(instance, reading.now)


def _is_concise(body: dict[str, Any], reading: Reading) -> bool:
    if not VALUE_MEMBERS.isdisjoint(body):
        return True
    return reading.rules.partial and not METADATA.isdisjoint(body)


def _shortened(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """The object with members that are written as whole IRIs under their short names."""
    return {MEMBER_OF_NAME.get(context.expand(key), key) if ":" in key else key: value for key, value in body.items()}


def _inferred(body: dict[str, Any]) -> str:
    """The kind that a concise instance tells by its value's member; empty where it has none (partial)."""
    for member, kind in KIND_OF_MEMBER.items():
        if member in body:
            if member == "value" and isinstance(body["value"], dict) and looks_like_geometry(body["value"]):
                return "GeoProperty"
            return kind
    return ""


class _Assembly:
    """Puts one instance together, member by member."""

    __slots__ = ("deleted", "depth", "instance", "kind", "name", "reading", "sub_attributes")

    def __init__(self, name: str, reading: Reading, depth: int, kind: str) -> None:
        self.name = name
        self.reading = reading
        self.depth = depth
        self.kind = kind
        self.deleted = False
        self.sub_attributes = 0
        self.instance: Instance = {"type": kind} if kind else {}

    def read(self, body: dict[str, Any]) -> Instance:
        """The instance; raises Problem."""
        for key, value in body.items():
            reader = READERS.get(key)
            if reader is not None:
                reader(self, key, value)
            elif key not in IGNORED:
                self.sub_attribute(key, value)
        if self.deleted:
            dataset = self.instance.get("datasetId")
            return {"type": NULL} if dataset is None else {"type": NULL, "datasetId": dataset}
        if VALUE_MEMBER.get(self.kind) not in self.instance and not self.reading.rules.partial:
            raise self.wrong(
                _("{name} lacks `{member}`, which a {kind} has.", name=self.name, member=VALUE_MEMBER.get(self.kind, "value"),
                  kind=self.kind or "Property")
            )  # fmt: skip
        return self.instance if self.depth else self.stamp()

    def stamp(self) -> Instance:
        """The instance with the moment of writing and an identifier; those of another broker are kept."""
        instance, now = self.instance, self.reading.now
        if self.reading.rules.system:
            instance.setdefault("createdAt", now)
            instance.setdefault("modifiedAt", now)
            instance.setdefault("instanceId", new_instance_id())
            return instance
        instance["createdAt"] = now
        instance["modifiedAt"] = now
        instance["instanceId"] = f"{INSTANCE_ID}{uuid7().hex}"
        return instance

    def wrong(self, detail: Any) -> Exception:
        """The problem that this instance has."""
        return bad_request(detail, self.name)

    def path(self, key: str) -> str:
        """Where a member stands, for messages."""
        return f"{self.name}.{key}"

    def value(self, key: str, value: Any) -> None:
        """The member that carries the value: checked as its kind says."""
        if VALUE_MEMBER.get(self.kind, key) != key:
            raise self.wrong(_("{name} is a {kind} and has no `{member}`.", name=self.name, kind=self.kind, member=key))
        rules = self.reading.rules
        if (rules.nulls or rules.deleted) and _means_null(key, value):
            if rules.deleted:
                self.instance[key] = value
            else:
                self.deleted = True
            return
        if value is None:
            raise bad_request(
                _("{where} is null; to delete something write urn:ngsi-ld:null in an update.", where=self.path(key)),
                self.path(key),
            )
        if key == "value" and self.name == PROOF and not isinstance(value, dict):
            raise self.wrong(_("{name} must be an object.", name=self.path(key)))
        self.instance[key] = CHECKED[self.kind or KIND_OF_MEMBER[key]](value, self.path(key), self.reading)

    def data_set(self, key: str, value: Any) -> None:
        """`datasetId`; `@none` names the default instance, which carries none."""
        if value == NULL:
            raise self.wrong(_("The datasetId of {name} cannot be deleted.", name=self.name))
        if value != "@none":
            self.instance[key] = require_uri(value, self.path(key))

    def time(self, key: str, value: Any) -> None:
        """`observedAt`, `expiresAt`."""
        self.instance[key] = moment_or_null(value, self.path(key), nulls=self.reading.rules.nulls)

    def text(self, key: str, value: Any) -> None:
        """`unitCode` and `lang`: plain text."""
        if not isinstance(value, str) or not value:
            raise self.wrong(_("{where} must be text.", where=self.path(key)))
        if key == "unitCode" and self.kind in UNITLESS:
            raise self.wrong(_("{name} is a {kind} and has no unit.", name=self.name, kind=self.kind))
        if value != NULL or not self.reading.rules.nulls:
            values.check(value, self.path(key))
        self.instance[key] = value

    def term(self, key: str, value: Any) -> None:
        """`valueType` and `objectType`: terms that stand for IRIs."""
        if value == NULL and self.reading.rules.nulls:
            self.instance[key] = NULL
        elif isinstance(value, str):
            self.instance[key] = name = self.reading.context.name(value)
            if key == "valueType" and self.kind == "LanguageProperty" and name != LANGUAGE_STRING:
                raise self.wrong(_("{where} can only be langString.", where=self.path(key)))
        elif key == "objectType" and isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            self.instance[key] = [self.reading.context.name(item) for item in value]
        else:
            raise self.wrong(_("{where} must be the name of a type.", where=self.path(key)))

    def system(self, key: str, value: Any) -> None:
        """Members that the server sets: ignored, or kept when they come from another broker."""
        if self.reading.rules.system:
            self.instance[key] = (
                require_uri(value, self.path(key)) if key == "instanceId" else moment(value, self.path(key))
            )

    def output_only(self, key: str, value: Any) -> None:  # noqa: ARG002 - any JSON; one signature
        """Members that only answers have."""
        raise self.wrong(_("{where} is part of answers only.", where=self.path(key)))

    def sealed(self, key: str, value: Any) -> None:
        """The sealed identity in a proof (4.5.2.2)."""
        if self.name.rpartition(".")[2] != PROOF or self.kind != "Property" or not isinstance(value, str):
            raise self.wrong(_("{where} is part of ngsildproof only.", where=self.path(key)))
        values.check(value, self.path(key))
        self.instance[key] = self.reading.context.name(value) if key == "entityTypeSealed" else value

    def own_context(self, key: str, value: Any) -> None:  # noqa: ARG002 - any JSON; one signature
        """An @context inside an attribute (5.5.7)."""
        raise self.wrong(_("{name} carries its own @context; give one for the whole document.", name=self.name))

    def sub_attribute(self, key: str, value: Any) -> None:
        """An attribute of the attribute."""
        reading, where = self.reading, self.path(key)
        stored = reading.context.name(key)
        member = MEMBER_OF_NAME.get(stored)
        if member is not None:
            READERS[member](self, member, value)
            return
        self.sub_attributes += 1
        if self.depth >= SUB_ATTRIBUTES_DEPTH or self.sub_attributes > SUB_ATTRIBUTES:
            raise bad_request(
                _("{where}: attributes of attributes go {depth} levels deep, {most} of one attribute at most.", where=where,
                  depth=SUB_ATTRIBUTES_DEPTH, most=SUB_ATTRIBUTES), where
            )  # fmt: skip
        if stored in self.instance:
            raise bad_request(_("{where} is given twice.", where=where), where)
        instances = read_attribute(value, where, reading, self.depth + 1)
        self.instance[stored] = instances[0] if len(instances) == 1 and "datasetId" not in instances[0] else instances


def _means_null(member: str, value: object) -> bool:
    if member == "languageMap":
        return value in (NULL, {"@none": NULL})
    return value in (NULL, [NULL])


IGNORED: Final = frozenset({"type", "@type"})

READERS: Final[dict[str, Callable[[_Assembly, str, Any], None]]] = (
    dict.fromkeys(VALUE_MEMBERS, _Assembly.value)
    | dict.fromkeys(SYSTEM_MEMBERS, _Assembly.system)
    | dict.fromkeys(OUTPUT_ONLY, _Assembly.output_only)
    | dict.fromkeys(SEALED, _Assembly.sealed)
    | {
        "datasetId": _Assembly.data_set,
        "observedAt": _Assembly.time,
        "expiresAt": _Assembly.time,
        "unitCode": _Assembly.text,
        "lang": _Assembly.text,
        "valueType": _Assembly.term,
        "objectType": _Assembly.term,
        "@context": _Assembly.own_context,
    }
)
