"""The writer: durable, atomic per entity, right when two write at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.models import Change, Entity
from onecity.kernel.twin.ngsild.model.merging import created as creating
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store.operation import Operation
from onecity.kernel.twin.ngsild.store.principal import Principal
from onecity.kernel.twin.ngsild.store.tests.conftest import ANYBODY, Store

URN = "urn:ngsi-ld:Lamp:1"
AT = "2026-07-01T08:00:00.000000Z"
WithStore = Callable[[Callable[[Store], Awaitable[Any]]], Any]


def lamp(urn: str = URN, number: Any = 0) -> StoredEntity:
    return StoredEntity(urn, ("Lamp",), (), {"count": [{"type": "Property", "value": number}]}, AT, AT)


def create(urn: str = URN, number: Any = 0) -> Operation:
    return Operation(urn, lambda _current, _now: creating(lamp(urn, number)))


def increment(urn: str = URN) -> Operation:
    def change(current: StoredEntity | None, now: str) -> Outcome:
        assert current is not None
        before = current.attributes["count"]
        after = [{"type": "Property", "value": before[0]["value"] + 1, "modifiedAt": now}]
        entity = replace(current, attributes=current.attributes | {"count": after}, modified_at=now)
        return Outcome(entity, {"count": after}, {"count": before}, [], unchanged=False)

    return Operation(urn, change)


def count_of(urn: str = URN) -> Any:
    return Entity.objects.get(urn=urn).attributes["count"][0]["value"]


def test_an_answer_means_that_it_is_stored_with_its_history(with_store: WithStore) -> None:
    async def work(store: Store) -> None:
        (made,) = await store.writer.submit(ANYBODY, "", [create()])
        assert made.created
        assert made.problem is None
        (changed,) = await store.writer.submit(ANYBODY, "", [increment()])
        assert not changed.created
        read = await store.reader.get(ANYBODY, "", URN)
        assert read is not None
        assert read.attributes["count"][0]["value"] == 1

    with_store(work)
    assert count_of() == 1
    changes = list(Change.objects.order_by("id").values_list("operation", "changes", "previous", "division_path"))
    assert [c[0] for c in changes] == [1, 2]
    assert changes[1][1]["count"][0]["value"] == 1
    assert changes[1][2] == {"count": [{"type": "Property", "value": 0}]}
    assert changes[0][3] == "adm/1/"


def test_two_writers_lose_no_update(with_store: WithStore) -> None:
    urns = [f"urn:ngsi-ld:Lamp:{number}" for number in range(6)]

    async def work(store: Store) -> None:
        other = Store()
        await store.writer.submit(ANYBODY, "", [create(urn) for urn in urns])
        writers = (store.writer, other.writer)
        tasks = [
            writers[number % 2].submit(ANYBODY, "", [increment(urn) for urn in reversed(urns)]) for number in range(80)
        ]
        results = await asyncio.gather(*tasks)
        assert all(result.problem is None for found in results for result in found)
        await other.database.close()

    with_store(work)
    assert [count_of(urn) for urn in urns] == [80] * 6
    assert Change.objects.count() == 6 + 6 * 80
    assert Change.objects.filter(urn=urns[0]).values("at").distinct().count() == 81


def test_simultaneous_creation_creates_once(with_store: WithStore) -> None:
    def only_new(urn: str) -> Operation:
        def change(current: StoredEntity | None, _now: str) -> Outcome:
            if current is not None:
                raise Problem("AlreadyExists", "there", status=409)
            return creating(lamp(urn))

        return Operation(urn, change)

    urns = [f"urn:ngsi-ld:Lamp:{number}" for number in range(30)]

    async def work(store: Store) -> list[bool]:
        other = Store()
        found = await asyncio.gather(
            store.writer.submit(ANYBODY, "", [only_new(urn) for urn in urns]),
            other.writer.submit(ANYBODY, "", [only_new(urn) for urn in reversed(urns)]),
        )
        await other.database.close()
        return [result.created for results in found for result in results]

    assert sum(with_store(work)) == 30
    assert Entity.objects.count() == 30
    assert Change.objects.filter(operation=1).count() == 30


def test_a_value_that_cannot_be_stored_harms_no_other(with_store: WithStore) -> None:
    async def work(store: Store) -> None:
        one, two, three = await asyncio.gather(
            store.writer.submit(ANYBODY, "", [create("urn:a:1")]),
            store.writer.submit(ANYBODY, "", [create("urn:a:2", "\x00")]),
            store.writer.submit(ANYBODY, "", [create("urn:a:3")]),
        )
        assert one[0].problem is None
        assert three[0].problem is None
        assert two[0].problem is not None
        assert two[0].problem.status == 400

    with_store(work)
    assert sorted(Entity.objects.values_list("urn", flat=True)) == ["urn:a:1", "urn:a:3"]


def test_who_may_not_write_there_is_told_so_and_nothing_changes(with_store: WithStore) -> None:
    town = Principal(None, ("adm/1/2/",), ("adm/1/2/",), "adm/1/2/", "device")
    seeing = Principal(None, ("",), ("adm/1/2/",), "adm/1/2/", "device that sees more")

    async def work(store: Store) -> list[int | None]:
        await store.writer.submit(ANYBODY, "", [create()])
        hidden = await store.writer.submit(town, "", [create()])
        outside = await store.writer.submit(Principal(None, ("",), ("adm/9/",), "adm/1/"), "", [create("urn:a:9")])

        def missing(current: StoredEntity | None, _now: str) -> None:
            if current is None:
                raise Problem("ResourceNotFound", "no", status=404)

        unseen = await store.writer.submit(town, "", [Operation(URN, missing)])
        seen = await store.writer.submit(seeing, "", [Operation(URN, missing)])
        assert await store.reader.get(town, "", URN) is None
        return [r.problem.status if r.problem else None for (r,) in (hidden, outside, unseen, seen)]

    assert with_store(work) == [409, None, 404, 403]
    assert count_of() == 0
    assert Entity.objects.get(urn="urn:a:9").division_path == "adm/9/"


@pytest.mark.parametrize("tenant", ["", "town"])
def test_tenants_are_apart(with_store: WithStore, tenant: str) -> None:
    async def work(store: Store) -> None:
        await store.writer.submit(ANYBODY, tenant, [create()])
        assert await store.reader.get(ANYBODY, tenant, URN) is not None
        assert await store.reader.get(ANYBODY, "other" if tenant else "town", URN) is None

    with_store(work)
