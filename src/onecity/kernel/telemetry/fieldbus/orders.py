"""Commands that the field process brings: writes to controllers and servers, one after the other, until each has its end."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.commanding import store
from onecity.kernel.telemetry.commanding.store import Due
from onecity.kernel.telemetry.fieldbus.faults import SourceError

LOOK_S = 0.5
LEASE = dt.timedelta(seconds=60)
# what could not be written is tried again after so long
AGAIN = dt.timedelta(seconds=5)

Result = TypeVar("Result")
Act = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
log = logging.getLogger(__name__)


async def ask(database: Executor, question: Callable[[], Result]) -> Result | None:
    """Ask in the thread that holds the connection; None while the database is away."""

    def work() -> Result | None:
        try:
            return question()
        except DatabaseError as error:
            log.warning("the database cannot be reached: %s", str(error).strip())
            connection.close()
            return None

    return await asyncio.get_running_loop().run_in_executor(database, work)


async def carry_out(source: UUID, database: Executor, act: Act) -> None:
    """Carry out the commands of a source in their order, until cancelled."""
    while True:
        due = await ask(database, lambda: store.claim("source", now(), LEASE, str(source))) or []
        for number, one in enumerate(due):
            if not await _one(one, database, act):
                # the order is kept: what comes after waits as well
                ids = [later.id for later in due[number:]]
                await ask(database, partial(store.postponed, ids, now() + AGAIN))
                break
        await asyncio.sleep(LOOK_S)


async def _one(one: Due, database: Executor, act: Act) -> bool:
    """Carry out one command; whether it has its end now."""
    await ask(database, partial(store.handed, [one.id], now(), LEASE))
    try:
        result, outcome = dict(await act(one.name, one.payload)), "acknowledged"
    except CodecError as error:
        result, outcome = {"error": str(error)[:500]}, "failed"
    except (SourceError, OSError, TimeoutError) as error:
        log.info("command %s could not be written, trying again: %s", one.id, error)
        return False
    await ask(database, partial(store.settle, one.device_id, one.id, outcome, result, now()))
    return True
