"""The laws of writing: what is named changes as the clause says, everything else stays, and nothing is changed in place."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model import merging
from onecity.kernel.twin.ngsild.model.reading import MERGE, read_entity, read_fragment, read_instances
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.model.tests.bodies import CONTEXT, LATER, NOW, entities, refused, unstamped

URN = "urn:ngsi-ld:Vehicle:1"


def entity(**attributes: Any) -> StoredEntity:
    return read_entity({"id": URN, "type": "Vehicle"} | attributes, CORE, NOW)


def shown(outcome: Outcome, name: str) -> Any:
    return represent(outcome.entity, CORE).get(name)


TEMPERATURE = {"type": "Property", "value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26.535Z"}


def test_partial_update_leaves_what_it_does_not_name() -> None:
    """5.5.8: the value and the time are new, the unit stays."""
    before = entity(temperature=TEMPERATURE)
    part = read_instances(
        {"type": "Property", "value": 100, "observedAt": LATER}, "temperature", CORE, LATER, nulls=True
    )
    outcome = merging.partial(before, "temperature", part, LATER)
    assert shown(outcome, "temperature") == TEMPERATURE | {"value": 100, "observedAt": LATER}
    stored = outcome.entity.attributes["temperature"][0]
    assert (stored["createdAt"], stored["modifiedAt"], outcome.entity.modified_at) == (NOW, LATER, LATER)
    assert outcome.changed == {"temperature": [stored]}
    assert outcome.previous == {"temperature": before.attributes["temperature"]}
    assert stored["instanceId"] != before.attributes["temperature"][0]["instanceId"]


def test_partial_update_without_value_or_type() -> None:
    part = read_instances(
        {"unitCode": "FAR", "accuracy": {"type": "Property", "value": 1}}, "temperature", CORE, LATER, nulls=True
    )
    outcome = merging.partial(entity(temperature=TEMPERATURE), "temperature", part, LATER)
    assert shown(outcome, "temperature") == TEMPERATURE | {
        "unitCode": "FAR",
        "accuracy": {"type": "Property", "value": 1},
    }
    gone = read_instances(
        {"unitCode": "urn:ngsi-ld:null", "accuracy": "urn:ngsi-ld:null"}, "temperature", CORE, LATER, nulls=True
    )
    assert shown(merging.partial(outcome.entity, "temperature", gone, LATER), "temperature") == {
        key: value for key, value in TEMPERATURE.items() if key != "unitCode"
    }


@pytest.mark.parametrize(
    ("name", "part", "status"),
    [
        ("humidity", {"value": 1}, 404),
        ("temperature", {"value": 1, "datasetId": "urn:d:9"}, 404),
        ("temperature", {"type": "Relationship", "object": URN}, 400),
        ("temperature", {"object": URN}, 400),
    ],
)
def test_partial_update_refuses(name: str, part: dict[str, Any], status: int) -> None:
    before = entity(temperature=TEMPERATURE)
    kept = copy.deepcopy(before)
    with pytest.raises(Problem) as caught:
        merging.partial(before, name, read_instances(part, name, CORE, LATER, nulls=True), LATER)
    assert caught.value.status == status
    assert before == kept


def test_update_replaces_whole_attributes_and_null_deletes_them() -> None:
    before = entity(temperature=TEMPERATURE, speed=3)
    update = read_fragment({"temperature": {"type": "Property", "value": 100}, "mass": 4}, CORE, LATER)
    outcome = merging.update(before, update, LATER)
    assert shown(outcome, "temperature") == {"type": "Property", "value": 100}
    assert shown(outcome, "mass") == {"type": "Property", "value": 4}
    assert outcome.entity.attributes["speed"] is before.attributes["speed"]
    for null in ("urn:ngsi-ld:null", {"type": "Property", "value": "urn:ngsi-ld:null"}):
        deleted = merging.update(before, read_fragment({"temperature": null}, CORE, LATER), LATER)
        assert "temperature" not in deleted.entity.attributes
        assert deleted.changed == {"temperature": None}
    nothing = merging.update(before, read_fragment({"mass": "urn:ngsi-ld:null"}, CORE, LATER), LATER)
    assert nothing.unchanged
    assert nothing.entity is before
    assert [name for name, _reason in nothing.not_updated] == ["mass"]


def test_data_sets_are_written_one_by_one() -> None:
    one, two = ({"type": "Property", "value": value, "datasetId": f"urn:d:{value}"} for value in (1, 2))
    before = entity(speed=[{"type": "Property", "value": 0}, one])
    outcome = merging.append(
        before, read_fragment({"speed": [one | {"value": 7}, two]}, CORE, LATER, nulls=False), LATER
    )
    assert shown(outcome, "speed") == [{"type": "Property", "value": 0}, one | {"value": 7}, two]
    assert outcome.entity.attributes["speed"][0] is before.attributes["speed"][0]
    left = merging.append(before, read_fragment({"speed": [one, two]}, CORE, LATER), LATER, overwrite=False)
    assert shown(left, "speed") == [{"type": "Property", "value": 0}, one, two]
    assert [name for name, _reason in left.not_updated] == ["speed"]
    assert left.entity.attributes["speed"][1] is before.attributes["speed"][1]
    gone = merging.delete_attribute(outcome.entity, "speed", "urn:d:1", delete_all=False, now=LATER)
    assert shown(gone, "speed") == [{"type": "Property", "value": 0}, two]
    assert shown(merging.delete_attribute(outcome.entity, "speed", None, delete_all=True, now=LATER), "speed") is None
    with refused("ResourceNotFound"):
        merging.delete_attribute(before, "speed", "urn:d:2", delete_all=False, now=LATER)


def test_types_only_grow_and_scopes_follow_the_operation() -> None:
    before = entity()
    more = read_fragment({"type": ["Vehicle", "Car"], "scope": ["/a", "/b"]}, CORE, LATER)
    appended = merging.append(before, more, LATER)
    assert (appended.entity.types, appended.entity.scopes) == (("Vehicle", "Car"), ("/a", "/b"))
    assert appended.changed == {"type": ["Vehicle", "Car"], "scope": ["/a", "/b"]}
    assert appended.previous == {"type": ["Vehicle"], "scope": None}
    assert merging.update(before, more, LATER).entity.scopes == ()  # 5.6.2: ignored where there was none
    assert merging.update(appended.entity, read_fragment({"scope": "/c"}, CORE, LATER), LATER).entity.scopes == ("/c",)
    kept = merging.append(appended.entity, read_fragment({"scope": ["/c", "/a"]}, CORE, LATER), LATER, overwrite=False)
    assert kept.entity.scopes == ("/a", "/b", "/c")
    cleared = merging.delete_attribute(appended.entity, "scope", None, delete_all=False, now=LATER)
    assert (cleared.entity.scopes, cleared.changed) == ((), {"scope": None})


def test_merge_patch_goes_into_values() -> None:
    address = {"street": "Strasse des 17. Juni", "city": "Berlin", "country": "Germany"}
    before = entity(address={"type": "Property", "value": address}, temperature=TEMPERATURE)
    patch = {
        "address": {"type": "Property", "value": {"street": "Pariser Platz", "country": "urn:ngsi-ld:null"}},
        "temperature": {"type": "Property", "value": 100},
    }
    outcome = merging.merge_patch(before, read_fragment(patch, CORE, LATER, rules=MERGE), LATER, observed_at=LATER)
    assert shown(outcome, "address") == {"type": "Property", "value": {"street": "Pariser Platz", "city": "Berlin"}}
    assert shown(outcome, "temperature") == TEMPERATURE | {"value": 100, "observedAt": LATER}
    assert before.attributes["address"][0]["value"] == address


def test_merge_patch_keeps_the_kind_of_plain_values() -> None:
    before = entity(
        owner={"type": "Relationship", "object": "urn:ngsi-ld:Person:1"},
        says={"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}},
        location={"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
    )
    patch = {
        "owner": "urn:ngsi-ld:Person:2",
        "says": "ja",
        "location": {"type": "Point", "coordinates": [3, 4]},
        "new": 5,
    }
    outcome = merging.merge_patch(before, read_fragment(patch, CORE, LATER, rules=MERGE), LATER, lang="de")
    assert shown(outcome, "owner") == {"type": "Relationship", "object": "urn:ngsi-ld:Person:2"}
    assert shown(outcome, "says")["languageMap"] == {"en": "yes", "fr": "oui", "de": "ja"}
    assert shown(outcome, "location")["value"]["coordinates"] == [3, 4]
    assert shown(outcome, "new") == {"type": "Property", "value": 5}
    dropped = merging.merge_patch(
        before, read_fragment({"says": {"languageMap": {"fr": "urn:ngsi-ld:null"}}}, CORE, LATER, rules=MERGE), LATER
    )
    assert shown(dropped, "says")["languageMap"] == {"en": "yes"}
    for wrong in ({"owner": "no uri"}, {"location": 5}, {"fresh": {"type": "Property", "unitCode": "CEL"}}):
        with refused():
            merging.merge_patch(before, read_fragment(wrong, CORE, LATER, rules=MERGE), LATER)


def test_replacing_keeps_only_the_time_of_creation() -> None:
    before = entity(speed=1, mass=2)
    outcome = merging.replace(before, read_entity({"id": URN, "type": "Car", "speed": 9}, CORE, LATER), LATER)
    assert (outcome.entity.created_at, outcome.entity.modified_at) == (NOW, LATER)
    assert represent(outcome.entity, CORE) == {"id": URN, "type": "Car", "speed": {"type": "Property", "value": 9}}
    assert set(outcome.changed) == {"speed", "mass", "type"}
    assert outcome.changed["mass"] is None
    fresh = read_instances({"type": "Property", "value": 5}, "speed", CORE, LATER)
    replaced = merging.replace_attribute(before, "speed", fresh, LATER)
    assert shown(replaced, "speed") == {"type": "Property", "value": 5}
    assert replaced.entity.attributes["speed"][0]["createdAt"] == NOW
    with refused("ResourceNotFound"):
        merging.replace_attribute(before, "height", fresh, LATER)


def test_a_place_may_be_merged_as_text() -> None:
    before = entity(location={"type": "Point", "coordinates": [1, 2]})
    patch = {"location": '{"type": "Point", "coordinates": [3, 4]}'}
    with refused():
        read_fragment(patch, CORE, LATER, rules=MERGE)
    whole = {"location": {"type": "GeoProperty", "value": patch["location"]}}
    outcome = merging.merge_patch(before, read_fragment(whole, CORE, LATER, rules=MERGE), LATER)
    assert shown(outcome, "location")["value"] == {"type": "Point", "coordinates": [3, 4]}


WRITES = st.sampled_from(["append", "keep", "update", "merge", "replace"])


def written(before: StoredEntity, body: dict[str, Any], how: str) -> Outcome:
    if how == "merge":
        return merging.merge_patch(before, read_fragment(body, CONTEXT, LATER, rules=MERGE), LATER)
    if how == "update":
        return merging.update(before, read_fragment(body, CONTEXT, LATER), LATER)
    if how == "replace":
        return merging.replace(before, read_entity(body | {"id": before.urn}, CONTEXT, LATER), LATER)
    fragment = read_fragment(body, CONTEXT, LATER, nulls=False)
    return merging.append(before, fragment, LATER, overwrite=how == "append")


@settings(deadline=None)
@given(entities(), entities(), WRITES)
def test_laws_of_writing(first: dict[str, Any], second: dict[str, Any], how: str) -> None:
    before = read_entity(first, CONTEXT, NOW)
    kept = copy.deepcopy(before)
    try:
        outcome = written(before, second, how)
    except Problem:
        assert before == kept
        return
    after = outcome.entity
    assert before == kept, "the old entity is not changed in place"
    assert after.created_at == NOW
    untouched = {name for name in before.attributes if name not in outcome.changed}
    assert all(after.attributes[name] is before.attributes[name] for name in untouched)
    for name in set(before.attributes) | set(after.attributes):
        if name in outcome.changed:
            assert outcome.changed[name] == after.attributes.get(name)
            assert outcome.previous.get(name) == before.attributes.get(name)
    if how != "replace":
        assert set(before.types) <= set(after.types)
    if how in {"append", "update", "replace"}:
        again = written(after, second, how).entity
        assert unstamped(again.attributes) == unstamped(after.attributes)
