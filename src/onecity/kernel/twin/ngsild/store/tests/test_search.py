"""Queries by place through the web's role: few are read from the index of places, many in the order of ids; the answers agree."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from onecity.kernel.twin.ngsild.model import merging
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.query.language import LOCATION
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.parsing import parse_geo, parse_q, parse_types
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.tests import worlds
from onecity.kernel.twin.ngsild.store import search
from onecity.kernel.twin.ngsild.store.operation import Operation
from onecity.kernel.twin.ngsild.store.tests.conftest import ANYBODY, Store

WithStore = Callable[[Callable[[Store], Awaitable[Any]]], Any]
NOW = "2026-07-01T08:00:00.000000Z"
NAMES = worlds.Names()


class GeoNames:
    """`location` is the standard's own."""

    def expand(self, term: str) -> str:
        return LOCATION if term == "location" else term


def sensor(rng: random.Random, number: int) -> StoredEntity:
    times = {"createdAt": NOW, "modifiedAt": NOW}
    point = {"type": "Point", "coordinates": [121.5 + rng.uniform(-0.05, 0.05), 31 + rng.uniform(-0.05, 0.05)]}
    return StoredEntity(
        f"urn:ngsi-ld:Car:{number:03}",
        ("Car",) if number % 7 else ("Bus", "Car"),
        (),
        {
            "a": [{"type": "Property", "value": number % 20, **times}],
            LOCATION: [{"type": "GeoProperty", "value": point, **times}],
        },
        NOW,
        NOW,
        None,
    )


async def stored(store: Store, entities: Sequence[StoredEntity]) -> None:
    def create(entity: StoredEntity) -> Operation:
        def change(_current: StoredEntity | None, _now: str) -> Outcome:
            return merging.created(entity)

        return Operation(entity.urn, change)

    done = await store.writer.submit(ANYBODY, "", [create(entity) for entity in entities])
    assert all(one.created for one in done)


@pytest.mark.parametrize("most", [0, 20_000])
def test_pages_of_an_area(with_store: WithStore, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(search, "MOST_NEAR", most)
    rng = random.Random(5)
    entities = [sensor(rng, number) for number in range(240)]
    geo = parse_geo("near;maxDistance==3000", "Point", [121.5, 31], "", GeoNames())
    selection = Selection(types=parse_types("Car", NAMES), q=parse_q("a>4", NAMES), geo=geo)
    expected = [one.urn for one in entities if matches(selection, one)]
    assert 40 < len(expected) < 160

    async def work(store: Store) -> None:
        await stored(store, entities)
        for offset, limit in ((0, 10), (7, 10), (0, 1000), (len(expected) - 1, 5), (len(expected), 5)):
            page = await store.reader.find(ANYBODY, "", [selection], limit=limit, offset=offset)
            assert [one.urn for one in page.entities] == expected[offset : offset + limit]
            assert page.more is (offset + limit < len(expected))
        counted = await store.reader.find(ANYBODY, "", [selection], limit=1, count=True)
        assert counted.total == len(expected)
        after = expected[10]
        assert await store.reader.urns(ANYBODY, "", [selection], after=after, most=20) == expected[11:31]
        assert await store.reader.all(ANYBODY, "elsewhere", [selection], 10) == []

    with_store(work)
