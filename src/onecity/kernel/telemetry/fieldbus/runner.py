"""One source at work: connected, asked in its rhythm, tried again ever more seldom while it fails; it delays no other."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from onecity.kernel.telemetry.fieldbus import orders
from onecity.kernel.telemetry.fieldbus.board import State
from onecity.kernel.telemetry.fieldbus.entry import Entry
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError

# the longest pause between two attempts (s), the first one, and how long a source may take to let us in
LONGEST_PAUSE_S = 120.0
FIRST_PAUSE_S = 1.0
OPEN_S = 30.0
# rounds of many sources are spread over so much of their interval
SPREAD_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A source as the process runs it: its row, its credentials opened only when it connects."""

    id: UUID
    name: str
    protocol: str
    settings: Mapping[str, Any]
    sealed: bytes = field(repr=False)
    interval_s: float
    device: str
    division_path: str
    version: str = ""


class Driver(Protocol):
    """What a protocol does; `follows` means that it waits for news by itself instead of being asked in a rhythm."""

    follows: bool

    async def open(self) -> None:
        """Connect; raises SourceError, OSError or TimeoutError."""
        ...

    async def round(self) -> None:
        """Ask once, or wait for news once, and deliver what came; raises as `open` does."""
        ...

    async def close(self) -> None:
        """Give the connection back; never raises."""
        ...


@runtime_checkable
class Writes(Protocol):
    """What a driver offers that carries out commands: their names, and doing one."""

    commands: frozenset[str]

    async def command(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out a command; what came of it. Raises CodecError where the other side refuses, else as `open` does."""
        ...


@dataclass
class Context:
    """What a driver may use: its source, its state and the way in."""

    source: Source
    state: State
    entry: Entry


Make = Callable[[Context], Driver]
Sleep = Callable[[float], Awaitable[None]]


def pause(failures: int, chance: random.Random) -> float:
    """How long to wait after so many failures in a row (s): doubling, bounded, and by chance up to a quarter shorter."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10))
    return longest * chance.uniform(0.75, 1.0)


async def run(context: Context, make: Make) -> None:
    """Work until cancelled."""
    chance = random.Random(context.source.id.int)  # noqa: S311 - spreads work in time, protects nothing
    await asyncio.sleep(chance.uniform(0, min(context.source.interval_s / 4, SPREAD_S)))
    while True:
        await _session(context, make)
        await asyncio.sleep(pause(context.state.failures or 1, chance))


async def _session(context: Context, make: Make) -> None:
    """From connecting to the first failure."""
    driver: Driver | None = None
    writing: asyncio.Task[None] | None = None
    try:
        driver = make(context)
        async with asyncio.timeout(OPEN_S):
            await driver.open()
        if isinstance(driver, Writes) and driver.commands:
            work = orders.carry_out(context.source.id, context.entry.database, driver.command)
            writing = asyncio.get_running_loop().create_task(work)
        await _rounds(context, driver)
    except SourceError as error:
        context.state.failed(error)
    except TimeoutError:
        context.state.failed(SourceError(Fault.TIMEOUT))
    except OSError as error:
        context.state.failed(SourceError(Fault.UNREACHABLE, str(error)))
    except Exception as error:
        # a library's surprise ends this session, not the process
        log.exception("source %s", context.source.name)
        context.state.failed(SourceError(Fault.INTERNAL, repr(error)))
    finally:
        if writing is not None:
            writing.cancel()
        if driver is not None:
            await driver.close()
    log.info("source %s: %s %s", context.source.name, context.state.error, context.state.detail)


async def _rounds(context: Context, driver: Driver) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await driver.round()
        if driver.follows:
            continue
        # rounds that were missed are not made up for: the device could only say what is now
        due = max(due + context.source.interval_s, loop.time())
        await asyncio.sleep(due - loop.time())
