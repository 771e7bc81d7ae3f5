"""What a client gets to see: representations, projections, languages, data sets, GeoJSON, older versions."""

from typing import Any

import pytest

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model import languages
from onecity.kernel.twin.ngsild.model.downgrading import downgraded, preferred
from onecity.kernel.twin.ngsild.model.reading import read_entity
from onecity.kernel.twin.ngsild.model.representing import collection, represent, with_previous
from onecity.kernel.twin.ngsild.model.shape import LOCATION, Shape
from onecity.kernel.twin.ngsild.model.tests.bodies import CONTEXT, NOW

URN = "urn:ngsi-ld:Person:1"
POINT = {"type": "Point", "coordinates": [13.3986, 52.5547]}
BODY: dict[str, Any] = {
    "id": URN,
    "type": ["Person", "Artist"],
    "scope": ["/Berlin", "/London"],
    "name": [
        {"type": "Property", "value": "David Robert Jones"},
        {"type": "Property", "value": "David Bowie", "datasetId": "urn:ngsi-ld:datasetId:001"},
    ],
    "location": {"type": "GeoProperty", "value": POINT},
    "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "fr-CH": "oui", "@none": "ja"}},
    "tickets": {"type": "JsonProperty", "json": {"id": "85a6", "value": "Overstay"}},
    "gender": {"type": "VocabProperty", "vocab": "Male"},
    "devices": {
        "type": "Relationship",
        "object": ["urn:ngsi-ld:Device:1", "urn:ngsi-ld:Device:2"],
        "objectType": "Device",
    },
    "periods": {"type": "ListProperty", "valueList": ["First", "Second"]},
    "route": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:BusStop:1"}]},
    "mass": {"type": "Property", "value": 5, "unitCode": "KGM", "expiresAt": "2030-01-01T00:00:00Z"},
}
ENTITY = read_entity(BODY, CORE, NOW)


def shown(**shape: Any) -> dict[str, Any]:
    return represent(ENTITY, CORE, Shape(**shape))


def test_simplified() -> None:
    assert shown(format="simplified") == {
        "id": URN,
        "type": ["Person", "Artist"],
        "scope": ["/Berlin", "/London"],
        "name": {"dataset": {"@none": "David Robert Jones", "urn:ngsi-ld:datasetId:001": "David Bowie"}},
        "location": POINT,
        "says": {"languageMap": {"en": "yes", "fr-CH": "oui", "@none": "ja"}},
        "tickets": {"json": {"id": "85a6", "value": "Overstay"}},
        "gender": {"vocab": "Male"},
        "devices": ["urn:ngsi-ld:Device:1", "urn:ngsi-ld:Device:2"],
        "periods": ["First", "Second"],
        "route": ["urn:ngsi-ld:BusStop:1"],
        "mass": 5,
    }


def test_concise() -> None:
    body = shown(format="concise", omit={"says", "tickets", "scope"})
    assert body == {
        "id": URN,
        "type": ["Person", "Artist"],
        "name": [{"value": "David Robert Jones"}, {"value": "David Bowie", "datasetId": "urn:ngsi-ld:datasetId:001"}],
        "location": POINT,
        "gender": {"vocab": "Male"},
        "devices": {"object": ["urn:ngsi-ld:Device:1", "urn:ngsi-ld:Device:2"], "objectType": "Device"},
        "periods": {"valueList": ["First", "Second"]},
        "route": {"objectList": [{"object": "urn:ngsi-ld:BusStop:1"}]},
        "mass": {"value": 5, "unitCode": "KGM"},
    }


@pytest.mark.parametrize(
    "attribute",
    [
        {"type": "Property", "value": POINT},
        {"type": "Property", "value": {"value": 1}},
        {"type": "Property", "value": {"type": "x"}},
        {"type": "Property", "value": [{"type": "Property", "value": 1}]},
        {"type": "Property", "value": [{"datasetId": "urn:a:b", "value": 1}]},
        {"type": "Property", "value": {"https://uri.etsi.org/ngsi-ld/hasValue": 1}},
        {"type": "Property", "value": 1, "sub": {"type": "Property", "value": POINT}},
        {"type": "GeoProperty", "value": {"@type": "Point", "coordinates": [1, 2]}},
    ],
)
def test_concise_says_what_could_be_misread(attribute: dict[str, Any]) -> None:
    entity = read_entity({"id": URN, "type": "T", "a": attribute}, CORE, NOW)
    again = read_entity(represent(entity, CORE, Shape(format="concise")), CORE, NOW)
    assert represent(again, CORE) == {"id": URN, "type": "T", "a": attribute}


def test_members_by_choice() -> None:
    assert set(shown(pick={"id", "mass"})) == {"id", "mass"}
    assert set(shown(pick={"type", "scope"})) == {"type", "scope"}
    assert set(shown(attrs={"mass", "gender"})) == {"id", "type", "mass", "gender"}
    assert "mass" not in shown(omit={"mass", "id"})
    assert set(BODY) - set(shown(omit={"mass", "id"})) == {"mass", "id"}
    assert shown(pick={LOCATION}) == {"location": BODY["location"]}


def test_times_of_the_system_only_on_request() -> None:
    assert shown(attrs={"mass"})["mass"] == {"type": "Property", "value": 5, "unitCode": "KGM"}
    told = shown(attrs={"mass"}, sys_attrs=True)
    assert (told["createdAt"], told["modifiedAt"]) == (NOW, NOW)
    assert told["mass"] == {
        "type": "Property",
        "value": 5,
        "unitCode": "KGM",
        "expiresAt": "2030-01-01T00:00:00Z",
        "createdAt": NOW,
        "modifiedAt": NOW,
    }
    assert shown(attrs={"mass"}, instance_ids=True)["mass"]["instanceId"].startswith("urn:ngsi-ld:instance:")


def test_data_sets_are_views() -> None:
    view = shown(dataset_ids={"urn:ngsi-ld:datasetId:001"})
    assert set(view) == {"id", "type", "scope", "name"}
    assert view["name"]["value"] == "David Bowie"
    assert shown(dataset_ids={"@none"}, format="simplified")["name"] == "David Robert Jones"


@pytest.mark.parametrize(
    ("lang", "tag", "text"),
    [
        ("en", "en", "yes"),
        ("FR", "fr-CH", "oui"),
        ("en-GB", "en", "yes"),
        ("nl, fr-CH;q=0.9, en;q=0.8", "fr-CH", "oui"),
        ("en;q=0.1,fr;q=0.5", "fr-CH", "oui"),
        ("en;q=0", "@none", "ja"),
        ("pt", "@none", "ja"),
        ("*", "@none", "ja"),
        ("", "@none", "ja"),
    ],
)
def test_languages(lang: str, tag: str, text: str) -> None:
    assert shown(pick={"says"}, lang=lang) == {"says": {"type": "Property", "value": text, "lang": tag}}
    assert shown(pick={"says"}, lang=lang, format="simplified") == {"says": text}
    assert shown(pick={"says"}, lang=lang, format="concise") == {"says": {"value": text, "lang": tag}}
    assert languages.choose({"en": "yes", "de": "ja"}, "pt") == ("en", "yes")


def test_geojson() -> None:
    feature = shown(geojson=True, attrs={LOCATION, "mass"}, format="simplified")
    assert feature == {
        "id": URN,
        "type": "Feature",
        "geometry": POINT,
        "properties": {"type": ["Person", "Artist"], "location": POINT, "mass": 5},
    }
    assert shown(geojson=True, geometry_property="mass")["geometry"] is None
    assert shown(geojson=True, geometry_property="nothing", pick={"mass"})["geometry"] is None
    assert collection([feature]) == {"type": "FeatureCollection", "features": [feature]}


def test_terms_of_the_reader() -> None:
    entity = read_entity({"id": URN, "type": "Vehicle", "speed": 1, "ex:mass": {"vocab": "Vehicle"}}, CONTEXT, NOW)
    assert represent(entity, CONTEXT) == {
        "id": URN,
        "type": "Vehicle",
        "speed": {"type": "Property", "value": 1},
        "ex:mass": {"type": "VocabProperty", "vocab": "Vehicle"},
    }
    assert represent(entity, CORE, Shape(format="simplified")) == {
        "id": URN,
        "type": "https://example.org/ns#Vehicle",
        "https://example.org/ns#speed": 1,
        "https://example.org/ns#mass": {"vocab": "https://example.org/ns#Vehicle"},
    }


def test_what_was_there_before() -> None:
    before, after = {"type": "Property", "value": 1}, {"type": "Property", "value": 2}
    assert with_previous(after, before) == {"type": "Property", "value": 2, "previousValue": 1}
    assert with_previous(after, None) == after


def test_older_versions() -> None:
    told = represent(ENTITY, CORE, Shape(sys_attrs=True))
    older = downgraded(told, (1, 7))
    assert older["gender"] == {"type": "Property", "value": "Male"} | _times()
    assert older["tickets"]["type"] == "Property"
    assert older["periods"] == {"type": "Property", "value": ["First", "Second"]} | _times()
    assert older["route"] == {"type": "Relationship", "object": ["urn:ngsi-ld:BusStop:1"]} | _times()
    assert "objectType" not in older["devices"]
    assert "expiresAt" not in older["mass"]
    assert older["says"] == told["says"]
    oldest = downgraded([told], (1, 0))[0]
    assert oldest["type"] == "Person"
    assert "scope" not in oldest
    assert oldest["name"] == {"type": "Property", "value": "David Robert Jones"} | _times()
    assert oldest["says"]["type"] == "Property"
    assert "unitCode" not in oldest["mass"]
    assert downgraded(told, (1, 9)) is told
    assert downgraded({"type": "Notification", "data": [told]}, (1, 0))["data"] == [oldest]
    assert downgraded(shown(geojson=True), (1, 7))["properties"]["gender"] == {"type": "Property", "value": "Male"}
    assert (preferred("ngsi-ld=1.5"), preferred('body=json, ngsi-ld="1.8"'), preferred("body=json")) == (
        (1, 5),
        (1, 8),
        None,
    )


def _times() -> dict[str, str]:
    return {"createdAt": NOW, "modifiedAt": NOW}
