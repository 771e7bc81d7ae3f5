"""The core @context of NGSI-LD, every published version, as data: which term stands for which IRI (V1.9.1, annex B).

Nothing is fetched to know it. The newest version is always in force last (4.4); older ones are served under their own
addresses for clients that still name them.
"""

from functools import cache
from typing import Any, Final

NGSI: Final = "https://uri.etsi.org/ngsi-ld/"
DEFAULT_VOCAB: Final = "https://uri.etsi.org/ngsi-ld/default-context/"
GEOJSON: Final = "https://purl.org/geojson/vocab#"
CORE_BASE: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"
NEWEST: Final = "1.9"
CORE_URL: Final = f"{CORE_BASE}-v{NEWEST}.jsonld"

Definition = str | dict[str, Any]

PREFIXES: Final = {"ngsi-ld": NGSI, "geojson": GEOJSON}
ALIASES: Final = {"id": "@id", "type": "@type"}

# Terms whose IRI is `ngsi-ld:` and the term itself, without coercion, by the version that brought them.
PLAIN: Final[dict[str, str]] = {
    "1.0": (
        "ContextSourceNotification ContextSourceRegistration Date DateTime GeoProperty Notification Property Relationship"
        " Subscription TemporalProperty Time accept attributes csf data detail endpoint entities error errors format geoQ"
        " geoproperty georel idPattern information isActive location managementInterval notification observationInterval"
        " observationSpace operationSpace q reason refreshRate status temporalQ throttling timeInterval timeproperty timerel"
        " timesSent triggerReason unchanged unitCode updated uri notUpdated"
    ),
    "1.3": "Attribute AttributeList EntityType EntityTypeInfo EntityTypeList entityCount registrationName subscriptionName lang",
    "1.4": "LanguageProperty aggrParams aggrMethods aggrPeriodDuration scope scopeQ contextSourceInfo notifierInfo receiverInfo",
    "1.6": "cacheDuration cooldown localOnly management mode operations showChanges sysAttrs timeout timesFailed",
    "1.7": "entity notificationTrigger",
    "1.8": (
        "ContextSourceIdentity JsonProperty ListProperty ListRelationship VocabProperty attrs contextSourceAlias"
        " contextSourceUptime expandValues join jsonKeys linkedMaps omit pick registrationId"
    ),
    "1.9": (
        "ExecutionResultDetails Snapshot SnapshotNotification collation ordering resultStatus snapshotId snapshotLifetime"
        " snapshotPriority snapshotStatus"
    ),
}

# Terms with the same IRI rule and a coercion (`@type`).
TYPED: Final[dict[str, dict[str, str]]] = {
    "1.0": {
        "DateTime": "createdAt endAt endTimeAt expiresAt lastFailure lastNotification lastSuccess modifiedAt notifiedAt"
        " observedAt startAt timeAt",
        "@id": "datasetId entityId instanceId subscriptionId success",
        "@vocab": "watchedAttributes",
    },
    "1.3": {
        "@id": "tenant",
        "@vocab": "attributeList attributeName attributeNames attributeTypes propertyNames relationshipNames typeList typeName"
        " typeNames",
    },
    "1.6": {"DateTime": "deletedAt"},
    "1.8": {"DateTime": "contextSourceTimeAt", "@json": "contextSourceExtras"},
    "1.9": {"DateTime": "lastUsedAt", "@json": "problemDetails"},
}

# Terms with the same IRI rule whose values are lists.
LISTS: Final[dict[str, str]] = {
    "1.4": "avg distinctCount max min stddev sum sumsq totalCount",
    "1.8": "entityList jsons",
    "1.9": "orderBy snapshotQueries snapshotQueriesDetails snapshotTemporalQueries snapshotTemporalQueriesDetails",
}

# Terms of GeoJSON and of other vocabularies, and those whose IRI has another name: term → (IRI, type, container).
OTHER: Final[dict[str, dict[str, tuple[str, str, str]]]] = {
    "1.0": {
        "Feature": ("geojson:Feature", "", ""),
        "FeatureCollection": ("geojson:FeatureCollection", "", ""),
        "GeometryCollection": ("geojson:GeometryCollection", "", ""),
        "LineString": ("geojson:LineString", "", ""),
        "MultiLineString": ("geojson:MultiLineString", "", ""),
        "MultiPoint": ("geojson:MultiPoint", "", ""),
        "MultiPolygon": ("geojson:MultiPolygon", "", ""),
        "Point": ("geojson:Point", "", ""),
        "Polygon": ("geojson:Polygon", "", ""),
        "bbox": ("geojson:bbox", "", "@list"),
        "coordinates": ("geojson:coordinates", "", "@list"),
        "description": ("http://purl.org/dc/terms/description", "", ""),
        "features": ("geojson:features", "", "@set"),
        "geometry": ("geojson:geometry", "", ""),
        "object": ("ngsi-ld:hasObject", "@id", ""),
        "properties": ("geojson:properties", "", ""),
        "title": ("http://purl.org/dc/terms/title", "", ""),
        "value": ("ngsi-ld:hasValue", "", ""),
    },
    "1.3": {
        "attributeCount": ("attributeCount", "", ""),
        "attributeDetails": ("attributeDetails", "", ""),
        "objects": ("ngsi-ld:hasObjects", "", "@list"),
        "values": ("ngsi-ld:hasValues", "", "@list"),
    },
    "1.4": {
        "languageMap": ("ngsi-ld:hasLanguageMap", "", "@language"),
        "languageMaps": ("ngsi-ld:hasLanguageMaps", "", "@list"),
    },
    "1.6": {
        "dataset": ("ngsi-ld:hasDataset", "", "@index"),
        "key": ("ngsi-ld:hasKey", "", ""),
        "previousLanguageMap": ("ngsi-ld:hasPreviousLanguageMap", "", "@language"),
        "previousObject": ("ngsi-ld:hasPreviousObject", "@id", ""),
        "previousValue": ("ngsi-ld:hasPreviousValue", "", ""),
    },
    "1.7": {
        "previousVocab": ("ngsi-ld:hasPreviousVocab", "@vocab", ""),
        "vocab": ("ngsi-ld:hasVocab", "@vocab", ""),
        "vocabs": ("ngsi-ld:hasVocabs", "", "@list"),
    },
    "1.8": {
        "containedBy": ("ngsi-ld:isContainedBy", "", ""),
        "entityMap": ("ngsi-ld:hasEntityMap", "", ""),
        "joinLevel": ("ngsi-ld:hasJoinLevel", "", ""),
        "json": ("ngsi-ld:hasJSON", "@json", ""),
        "objectList": ("ngsi-ld:hasObjectList", "", "@list"),
        "objectLists": ("ngsi-ld:hasObjectLists", "", "@list"),
        "objectType": ("ngsi-ld:hasObjectType", "@vocab", ""),
        "previousJson": ("ngsi-ld:hasPreviousJson", "@json", ""),
        "previousObjectList": ("ngsi-ld:hasPreviousObjectList", "", "@list"),
        "previousValueList": ("ngsi-ld:hasPreviousValueList", "", "@list"),
        "valueList": ("ngsi-ld:hasValueList", "", "@list"),
        "valueLists": ("ngsi-ld:hasValueLists", "", "@list"),
    },
    "1.9": {
        "langString": ("http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", "", ""),
        "ngsildproof": ("ngsi-ld:ngsildproof", "", ""),
        "valueType": ("ngsi-ld:hasValueType", "@vocab", ""),
    },
}

VERSIONS: Final = tuple(f"1.{minor}" for minor in range(10))


def _upto(version: str) -> tuple[str, ...]:
    return VERSIONS[: VERSIONS.index(version) + 1]


def _definition(iri: str, coercion: str, container: str) -> Definition:
    if not coercion and not container:
        return iri
    return {"@id": iri} | ({"@type": coercion} if coercion else {}) | ({"@container": container} if container else {})


@cache
def document(version: str = NEWEST) -> dict[str, Any]:
    """The core @context of one version as a JSON-LD document, as it is served. Shared: not to be changed."""
    terms: dict[str, Definition] = {}
    for since in _upto(version):
        terms |= {term: f"ngsi-ld:{term}" for term in PLAIN.get(since, "").split()}
        for coercion, words in TYPED.get(since, {}).items():
            terms |= {term: _definition(f"ngsi-ld:{term}", coercion, "") for term in words.split()}
        terms |= {term: _definition(f"ngsi-ld:{term}", "", "@list") for term in LISTS.get(since, "").split()}
        terms |= {term: _definition(*parts) for term, parts in OTHER.get(since, {}).items()}
    head: dict[str, Any] = {"@version": 1.1, "@protected": True, **PREFIXES, **ALIASES}
    return {"@context": head | dict(sorted(terms.items())) | {"@vocab": DEFAULT_VOCAB}}


def version_of(url: str) -> str | None:
    """The version of the core @context that `url` names, None where it names something else."""
    plain = url.replace("http://", "https://", 1) if url.startswith("http://") else url
    if not plain.startswith(CORE_BASE) or not plain.endswith(".jsonld"):
        return None
    tail = plain[len(CORE_BASE) : -len(".jsonld")]
    if not tail:
        return NEWEST
    return tail[2:] if tail[2:] in VERSIONS and tail.startswith("-v") else _newest_where(tail)


def _newest_where(tail: str) -> str | None:
    return NEWEST if tail.startswith("-v") and tail[2:].replace(".", "").isdigit() else None


def expand_core(definition: Definition) -> str:
    """The whole IRI of a definition of the core document."""
    iri = definition if isinstance(definition, str) else str(definition["@id"])
    prefix, colon, rest = iri.partition(":")
    return PREFIXES[prefix] + rest if colon and prefix in PREFIXES else iri if colon else DEFAULT_VOCAB + iri


@cache
def core_terms() -> dict[str, str]:
    """Term → whole IRI of the newest core @context; keywords, prefixes and aliases are not among them."""
    body = document()["@context"]
    skipped = {"@version", "@protected", "@vocab", *PREFIXES, *ALIASES}
    return {term: expand_core(definition) for term, definition in body.items() if term not in skipped}
