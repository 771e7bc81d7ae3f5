"""Delivers what waits: each subscription in its order, each with its own pauses, none waiting for another's receiver.

A notification is sent until it is taken (2xx, or the broker's word), the receiver refuses it for good (3xx, 4xx but 408,
425, 429), or it is older than limits.GIVE_UP_S. After a failure the next attempt comes after the endpoint's `cooldown`,
else after limits.RETRY_S. It is removed only after it was taken: a crash in between sends it again, with the same id.
"""

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import psycopg

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.store import times
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.subscriptions import limits, outbox
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.gate import Gate
from onecity.kernel.twin.ngsild.subscriptions.matching import message_of
from onecity.kernel.twin.ngsild.subscriptions.outbox import Item, Tally
from onecity.kernel.twin.ngsild.subscriptions.sending import RefusedError

IN_MEMORY: Final = 100  # of one subscription; the rest stays in the database
MOST_GATES: Final = 4_096  # origins remembered, and those in use
SETTLE_S: Final = 0.02
RETRY_S: Final = 1.0

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Sends a notification by one protocol."""

    async def send(self, one: Compiled, body: bytes) -> None:
        """Send one notification; raises RefusedError."""
        ...


@dataclass(slots=True)
class _Lane:
    """What waits for one subscription, oldest first; `behind`: more is in the database after these."""

    items: deque[Item] = field(default_factory=deque)
    behind: bool = False
    last: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Ledger:
    """What happened since it was last written down."""

    done: list[int] = field(default_factory=list)
    tried: dict[int, Item] = field(default_factory=dict)
    tallies: dict[UUID, Tally] = field(default_factory=dict)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def tally(self, identifier: UUID) -> Tally:
        """The tally of one subscription."""
        self.told.set()
        return self.tallies.setdefault(identifier, Tally())


class Deliverer:
    """Delivers for the process that follows the log. `active` is the roster's, so that changes hold at once."""

    def __init__(self, database: Database, active: Mapping[UUID, Compiled], senders: Mapping[str, Sender]) -> None:
        self._database = database
        self._active = active
        self._senders = senders
        self._lanes: dict[UUID, _Lane] = {}
        self._origins: dict[str, Gate] = {}
        self._ledger = _Ledger()

    async def load(self) -> None:
        """Take up what waits from before."""
        async with self._database.connection() as connection:
            waiting = await outbox.heads(connection, IN_MEMORY)
        self.add(waiting)
        for lane in self._lanes.values():
            lane.behind = len(lane.items) >= IN_MEMORY

    def add(self, items: Iterable[Item]) -> None:
        """Take up what has just been written."""
        for item in items:
            lane = self._lanes.get(item.subscription_id)
            if lane is None:
                lane = self._lanes[item.subscription_id] = _Lane()
            if lane.behind or len(lane.items) >= IN_MEMORY:
                lane.behind = True
            else:
                lane.items.append(item)
                lane.last = item.number
            if lane.task is None:
                lane.task = asyncio.get_running_loop().create_task(self._work(item.subscription_id, lane))

    def waits(self, identifier: UUID) -> bool:
        """Whether anything waits for the subscription."""
        return identifier in self._lanes

    def changed(self, identifiers: Iterable[UUID]) -> None:
        """Subscriptions have changed: what waits for them is tried again at once."""
        for identifier in identifiers:
            lane = self._lanes.get(identifier)
            if lane is not None:
                lane.moved.set()

    async def settle(self) -> None:
        """Write down what happens, until cancelled."""
        while True:
            await self._ledger.told.wait()
            await asyncio.sleep(SETTLE_S)
            try:
                await self.settle_once()
            except (psycopg.Error, Problem) as error:
                log.warning("what became of notifications could not be written down, trying again: %s", error)
                await asyncio.sleep(RETRY_S)

    async def settle_once(self) -> None:
        """Write down what has happened; what cannot be written is kept."""
        ledger, self._ledger = self._ledger, _Ledger()
        if not ledger.tallies:
            return
        try:
            async with self._database.connection() as connection:
                tallies = sorted(ledger.tallies.items())
                await outbox.settle(connection, ledger.done, ledger.tried.values(), tallies)
        except BaseException:
            self._merge_back(ledger)
            raise

    def _merge_back(self, older: _Ledger) -> None:
        newer = self._ledger
        newer.done = older.done + newer.done
        newer.tried = older.tried | newer.tried
        for identifier, tally in older.tallies.items():
            known = newer.tally(identifier)
            for name in Tally.__slots__:
                before, after = getattr(tally, name), getattr(known, name)
                setattr(known, name, before + after if isinstance(after, int) else after or before)
        newer.told.set()

    async def stop(self) -> None:
        """End all attempts and write down what happened."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.settle_once()

    async def _work(self, identifier: UUID, lane: _Lane) -> None:
        while True:
            if not lane.items and not await self._refilled(identifier, lane):
                self._lanes.pop(identifier, None)
                return
            item = lane.items[0]
            one = self._active.get(identifier)
            now = clock.now()
            if one is None or not one.live(now):
                self._ledger.tally(identifier)
                self._finish(lane, item)
            elif item.due_at is not None and item.due_at > now:
                await self._pause(lane, (item.due_at - now).total_seconds())
            else:
                await self._attempt(lane, item, one)

    async def _refilled(self, identifier: UUID, lane: _Lane) -> bool:
        """Whether more was found in the database."""
        while lane.behind:
            try:
                async with self._database.connection() as connection:
                    found = await outbox.following(connection, identifier, lane.last, IN_MEMORY)
            except (psycopg.Error, Problem) as error:
                log.warning("waiting notifications could not be read, trying again: %s", error)
                await asyncio.sleep(RETRY_S)
                continue
            lane.behind = len(found) == IN_MEMORY
            if found:
                lane.items.extend(found)
                lane.last = found[-1].number
            break
        return bool(lane.items)

    async def _pause(self, lane: _Lane, seconds: float) -> None:
        """Wait for the next attempt, or until the subscription is changed, which makes the attempt due."""
        lane.moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await lane.moved.wait()
        except TimeoutError:
            return
        lane.items[0].due_at = None

    def _finish(self, lane: _Lane, item: Item) -> None:
        lane.items.popleft()
        self._ledger.done.append(item.number)
        self._ledger.tried.pop(item.number, None)

    async def _attempt(self, lane: _Lane, item: Item, one: Compiled) -> None:
        refusal: RefusedError | None = None
        async with self._gate(one.endpoint.origin) as gate:
            if item.subscription_id not in self._active:
                return
            try:
                await self._senders[one.endpoint.scheme].send(one, message_of(item, one, times.text(item.at)))
            except RefusedError as found:
                refusal = found
            except Exception as error:  # one receiver's oddity must not end the lane
                log.exception("sending a notification of %s", one.urn)
                refusal = RefusedError(type(error).__name__)
            gate.judge(answered=refusal is None or refusal.answered)
        self._book(lane, item, one, refusal)

    def _gate(self, origin: str) -> Gate:
        gate = self._origins.get(origin)
        if gate is None:
            if len(self._origins) > MOST_GATES:
                self._origins = {known: one for known, one in self._origins.items() if one.busy}
            gate = self._origins[origin] = Gate()
        return gate

    def _book(self, lane: _Lane, item: Item, one: Compiled, refusal: RefusedError | None) -> None:
        now = clock.now()
        tally = self._ledger.tally(item.subscription_id)
        tally.sent += item.attempts == 0
        tally.last_notification = now
        item.attempts += 1
        if refusal is None:
            tally.last_success, tally.status, tally.error = now, "ok", ""
            self._finish(lane, item)
            return
        tally.failed += 1
        tally.last_failure, tally.status, tally.error = now, "failed", str(refusal.reason)[:500]
        if refusal.final or (now - item.at).total_seconds() > limits.GIVE_UP_S:
            tally.dropped += 1
            self._finish(lane, item)
            return
        item.due_at = now + dt.timedelta(seconds=pause_after(item.attempts, one.endpoint.cooldown))
        self._ledger.tried[item.number] = item


def pause_after(attempts: int, cooldown: float | None) -> float:
    """Seconds until the next attempt after so many have failed."""
    return cooldown if cooldown is not None else _usual(attempts, limits.RETRY_S)


def _usual(attempts: int, pauses: Sequence[float]) -> float:
    return pauses[min(attempts, len(pauses)) - 1]
