"""A database of its own connections, as the web's role has it: row-level security binds it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest
from django.db import connection

from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.principal import EVERYWHERE, Principal
from onecity.kernel.twin.ngsild.store.reading import Reader
from onecity.kernel.twin.ngsild.store.writer import Writer

T = TypeVar("T")
ANYBODY = Principal(None, EVERYWHERE, EVERYWHERE, "adm/1/", "anybody")


async def nowhere(points: Sequence[tuple[float, float] | None]) -> Sequence[str]:
    """A district without divisions."""
    return [""] * len(points)


class Store:
    """Writer and reader over one pool."""

    def __init__(self) -> None:
        self.database = Database(database_parameters() | {"options": "-c role=onecity_app"})
        self.writer = Writer(self.database, nowhere)
        self.reader = Reader(self.database)


@pytest.fixture
def with_store(transactional_db: None) -> Callable[[Callable[[Store], Awaitable[Any]]], Any]:
    """Run a coroutine function with a store, in an event loop of its own."""

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_change, twin_census")  # Django empties the tables of managed models only

    def run(work: Callable[[Store], Awaitable[T]]) -> T:
        async def inside() -> T:
            store = Store()
            try:
                return await work(store)
            finally:
                await store.database.close()

        return asyncio.run(inside())

    return run
