"""The process that notifies: one of all its kind works, the others wait to take over the moment it ends."""

import asyncio
import contextlib
import logging
import resource
import signal
from collections import ChainMap
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg import AsyncConnection

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.outbound import networks
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.hearing import CHANNEL as HEARD
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.hearing import Hearing
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.passing import Passing
from onecity.kernel.twin.ngsild.federation.subscribing.following import CHANNEL as SOURCES
from onecity.kernel.twin.ngsild.federation.subscribing.following import SourceFollower
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.forwarding import Forwarding
from onecity.kernel.twin.ngsild.store.statements import CHANNEL
from onecity.kernel.twin.ngsild.subscriptions import outbox
from onecity.kernel.twin.ngsild.subscriptions.announcing import Announcing
from onecity.kernel.twin.ngsild.subscriptions.delivering import Deliverer, Sender
from onecity.kernel.twin.ngsild.subscriptions.endpoints import HTTP, MQTT
from onecity.kernel.twin.ngsild.subscriptions.following import Follower, Pass
from onecity.kernel.twin.ngsild.subscriptions.matching import Matching
from onecity.kernel.twin.ngsild.subscriptions.mqtt import MqttSender
from onecity.kernel.twin.ngsild.subscriptions.periodic import Periodic
from onecity.kernel.twin.ngsild.subscriptions.roster import Roster
from onecity.kernel.twin.ngsild.subscriptions.sending import HttpSender

# any number that nobody else locks
LOCK: Final = 7_365_411_208
SUBSCRIPTIONS: Final = "twin_subscription"
OFFICE_S: Final = 0.5
GATHER_S: Final = 0.003  # what is written in this time after a change is matched with it
APART_S: Final = 0.04  # looks begin at least this far apart
HIDDEN_S: Final = 0.01  # how soon is looked again for changes behind a transaction that still runs
LOOK_S: Final = 5.0  # and where nothing is told
GRANTS_S: Final = 2.0
UPKEEP_S: Final = 60.0
RETRY_S: Final = 1.0
THREADS: Final = 64  # for names to resolve, brokers to connect to
FILES: Final = 65_536

log = logging.getLogger(__name__)


class Notifier:
    """Everything of one term of office: from taking the lock to losing the database or being stopped."""

    def __init__(self) -> None:
        self._parameters = database_parameters()
        self._services = Services()
        allow = networks(settings.ONECITY_OUTBOUND_ALLOW)
        self._http, self._mqtt = HttpSender(allow), MqttSender(allow)
        senders: dict[str, Sender] = dict.fromkeys(HTTP, self._http) | dict.fromkeys(MQTT, self._mqtt)
        self._roster = Roster(self._services.contexts)
        self._matching = Matching(self._services, self._roster)
        self._sources = SourceFollower(self._services)
        self._passing = Passing(self._services)
        self._hearing = Hearing(self._services, self._roster, self._matching)
        active = ChainMap(self._roster.active, self._sources.watches.active)
        self._deliverer = Deliverer(self._services.database, active, senders)
        self._woken, self._written, self._shown = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.working = asyncio.Event()

    async def run(self) -> None:
        """Wait for the lock, then work until cancelled; raises psycopg.Error where the database is lost."""
        ears = await AsyncConnection.connect(**self._parameters, autocommit=True)
        hand, other = [
            await AsyncConnection.connect(**self._parameters, autocommit=True, prepare_threshold=2) for _ in range(2)
        ]
        forwarding = Forwarding(other)
        try:
            await _take_office(ears)
            for channel in (CHANNEL, SUBSCRIPTIONS, SOURCES, HEARD):
                await ears.execute(f"LISTEN {channel}".encode())
            follower = Follower(hand, self._roster, self._matching)
            while (await follower.step()).full:
                pass  # what it writes is taken up below, with what waits from before
            await self._sources.step()
            await self._deliverer.load()
            self.working.set()
            periodic = Periodic(self._services, self._roster, self._matching, self._deliverer)
            await _together(
                self._listen(ears),
                self._follow(follower, hand),
                forwarding.run(self._written),
                Announcing(self._services.database).run(self._shown),
                self._sources.run(self._deliverer),
                self._passing.run(),
                self._hearing.run(self._deliverer),
                self._deliverer.settle(),
                periodic.run(),
                self._keep(),
            )
        finally:
            await forwarding.close()
            await self._close(ears, hand, other)

    async def _close(self, *connections: Connection) -> None:
        with contextlib.suppress(psycopg.Error, Problem):
            await self._deliverer.stop()
        await self._http.close()
        await self._mqtt.close()
        await self._services.close()
        for connection in connections:
            await connection.close()

    async def _listen(self, ears: Connection) -> None:
        """Wake whoever follows; forget what was deleted."""
        while True:
            async for notice in ears.notifies(timeout=LOOK_S):
                if notice.channel == SUBSCRIPTIONS and notice.payload:
                    self._forget(UUID(notice.payload))
                if notice.channel == HEARD:
                    self._hearing.woken.set()
                    continue
                if notice.channel != CHANNEL:
                    self._sources.woken.set()
                    self._passing.woken.set()
                self._woken.set()
                if notice.channel == CHANNEL:
                    self._shown.set()
                self._written.set()
            await ears.execute("SELECT 1")  # a connection that died in silence is found out here
            self._woken.set()

    def _forget(self, identifier: UUID) -> None:
        self._roster.drop(identifier)
        self._sources.watches.drop(identifier)
        self._deliverer.changed([identifier])

    async def _follow(self, follower: Follower, hand: Connection) -> None:
        loop = asyncio.get_running_loop()
        learned = begun = 0.0
        while True:
            await self._woken.wait()
            # under load a few looks a second see everything, and leave the processor to those who write
            await asyncio.sleep(max(GATHER_S, begun + APART_S - loop.time()))
            self._woken.clear()
            begun = loop.time()
            if loop.time() - learned > GRANTS_S:
                await self._roster.learn_grants(hand)
                learned = loop.time()
            found = await self._pass(follower)
            if found.full:
                begun = 0.0
                self._woken.set()
            elif found.hidden:
                loop.call_later(HIDDEN_S, self._woken.set)

    async def _pass(self, follower: Follower) -> Pass:
        found = await follower.step()
        self._deliverer.add(found.items)
        self._deliverer.changed(found.changed)
        return found

    async def _keep(self) -> None:
        """Bound what waits for receivers that do not answer."""
        while True:
            await asyncio.sleep(UPKEEP_S)
            async with self._services.database.connection() as connection:
                for identifier in await outbox.overflow(connection):
                    log.warning(
                        "too many notifications wait for the subscription %s: the oldest were dropped", identifier
                    )


async def _take_office(connection: Connection) -> None:
    """Wait until no other notifier holds the lock; asking from time to time, since a statement that waits for it would
    keep the database from cleaning up."""
    while True:
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,))).fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(OFFICE_S)


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """Run all of it until one ends, and end the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="notifier"))
    me = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, me.cancel if me is not None else loop.stop)
    while True:
        try:
            await Notifier().run()
        except (psycopg.Error, Problem) as error:
            log.warning("notifying was interrupted, trying again: %s", error)
        except Exception:
            log.exception("notifying was interrupted, trying again")
        await asyncio.sleep(RETRY_S)


def run() -> None:
    """Notify until told to end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve())
