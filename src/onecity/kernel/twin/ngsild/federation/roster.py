"""The registrations of every tenant in memory, in step with the database, and how exchanges with each source went (5.2.9).

What another process registers is known here within a second; what this one does, at once.
"""

import asyncio
import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.federation.compiling import compiled
from onecity.kernel.twin.ngsild.federation.index import Index
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM

# how old the knowledge may be: from then on it is refreshed beside the requests, and from then on before them
FRESH_S, OLD_S = 0.5, 1.0
WRITE_S: Final = 1.0
STAMP: Final = "SELECT count(*), max(changed_at), max(id::text) FROM twin_sourceregistration"
LOAD: Final = """
SELECT tenant, urn, document::text, expires_at FROM twin_sourceregistration
WHERE expires_at IS NULL OR expires_at > %s ORDER BY created_at, id
"""
COUNTED: Final = """
UPDATE twin_sourceregistration r SET times_sent = r.times_sent + u.sent, times_failed = r.times_failed + u.failed,
last_success = coalesce(u.success, r.last_success), last_failure = coalesce(u.failure, r.last_failure), status = u.status
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[])
AS u(tenant, urn, sent, failed, success, failure, status) WHERE r.tenant = u.tenant AND r.urn = u.urn
"""
NOBODY: Final = Index()

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    failed: int = 0
    success: dt.datetime | None = None
    failure: dt.datetime | None = None
    status: str = ""


class Roster:
    """The registrations for one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes: dict[str, Index] = {}
        self._stamp: object = None
        self._checked = float("-inf")
        self._until: dt.datetime | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._writing: asyncio.Task[None] | None = None

    def at_hand(self, tenant: str) -> Index | None:
        """The registrations of a tenant where they are known freshly enough; None where `active` must be asked."""
        if time.monotonic() - self._checked > FRESH_S:
            return None
        return self._indexes.get(tenant, NOBODY)

    async def active(self, tenant: str) -> Index:
        """The registrations of a tenant that hold now."""
        age = time.monotonic() - self._checked
        if age > FRESH_S:
            task = self._refresh()
            if age > OLD_S:
                await asyncio.shield(task)
        return self._indexes.get(tenant, NOBODY)

    def tenants(self) -> dict[str, Index]:
        """The registrations of every tenant, as they were when they were last asked for."""
        return self._indexes

    def forget(self) -> None:
        """Have the next request look into the database: something was changed here."""
        self._checked = float("-inf")
        self._refreshing = None

    def record_outcome(self, registration: Registration, ok: bool) -> None:
        """Count an exchange with a source; written a moment later, many together."""
        tally = self._tallies.setdefault((registration.tenant, registration.id), _Tally())
        moment = clock.now()
        tally.sent += 1
        if ok:
            tally.success, tally.status = moment, "ok"
        else:
            tally.failed += 1
            tally.failure, tally.status = moment, "failed"
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def flush(self) -> None:
        """Write what was counted."""
        counted, self._tallies = self._tallies, {}
        if not counted:
            return
        keys, tallies = list(counted), list(counted.values())
        values: Sequence[Any] = (
            [tenant for tenant, _urn in keys],
            [urn for _tenant, urn in keys],
            [one.sent for one in tallies],
            [one.failed for one in tallies],
            [one.success for one in tallies],
            [one.failure for one in tallies],
            [one.status for one in tallies],
        )
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SET, SYSTEM.settings())
            await connection.execute(COUNTED, values)

    async def close(self) -> None:
        """Write what is still to be written, and end."""
        for task in (self._writing, self._refreshing):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        try:
            await self.flush()
        except Problem as problem:
            log.warning("what sources did was not counted: %s", problem)

    def _refresh(self) -> "asyncio.Task[None]":
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._load())
            self._refreshing.add_done_callback(_noted)
        return self._refreshing

    async def _load(self) -> None:
        begun, moment = time.monotonic(), clock.now()
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SET, SYSTEM.settings())
            stamp = await (await connection.execute(STAMP)).fetchone()
            ended = self._until is not None and self._until <= moment
            if stamp != self._stamp or ended:
                rows = await (await connection.execute(LOAD, (moment,))).fetchall()
                self._indexes = _indexes(rows)
                self._until = min((row[3] for row in rows if row[3] is not None), default=None)
                self._stamp = stamp
        self._checked = begun

    async def _write_soon(self) -> None:
        await asyncio.sleep(WRITE_S)
        try:
            await self.flush()
        except Problem as problem:
            log.warning("what sources did was not counted: %s", problem)


def _noted(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("the registrations could not be read: %s", error)


def _indexes(rows: Sequence[tuple[Any, ...]]) -> dict[str, Index]:
    found: dict[str, list[Registration]] = defaultdict(list)
    for tenant, urn, document, _expires in rows:
        found[tenant].append(compiled(tenant, urn, msgspec.json.decode(document)))
    return {tenant: Index(registrations) for tenant, registrations in found.items()}
