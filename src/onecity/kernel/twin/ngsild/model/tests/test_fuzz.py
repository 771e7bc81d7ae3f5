"""No input whatever ends in anything but an entity or a problem; what is kept can be stored and shown."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model import limits, merging
from onecity.kernel.twin.ngsild.model.downgrading import downgraded
from onecity.kernel.twin.ngsild.model.reading import MERGE, read_entity, read_fragment, read_instances
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.model.shape import Format, Shape
from onecity.kernel.twin.ngsild.model.tests.bodies import CONTEXT, LATER, NOW, entities, refused

WORDS = [
    *[
        "id",
        "type",
        "@id",
        "@type",
        "@context",
        "@value",
        "value",
        "object",
        "vocab",
        "json",
        "valueList",
        "objectList",
        "languageMap",
        "datasetId",
        "observedAt",
    ],
    *[
        "unitCode",
        "objectType",
        "valueType",
        "expiresAt",
        "createdAt",
        "instanceId",
        "entity",
        "previousValue",
        "scope",
        "location",
        "coordinates",
    ],
    *[
        "Property",
        "Relationship",
        "GeoProperty",
        "LanguageProperty",
        "VocabProperty",
        "JsonProperty",
        "ListProperty",
        "ListRelationship",
    ],
    *[
        "Point",
        "Polygon",
        "urn:ngsi-ld:null",
        "urn:a:b",
        "@none",
        "2026-07-01T08:00:00Z",
        "speed",
        "ngsildproof",
        "entityIdSealed",
    ],
    "https://uri.etsi.org/ngsi-ld/hasValue",
    "https://uri.etsi.org/ngsi-ld/Property",
    "",
    "\x00",
    "\ud800",
]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=4)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
OBJECTS = st.dictionaries(TEXTS, ANYTHING, max_size=6)
FORMATS: list[Format] = ["normalized", "concise", "simplified"]


def _stored(entity: Any) -> None:
    text = msgspec.json.encode(entity.attributes)
    assert b"\\u0000" not in text
    for form in FORMATS:
        body = represent(entity, CONTEXT, Shape(format=form, sys_attrs=True, lang="en;q=0.5,*"))
        msgspec.json.encode(body)
        msgspec.json.encode(downgraded(body, (1, 0)))


@settings(deadline=None)
@given(OBJECTS, st.booleans())
def test_entities(body: dict[str, Any], named: bool) -> None:
    if named:
        body = body | {"id": "urn:a:b", "type": "Vehicle"}
    try:
        entity = read_entity(body, CONTEXT, NOW)
    except Problem:
        return
    _stored(entity)


@settings(deadline=None)
@given(entities(), OBJECTS, st.sampled_from(["update", "merge", "partial"]))
def test_writing(first: dict[str, Any], body: dict[str, Any], how: str) -> None:
    entity = read_entity(first, CONTEXT, NOW)
    try:
        if how == "update":
            outcome = merging.update(entity, read_fragment(body, CONTEXT, LATER), LATER)
        elif how == "merge":
            outcome = merging.merge_patch(entity, read_fragment(body, CONTEXT, LATER, rules=MERGE), LATER, lang="en")
        else:
            name = next(iter(entity.attributes), "speed")
            part = read_instances(body, name, CONTEXT, LATER, nulls=True)
            outcome = merging.partial(entity, name, part, LATER)
    except Problem:
        return
    _stored(outcome.entity)
    # as the name of a member it means nothing
    text = msgspec.json.encode(outcome.entity.attributes).replace(b'"urn:ngsi-ld:null":', b"")
    assert b'"urn:ngsi-ld:null"' not in text


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "attribute",
    [
        _nested(limits.DEPTH + 1),
        [0] * (limits.NODES + 1),
        {"type": "GeoProperty", "value": {"type": "MultiPoint", "coordinates": [[0, 0]] * (limits.POSITIONS + 1)}},
        {"type": "Property", "value": float("inf")},
        {"type": "Property", "value": 10**400},
        [{"type": "Property", "value": 1, "datasetId": f"urn:d:{i}"} for i in range(limits.INSTANCES + 1)],
        {"type": "Relationship", "object": ["urn:a:b"] * (limits.OBJECTS + 1)},
    ],
    ids=["deep", "wide", "polygon", "infinite", "huge number", "instances", "objects"],
)
def test_limits(attribute: Any) -> None:
    with refused():
        read_entity({"id": "urn:a:b", "type": "T", "a": attribute}, CORE, NOW)


def test_deep_sub_attributes_end() -> None:
    attribute: dict[str, Any] = {"type": "Property", "value": 1}
    for _ in range(2_000):
        attribute = {"type": "Property", "value": 1, "sub": attribute}
    with refused():
        read_entity({"id": "urn:a:b", "type": "T", "a": attribute}, CORE, NOW)
