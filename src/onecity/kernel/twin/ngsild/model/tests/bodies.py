"""Entities as clients write them, for property tests: every kind of attribute, sub-attributes, data sets."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.processing import process
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model.stored import StoredEntity

NOW = "2026-07-01T08:00:00.000000Z"
LATER = "2026-07-01T09:00:00.000000Z"

CONTEXT: Context = process(
    [{"ex": "https://example.org/ns#", "speed": "ex:speed", "Vehicle": "ex:Vehicle", "colour": {"@id": "ex:colour"}}],
    "https://example.org/context.jsonld",
)

NAMES = ("speed", "colour", "temperature", "location", "description", "status", "温度", "ex:mass", "height2")
SUB_NAMES = ("accuracy", "providedBy", "ex:method", "remark")
URNS = st.integers(0, 50).map("urn:ngsi-ld:Thing:{}".format)
TIMES = st.integers(0, 4_000_000_000).map(
    lambda second: f"{dt.datetime.fromtimestamp(second, dt.UTC):%Y-%m-%dT%H:%M:%S}Z"
)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8).filter(
    lambda text: text != "urn:ngsi-ld:null"
)
TERMS = st.sampled_from(["speed", "Vehicle", "red", "ex:green", "https://other.example/blue"])
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False, width=32)
JSON = st.recursive(
    NUMBERS | TEXTS | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["x:y", "@id", "@none", ""]) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@id", "@type", "@container", "@context", "@value", "a"]) | TEXTS, inner, max_size=3
        )
    ),
    max_leaves=10,
)
POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(list)
GEOMETRIES = POINTS.map(lambda point: {"type": "Point", "coordinates": point}) | st.lists(
    POINTS, min_size=2, max_size=4
).map(lambda line: {"type": "LineString", "coordinates": line})

VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "Property": ("value", JSON),
    "GeoProperty": ("value", GEOMETRIES),
    "Relationship": ("object", URNS | st.lists(URNS, min_size=1, max_size=3)),
    "LanguageProperty": (
        "languageMap",
        st.dictionaries(st.sampled_from(["en", "zh", "fr-CH", "@none"]), TEXTS, min_size=1, max_size=3),
    ),
    "VocabProperty": ("vocab", TERMS | st.lists(TERMS, min_size=1, max_size=2)),
    "JsonProperty": ("json", st.dictionaries(TEXTS, JSON, max_size=2)),
    "ListProperty": ("valueList", st.lists(JSON, max_size=3)),
    "ListRelationship": ("objectList", st.lists(URNS.map(lambda urn: {"object": urn}), max_size=3)),
}


@st.composite
def instances(draw: st.DrawFn, depth: int = 0, data_set: str | None = None) -> dict[str, Any]:
    """One normalized instance."""
    kind = draw(st.sampled_from(sorted(VALUES)))
    member, strategy = VALUES[kind]
    body: dict[str, Any] = {"type": kind, member: draw(strategy)}
    if data_set is not None:
        body["datasetId"] = data_set
    if draw(st.booleans()):
        body["observedAt"] = draw(TIMES)
    if kind == "Property" and draw(st.booleans()):
        body["unitCode"] = "CEL"
    if kind == "Relationship" and draw(st.booleans()):
        body["objectType"] = draw(TERMS)
    if depth < 2:
        for name in draw(st.lists(st.sampled_from(SUB_NAMES), unique=True, max_size=1)):
            body[name] = draw(instances(depth + 1))
    return body


@st.composite
def attributes(draw: st.DrawFn) -> Any:
    """An instance, or several of different data sets."""
    others = draw(st.lists(st.sampled_from(["urn:d:1", "urn:d:2"]), unique=True, max_size=2))
    if not others:
        return draw(instances())
    first = [draw(instances())] if draw(st.booleans()) or len(others) == 1 else []
    return first + [draw(instances(data_set=data_set)) for data_set in others]


@st.composite
def entities(draw: st.DrawFn) -> dict[str, Any]:
    """A normalized entity."""
    types = draw(st.lists(st.sampled_from(["Vehicle", "Building", "ex:Lamp"]), unique=True, min_size=1, max_size=2))
    body: dict[str, Any] = {"id": draw(URNS), "type": types[0] if len(types) == 1 else types}
    if draw(st.booleans()):
        body["scope"] = "/Madrid/Gardens"
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
        body[name] = {"type": "GeoProperty", "value": draw(GEOMETRIES)} if name == "location" else draw(attributes())
    return body


def plain(entity: StoredEntity) -> Any:
    """The entity without what each writing makes anew."""
    return entity.urn, entity.types, entity.scopes, entity.expires_at, unstamped(entity.attributes)


def unstamped(value: Any) -> Any:
    """Without times of writing and identifiers of instances."""
    if isinstance(value, dict):
        hidden = {"createdAt", "modifiedAt", "instanceId"}
        return {key: unstamped(item) for key, item in value.items() if key not in hidden}
    return [unstamped(item) for item in value] if isinstance(value, list) else value


@contextmanager
def refused(code: str = "BadRequestData") -> Iterator[None]:
    """The block ends in a problem of this type."""
    with pytest.raises(Problem) as caught:
        yield
    assert caught.value.code == code
