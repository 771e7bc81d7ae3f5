"""What a request may say of an entity, and what is refused, kind by kind (4.5.x, 4.6.x, 5.5.4)."""

from typing import Any

import pytest

from onecity.kernel.twin.ngsild.context.core import DEFAULT_VOCAB, NGSI
from onecity.kernel.twin.ngsild.context.processing import process
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.reading import MERGE, UPDATE, read_entity, read_fragment, read_instances
from onecity.kernel.twin.ngsild.model.rules import EVOLUTION, TEMPORAL
from onecity.kernel.twin.ngsild.model.tests.bodies import CONTEXT, NOW, refused, unstamped

URN = "urn:ngsi-ld:Vehicle:A4567"


def read(**attributes: Any) -> dict[str, Any]:
    entity = read_entity({"id": URN, "type": "Vehicle"} | attributes, CORE, NOW)
    found: dict[str, Any] = unstamped(entity.attributes)
    return found


def test_the_vehicle_of_the_standard() -> None:
    """A Property with a unit and a Relationship with sub-attributes, as the figure of C.2.1 tells them."""
    body: dict[str, Any] = {
        "id": URN,
        "type": "Vehicle",
        "brandName": {"type": "Property", "value": "Mercedes"},
        "isParked": {
            "type": "Relationship",
            "object": "urn:ngsi-ld:OffStreetParking:Downtown1",
            "observedAt": "2017-07-29T12:00:04Z",
            "providedBy": {"type": "Relationship", "object": "urn:ngsi-ld:Person:Bob"},
        },
        "speed": [
            {"type": "Property", "value": 55, "source": {"type": "Property", "value": "Speedometer"}},
            {"type": "Property", "value": 54.5, "datasetId": "urn:ngsi-ld:Property:gpsBxyz123-speed"},
        ],
    }
    entity = read_entity(body, CORE, NOW)
    assert (entity.urn, entity.types, entity.created_at, entity.modified_at) == (URN, ("Vehicle",), NOW, NOW)
    assert unstamped(entity.attributes["isParked"]) == [
        {
            "type": "Relationship",
            "object": "urn:ngsi-ld:OffStreetParking:Downtown1",
            "observedAt": "2017-07-29T12:00:04Z",
            "providedBy": {"type": "Relationship", "object": "urn:ngsi-ld:Person:Bob"},
        }
    ]
    stored = entity.attributes["speed"]
    assert [instance.get("datasetId") for instance in stored] == [None, "urn:ngsi-ld:Property:gpsBxyz123-speed"]
    assert all(instance["createdAt"] == instance["modifiedAt"] == NOW for instance in stored)
    assert len({instance["instanceId"] for instance in stored}) == 2


def test_names_are_stored_names() -> None:
    entity = read_entity(
        {
            "id": URN,
            "type": ["Vehicle", "Car"],
            "speed": 5,
            "location": {"type": "Point", "coordinates": [1, 2]},
            "x": 1,
        },
        CONTEXT,
        NOW,
    )
    assert entity.types == ("https://example.org/ns#Vehicle", "Car")
    assert list(entity.attributes) == ["https://example.org/ns#speed", f"{NGSI}location", "x"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (35.2, {"type": "Property", "value": 35.2}),
        ([1, 2], {"type": "Property", "value": [1, 2]}),
        ({"street": "x"}, {"type": "Property", "value": {"street": "x"}}),
        ({"@type": "DateTime", "@value": NOW}, {"type": "Property", "value": {"@type": "DateTime", "@value": NOW}}),
        ({"value": 5, "unitCode": "CEL"}, {"type": "Property", "value": 5, "unitCode": "CEL"}),
        (
            {"type": "Point", "coordinates": [1, 2]},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        ),
        (
            {"value": {"type": "Point", "coordinates": [1, 2]}},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        ),
        ({"object": "urn:a:b"}, {"type": "Relationship", "object": "urn:a:b"}),
        ({"languageMap": {"en": "a"}}, {"type": "LanguageProperty", "languageMap": {"en": "a"}}),
        ({"vocab": "Male"}, {"type": "VocabProperty", "vocab": "Male"}),
        ({"json": {"id": "x", "type": "y"}}, {"type": "JsonProperty", "json": {"id": "x", "type": "y"}}),
        ({"valueList": [1, 1]}, {"type": "ListProperty", "valueList": [1, 1]}),
        ({"objectList": ["urn:a:b", {"object": "urn:a:c"}]}, {"type": "ListRelationship", "objectList": ["urn:a:b", "urn:a:c"]}),
        ({"value": 1, "datasetId": "@none"}, {"type": "Property", "value": 1}),
        ({"value": 1, "observedAt": "2026-07-01T08:00:00,5Z"}, {"type": "Property", "value": 1, "observedAt": "2026-07-01T08:00:00.5Z"}),
        ({"value": 1, "createdAt": "2001-01-01T00:00:00Z", "instanceId": "urn:x:y"}, {"type": "Property", "value": 1}),
        ({f"{NGSI}hasValue": 7}, {"type": "Property", "value": 7}),
        ({"type": f"{NGSI}Property", "value": 7}, {"type": "Property", "value": 7}),
        ({"value": "2", "valueType": "xsd"}, {"type": "Property", "value": "2", "valueType": "xsd"}),
        ({"value": 1, "sub": {"object": "urn:a:b"}}, {"type": "Property", "value": 1, "sub": {"type": "Relationship", "object": "urn:a:b"}}),
        ({"value": 1, "sub": [{"value": 2}, {"value": 3, "datasetId": "urn:d:1"}]},
         {"type": "Property", "value": 1, "sub": [{"type": "Property", "value": 2}, {"type": "Property", "value": 3, "datasetId": "urn:d:1"}]}),
    ],
)  # fmt: skip
def test_every_way_to_write_an_attribute(given: Any, stored: dict[str, Any]) -> None:
    assert read(a=given) == {"a": [stored]}


@pytest.mark.parametrize(
    "attribute",
    [
        None,
        {"type": "Property"},
        {"type": "Property", "value": None},
        {"type": "Property", "value": NULL},
        {"type": "Property", "value": {"a": NULL}},
        {"type": "Thing", "value": 1},
        {"type": 5, "value": 1},
        {"type": "Property", "value": 1, "object": "urn:a:b"},
        {"type": "Property", "value": 1, "previousValue": 1},
        {"type": "Property", "value": 1, "entity": {}},
        {"type": "Property", "value": 1, "unitCode": 5},
        {"type": "Property", "value": 1, "observedAt": "2026-07-01"},
        {"type": "Property", "value": 1, "observedAt": "2026-07-01T08:00:00+08:00"},
        {"type": "Property", "value": 1, "observedAt": "2026-02-30T08:00:00Z"},
        {"type": "Property", "value": 1, "observedAt": "2026-07-01T08:00:00.1234567Z"},
        {"type": "Property", "value": 1, "expiresAt": 5},
        {"type": "Property", "value": 1, "datasetId": "no uri"},
        {"type": "Property", "value": 1, "datasetId": NULL},
        {"type": "Property", "value": 1, "@context": {}},
        {"type": "Property", "value": 1, "entityIdSealed": "x"},
        {"type": "Property", "value": 1, "a b": 1},
        {"type": "Property", "value": "\x00"},
        {"type": "Property", "value": {"\ud800": 1}},
        {"type": "Relationship"},
        {"type": "Relationship", "object": "Bob"},
        {"type": "Relationship", "object": []},
        {"type": "Relationship", "object": "urn:a:b", "unitCode": "CEL"},
        {"type": "Relationship", "object": "urn:a:b", "value": 1},
        {"type": "Relationship", "object": "urn:a:b", "objectType": 5},
        {"type": "GeoProperty", "value": 5},
        {"type": "GeoProperty", "value": {"type": "Circle", "coordinates": [1, 2]}},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1]}},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [181, 0]}},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": ["1", "2"]}},
        {"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[1, 2]]}},
        {"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}},
        {"type": "GeoProperty", "value": {"type": "GeometryCollection", "geometries": []}},
        {"type": "LanguageProperty", "languageMap": "yes"},
        {"type": "LanguageProperty", "languageMap": {"en": 5}},
        {"type": "LanguageProperty", "languageMap": {"": "x"}},
        {"type": "LanguageProperty", "languageMap": {"en": "x"}, "unitCode": "CEL"},
        {"type": "VocabProperty", "vocab": 5},
        {"type": "JsonProperty", "json": 5},
        {"type": "ListProperty", "valueList": 5},
        {"type": "ListRelationship", "objectList": ["Bob"]},
        [{"type": "Property", "value": 1}, {"type": "Property", "value": 2}],
        [
            {"type": "Property", "value": 1, "datasetId": "urn:d:1"},
            {"type": "Property", "value": 2, "datasetId": "urn:d:1"},
        ],
    ],
)
def test_wrong_attributes(attribute: Any) -> None:
    with refused():
        read(a=attribute)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "A4567"},
        {"id": None},
        {"id": 5},
        {"type": []},
        {"type": 5},
        {"type": NULL},
        {"type": "a b"},
        {"scope": "9bad"},
        {"scope": "a//b"},
        {"scope": NULL},
        {"expiresAt": "tomorrow"},
        {"datasetId": 1},
        {"observedAt": {"type": "Property", "value": 1}},
        {"na-me": 1},
        {"_name": 1},
        {"a": 1, f"{DEFAULT_VOCAB}a": 2},
    ],
)
def test_wrong_entities(change: dict[str, Any]) -> None:
    with refused():
        read_entity({"id": URN, "type": "Vehicle"} | change, CORE, NOW)
    body: Any
    for body in ([], "x", None, 5):
        with refused():
            read_entity(body, CORE, NOW)


def test_members_of_an_entity() -> None:
    entity = read_entity(
        {
            "@id": URN,
            "@type": ["A", "A", "B"],
            "scope": ["/a/b", "c"],
            "expiresAt": "2030-01-01T00:00:00Z",
            "createdAt": "x",
        },
        CORE,
        NOW,
    )
    assert (entity.types, entity.scopes) == (("A", "B"), ("/a/b", "c"))
    assert (entity.expires_at, entity.created_at) == ("2030-01-01T00:00:00Z", NOW)


def test_terms_of_the_client_for_id_and_type() -> None:
    context = process([{"kind": "@type", "key": "@id"}], None)
    assert read_entity({"key": URN, "kind": "T"}, context, NOW).types == ("T",)


def test_null_asks_for_deletion_where_it_may() -> None:
    body: dict[str, Any] = {
        "a": NULL,
        "b": {"type": "Property", "value": NULL, "datasetId": "urn:d:1"},
        "c": {"languageMap": {"@none": NULL}},
        "d": {"type": "ListProperty", "valueList": [NULL]},
        "scope": NULL,
        "expiresAt": NULL,
    }
    fragment = read_fragment(body, CORE, NOW, rules=UPDATE)
    assert fragment.attributes == {
        "a": [{"type": NULL}],
        "b": [{"type": NULL, "datasetId": "urn:d:1"}],
        "c": [{"type": NULL}],
        "d": [{"type": NULL}],
    }
    assert (fragment.scopes, fragment.expires_at, fragment.types) == ((NULL,), NULL, ())
    for key, value in body.items():
        with refused():
            read_fragment({key: value}, CORE, NOW, nulls=False)
    with refused():
        read_fragment({"a": {"type": "Property", "value": {"b": NULL}}}, CORE, NOW, rules=UPDATE)
    inner = read_fragment({"a": {"type": "Property", "value": {"b": NULL}}}, CORE, NOW, rules=MERGE)
    assert inner.attributes["a"][0]["value"] == {"b": NULL}


def test_plain_values_are_told_apart_for_a_merge() -> None:
    body: dict[str, Any] = {
        "a": 5,
        "b": {"value": 5},
        "c": {"x": 1},
        "d": {"type": "Property", "value": 5},
        "e": NULL,
        "f": {"unitCode": "CEL"},
    }
    fragment = read_fragment(body, CORE, NOW, rules=MERGE)
    assert fragment.bare == {"a", "c"}
    assert unstamped(fragment.attributes["f"]) == [{"unitCode": "CEL"}]


def test_an_attribute_of_its_own() -> None:
    assert unstamped(read_instances({"value": 1, "@context": "x"}, "speed", CORE, NOW)) == [
        {"type": "Property", "value": 1}
    ]
    assert unstamped(read_instances({"unitCode": "CEL"}, "speed", CORE, NOW, nulls=True)) == [{"unitCode": "CEL"}]
    for name in ("scope", "type", "observedAt", "sp eed", ""):
        with refused():
            read_instances({"value": 1}, name, CORE, NOW)


def test_an_evolution_repeats_data_sets() -> None:
    body = {"id": URN, "type": "V", "speed": [{"type": "Property", "value": v, "observedAt": NOW} for v in (1, 2, 3)]}
    assert [i["value"] for i in read_entity(body, CORE, NOW, rules=TEMPORAL).attributes["speed"]] == [1, 2, 3]
    with refused():
        read_entity(body, CORE, NOW)


def test_the_proof_of_an_entity_keeps_its_sealed_names() -> None:
    proof = {"type": "Property", "value": {"proofValue": "z5"}, "entityIdSealed": URN, "entityTypeSealed": "Vehicle"}
    entity = read_entity(
        {"id": URN, "type": "T", "a": {"type": "Property", "value": 1, "ngsildproof": proof}}, CONTEXT, NOW
    )
    assert entity.attributes["a"][0][f"{NGSI}ngsildproof"]["entityTypeSealed"] == "https://example.org/ns#Vehicle"


def test_a_place_is_a_geometry() -> None:
    """4.7.1 and 4.7.2: always a GeoProperty; a geometry may come as text and is kept as an object."""
    point = {"type": "Point", "coordinates": [17.1, 48.7]}
    text = '{"type": "Point", "coordinates": [17.1, 48.7]}'
    assert read(location={"type": "GeoProperty", "value": text}) == {
        f"{NGSI}location": [{"type": "GeoProperty", "value": point}]
    }
    for wrong in (
        7,
        {"type": "Property", "value": point},
        {"type": "GeoProperty", "value": "here"},
        {"object": "urn:a:b"},
    ):
        with refused():
            read(location=wrong)
        with refused():
            read_instances(wrong, "observationSpace", CORE, NOW)
    assert read_fragment({"location": NULL}, CORE, NOW).attributes == {f"{NGSI}location": [{"type": NULL}]}


def test_the_history_of_another_broker_keeps_what_was_deleted() -> None:
    gone = {
        "type": "Property",
        "value": NULL,
        "deletedAt": NOW,
        "modifiedAt": NOW,
        "instanceId": "urn:i:1",
        "createdAt": NOW,
    }
    body = {"id": URN, "type": "V", "speed": [{"type": "Property", "value": 1}, gone]}
    assert read_entity(body, CORE, NOW, rules=EVOLUTION).attributes["speed"][1] == gone
    with refused():
        read_entity(body, CORE, NOW, rules=TEMPORAL)
