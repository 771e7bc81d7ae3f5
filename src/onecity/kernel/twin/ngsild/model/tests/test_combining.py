"""Several sources, one entity: the newest instance counts, what has expired does not, nobody's data are changed."""

import copy
from typing import Any

from hypothesis import given, settings

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model.combining import combined, moment_key
from onecity.kernel.twin.ngsild.model.reading import FOREIGN, read_entity
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.model.tests.bodies import CONTEXT, NOW, entities

URN = "urn:ngsi-ld:Vehicle:1"
EARLY, SOON, LATE = "2026-07-01T07:00:00Z", "2026-07-01T08:30:00Z", "2026-07-02T00:00:00Z"


def version(**members: Any) -> StoredEntity:
    return read_entity({"id": URN, "type": "Vehicle"} | members, CORE, NOW, rules=FOREIGN)


def speed(value: int, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value} | more


def shown(*versions: StoredEntity, auxiliary: tuple[StoredEntity, ...] = ()) -> dict[str, Any]:
    entity = combined(versions, NOW, auxiliary)
    assert entity is not None
    return represent(entity, CORE)


def test_the_newest_instance_counts() -> None:
    old, new = version(speed=speed(1, observedAt=EARLY)), version(speed=speed(2, observedAt="2026-07-01T07:00:00.5Z"))
    assert shown(old, new)["speed"]["value"] == shown(new, old)["speed"]["value"] == 2
    earlier, later = version(speed=speed(1, modifiedAt=EARLY)), version(speed=speed(2, modifiedAt=SOON))
    assert shown(later, earlier)["speed"]["value"] == 2
    assert shown(version(speed=speed(1)), version(speed=speed(2)))["speed"]["value"] == 1
    assert [
        i["value"] for i in shown(version(speed=speed(1)), version(speed=speed(2, datasetId="urn:d:1")))["speed"]
    ] == [1, 2]


def test_what_has_expired_does_not_count() -> None:
    gone = version(expiresAt=EARLY, speed=speed(1))
    assert combined([gone], NOW) is None
    assert shown(gone, version(mass=speed(2))) == {"id": URN, "type": "Vehicle", "mass": speed(2)}
    assert "speed" not in shown(version(speed=speed(1, expiresAt=EARLY)))
    short, long = version(expiresAt=SOON, speed=speed(1, expiresAt=LATE)), version(mass=speed(2))
    entity = combined([short, long], NOW)
    assert entity is not None
    assert entity.expires_at is None
    assert entity.attributes["speed"][0]["expiresAt"] == SOON
    assert "expiresAt" not in entity.attributes["mass"][0]
    both = combined([version(expiresAt=SOON), version(expiresAt=LATE)], NOW)
    assert both is not None
    assert both.expires_at == LATE


def test_auxiliary_sources_only_fill_gaps() -> None:
    known = version(speed=speed(1, observedAt=EARLY), scope="/a")
    extra = version(type=["Car"], speed=speed(2, observedAt=SOON), mass=speed(3), scope="/b")
    body = shown(known, auxiliary=(extra,))
    assert (body["speed"]["value"], body["mass"]["value"]) == (1, 3)
    assert (body["type"], body["scope"]) == (["Vehicle", "Car"], ["/a", "/b"])


def test_moments_sort_whatever_their_decimals() -> None:
    moments = ["", "2026-07-01T08:00:00Z", "2026-07-01T08:00:00.25Z", "2026-07-01T08:00:00.5Z", "2026-07-01T08:00:01Z"]
    shuffled = [moments[index] for index in (3, 1, 4, 0, 2)]
    assert sorted(shuffled, key=moment_key) == moments


@settings(max_examples=50, deadline=None)
@given(entities(), entities())
def test_laws_of_combining(first: dict[str, Any], second: dict[str, Any]) -> None:
    one, two = (read_entity(body | {"id": URN}, CONTEXT, NOW) for body in (first, second))
    kept = copy.deepcopy((one, two))
    together = combined([one, two], NOW)
    assert together is not None
    assert (one, two) == kept
    assert set(together.attributes) == set(one.attributes) | set(two.attributes)
    assert combined([together, one, two], NOW) == together
    assert combined([one], NOW) == one
