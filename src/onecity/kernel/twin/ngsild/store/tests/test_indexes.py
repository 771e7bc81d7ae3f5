"""Conditions that are asked often and slowly get an index, a bounded number of them; unused ones go."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.db import connection

from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.twin import indexes
from onecity.kernel.twin.models import QueryIndex
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query import indexing
from onecity.kernel.twin.ngsild.query.parsing import parse_q
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.tests import worlds
from onecity.kernel.twin.ngsild.store import asked
from onecity.kernel.twin.ngsild.store.tests.conftest import ANYBODY, Store
from onecity.kernel.twin.ngsild.store.tests.test_search import NOW, stored

WithStore = Callable[[Callable[[Store], Awaitable[Any]]], Any]
THERE = "SELECT relname FROM pg_class WHERE relkind = 'i' AND relname LIKE 'entity_q_%' ORDER BY 1"
MANY, WANTED = 400, 40


def lamp(number: int) -> StoredEntity:
    value = {"type": "Property", "value": number, "createdAt": NOW, "modifiedAt": NOW}
    attributes: dict[str, list[dict[str, Any]]] = {"level": [value], "other": [value]}
    return StoredEntity(f"urn:ngsi-ld:Lamp:{number:03}", ("Lamp",), (), attributes, NOW, NOW, None)


def there() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(THERE)
        return [name for (name,) in cursor.fetchall()]


def wanting(text: str) -> Selection:
    return Selection(q=parse_q(text, worlds.Names()))


@pytest.fixture(autouse=True)
def _all_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small store, in which every query counts as slow and is told at once."""
    monkeypatch.setattr(asked, "SLOW_S", 0.0)
    monkeypatch.setattr(asked, "TELL_S", 0.0)
    monkeypatch.setattr(asked, "REMEMBER_S", 0.0)
    monkeypatch.setattr(indexes, "LEAST_ENTITIES", MANY)


async def filled(store: Store) -> None:
    await stored(store, [lamp(number) for number in range(MANY)])


def asking(text: str, times: int) -> Callable[[Store], Awaitable[list[str]]]:
    async def work(store: Store) -> list[str]:
        for _ in range(times):
            page = await store.reader.find(ANYBODY, "", [wanting(text)], limit=1000)
        return [one.urn for one in page.entities]

    return work


def test_what_is_often_slow_gets_an_index_which_answers_alike(with_store: WithStore) -> None:
    with_store(filled)
    expected = [lamp(number).urn for number in range(MANY - 9, MANY)]
    few = indexes.SLOW_ENOUGH - 1
    assert with_store(asking(f"level>{MANY - 10}", few)) == expected
    assert indexes.tend() == ([], [])
    assert QueryIndex.objects.get().slow == 0
    assert with_store(asking(f"level>{MANY - 10}", few + 1)) == expected
    assert indexes.tend() == (["level"], [])
    assert len(there()) == 2
    assert [state for state, *_ in indexes.examine()] == ["ok"]
    assert "level" in next(iter(indexes.examine()))[1]

    async def planned(store: Store) -> tuple[list[str], str]:
        page = await store.reader.find(ANYBODY, "", [wanting(f"level>{MANY - 10}")], limit=1000)
        async with store.database.connection() as inside:
            use = await store.reader._asked.prefilter(inside, [wanting("level>3")])
        return [one.urn for one in page.entities], "" if use is None else use(wanting("level>3").q, "e")[0]  # type: ignore[arg-type]  # one condition

    found, condition = with_store(planned)
    assert found == expected
    assert condition
    # nobody asks for two weeks
    with use_clock(FixedClock(now() + indexes.UNUSED + dt.timedelta(hours=1))):
        assert indexes.tend() == ([], ["level"])
    assert there() == []
    assert not QueryIndex.objects.exists()
    assert with_store(asking(f"level>{MANY - 10}", 1)) == expected


def test_there_are_no_more_than_may_be_and_the_idle_one_gives_way(
    with_store: WithStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "MOST", 1)
    with_store(filled)
    with_store(asking("level>3", WANTED))
    with_store(asking("nowhere>3", WANTED))  # no entity has it: no index helps
    assert indexes.tend() == (["level"], [])
    with_store(asking("other>3", WANTED))
    assert indexes.tend() == ([], [])
    with_store(asking("other>3", WANTED))
    with use_clock(FixedClock(now() + indexes.IDLE + dt.timedelta(hours=1))):
        assert indexes.tend() == (["other"], ["level"])
    assert len(there()) == 2
    assert set(QueryIndex.objects.values_list("attribute", "state")) == {("other", "ready"), ("nowhere", "asked")}
    QueryIndex.objects.all().delete()
    for name in there():
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX {name}")


def test_one_that_cannot_be_made_leaves_nothing_and_is_told(
    with_store: WithStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_store(filled)
    with_store(asking("level>3", WANTED))
    wrong = indexing.advice("level")
    half = indexing.IndexAdvice(wrong.attribute, wrong.name, (wrong.statements[0], "CREATE INDEX ON nowhere (nothing)"))
    monkeypatch.setattr(indexes, "advice", lambda _name: half)
    assert indexes.tend() == ([], [])
    assert there() == []
    assert QueryIndex.objects.get().state == "failed"
    assert [state for state, *_ in indexes.examine()] == ["warning", "ok"]
