"""The kinds of attributes and the member that carries the value of each (ETSI GS CIM 009 V1.9.1, 4.5.2-4.5.24)."""

from typing import Final

NULL: Final = "urn:ngsi-ld:null"
"""NGSI-LD Null (4.5.0): stands where JSON would have null, and asks that something be deleted."""

VALUE_MEMBER: Final[dict[str, str]] = {
    "Property": "value",
    "Relationship": "object",
    "GeoProperty": "value",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "JsonProperty": "json",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}

PREVIOUS_MEMBER: Final[dict[str, str]] = {
    "value": "previousValue",
    "object": "previousObject",
    "languageMap": "previousLanguageMap",
    "vocab": "previousVocab",
    "json": "previousJson",
    "valueList": "previousValueList",
    "objectList": "previousObjectList",
}

KIND_OF_MEMBER: Final[dict[str, str]] = {
    "object": "Relationship",
    "languageMap": "LanguageProperty",
    "vocab": "VocabProperty",
    "json": "JsonProperty",
    "valueList": "ListProperty",
    "objectList": "ListRelationship",
    "value": "Property",
}
"""Which kind a member tells when no `type` is given (concise form); `value` may also be a GeoProperty."""

RELATIONSHIPS: Final = frozenset({"Relationship", "ListRelationship"})

SYSTEM_MEMBERS: Final = frozenset({"createdAt", "modifiedAt", "deletedAt", "instanceId"})
"""Members that the server sets; ignored when they come in (4.8)."""

OUTPUT_ONLY: Final = frozenset({"entity", "entityList", *PREVIOUS_MEMBER.values()})

UNITLESS: Final = frozenset({"Relationship", "ListRelationship", "LanguageProperty", "VocabProperty", "JsonProperty"})

VALUE_MEMBERS: Final = frozenset(KIND_OF_MEMBER)

METADATA: Final = frozenset({"datasetId", "expiresAt", "observedAt", "unitCode", "valueType", "objectType", "lang"})

SEALED: Final = frozenset({"entityIdSealed", "entityTypeSealed"})
"""Members of `ngsildproof` alone (4.5.2.2)."""

MEMBERS: Final = frozenset({"type", "@type", *SYSTEM_MEMBERS, *OUTPUT_ONLY, *VALUE_MEMBERS, *METADATA, *SEALED})
"""Every member of an instance that is no sub-attribute."""

ENTITY_MEMBERS: Final = frozenset(
    {"id", "@id", "type", "@type", "scope", "@context", "expiresAt", "createdAt", "modifiedAt", "deletedAt"}
)
"""Every member of an entity that is no attribute."""

FORBIDDEN_NAMES: Final = frozenset(
    {
        "datasetId",
        "instanceId",
        "observedAt",
        "unitCode",
        "lang",
        "objectType",
        "valueType",
        *PREVIOUS_MEMBER.values(),
        *SEALED,
    }
)
"""Core terms that are members and therefore no names of attributes (4.5.1)."""

GEO_ATTRIBUTES: Final = frozenset(
    f"https://uri.etsi.org/ngsi-ld/{term}" for term in ("location", "observationSpace", "operationSpace")
)
"""Attributes that are always a GeoProperty (4.7.1)."""
