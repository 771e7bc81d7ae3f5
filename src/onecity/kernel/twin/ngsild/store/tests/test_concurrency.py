"""Two writers with random operations end where a sequential model ends; a writer that is killed leaves nothing half done."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.twin.models import Change, Entity
from onecity.kernel.twin.ngsild.model.merging import created
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store.operation import Operation
from onecity.kernel.twin.ngsild.store.tests.conftest import ANYBODY, Store
from onecity.kernel.twin.ngsild.store.tests.test_writer import lamp

END_WRITERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
WithStore = Callable[[Callable[[Store], Awaitable[Any]]], Any]


def put(urn: str, key: str, number: int) -> Operation:
    """Create the entity where it is not there, and write one attribute, each writer its own."""

    def change(current: StoredEntity | None, now: str) -> Outcome:
        value = [{"type": "Property", "value": number, "modifiedAt": now}]
        if current is None:
            return created(replace(lamp(urn), attributes={key: value}))
        entity = replace(current, attributes=current.attributes | {key: value}, modified_at=now)
        return Outcome(entity, {key: value}, {key: current.attributes.get(key)}, [], unchanged=False)

    return Operation(urn, change)


def remove(urn: str) -> Operation:
    return Operation(urn, lambda _current, _now: None)


def test_random_operations_of_two_writers_replay_to_what_is_stored(with_store: WithStore) -> None:
    """The change log by number, which is given under the row lock, is the sequential model: it leads to what is stored."""

    async def work(store: Store) -> None:
        other = Store()
        chooser = random.Random(7)

        async def one(writer: Any, key: str) -> None:
            for number in range(60):
                urns = [f"urn:a:{chooser.randrange(8)}" for _n in range(chooser.randrange(1, 6))]
                operations = [remove(urn) if chooser.random() < 0.15 else put(urn, key, number) for urn in urns]
                results = await writer.submit(ANYBODY, "", operations)
                assert [r.problem for r in results] == [None] * len(results)

        lanes = [one(store.writer, "a"), one(other.writer, "b"), one(store.writer, "c"), one(other.writer, "d")]
        await asyncio.gather(*lanes)
        await other.database.close()

    with_store(work)
    model: dict[str, dict[str, Any]] = defaultdict(dict)
    for urn, operation, changes in Change.objects.order_by("id").values_list("urn", "operation", "changes"):
        if operation == 3:
            del model[urn]
        else:
            assert (operation == 1) == (urn not in model)
            model[urn] |= {name: value for name, value in changes.items() if name != "type"}
    assert dict(Entity.objects.values_list("urn", "attributes")) == model


def test_a_writer_that_ends_before_the_commit_has_written_nothing(with_store: WithStore) -> None:
    def last(current: StoredEntity | None, now: str) -> Outcome | None:
        with psycopg.connect(**database_parameters(), autocommit=True) as database:
            database.execute(END_WRITERS)
        database.close()
        return put("urn:a:2", "a", 2).change(current, now)

    async def work(store: Store) -> int:
        await store.writer.submit(ANYBODY, "", [put("urn:a:1", "a", 1)])
        with pytest.raises(Problem) as caught:
            await store.writer.submit(ANYBODY, "", [put("urn:a:1", "a", 2), Operation("urn:a:2", last)])
        return caught.value.status

    assert with_store(work) == 503
    assert {e.urn: e.attributes["a"][0]["value"] for e in Entity.objects.all()} == {"urn:a:1": 1}
    assert Change.objects.count() == 1
