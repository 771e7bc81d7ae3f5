"""What the tests of the field process share: the process at work in a loop of its own, and a look into the log."""

import asyncio
import base64
import json
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import broker as names
from onecity.kernel.telemetry.fieldbus import sources
from onecity.kernel.telemetry.fieldbus.listener import CoapDoor
from onecity.kernel.telemetry.fieldbus.process import FieldProcess, quiet
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.telemetry.models import FieldSource, SourceState
from onecity.kernel.telemetry.tests.conftest import Broker, until
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.telemetry.types import Attribute, EntityType

Result = TypeVar("Result")
PUMP = EntityType(
    "Pump",
    "Pump",
    (
        Attribute("temperature", "Temperature", "Cel", -50, 200),
        Attribute("pressure", "Pressure", "Pa"),
        Attribute("running", "Running", "1", 0, 1),
        Attribute("energy", "Energy", "kW.h"),
        Attribute("level", "Level", "m", -10, 100),
    ),
)


async def turns() -> None:
    """Let the loop do what is due."""
    for _turn in range(5):
        await asyncio.sleep(0)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result], seconds: float = 20) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def close(self) -> None:
        self.run(turns())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@dataclass
class Field:
    """The field process at work."""

    broker: Broker
    folder: Path
    loop: Loop = field(default_factory=Loop)
    process: FieldProcess | None = None
    _running: Any = None

    def start(self, *, spool_bytes: int = 10_000_000, coap: CoapDoor | None = None) -> FieldProcess:
        quiet()

        async def make() -> FieldProcess:
            return FieldProcess(
                self.broker.url, self.broker.keys, self.folder, spool_bytes=spool_bytes, look_s=0.1, coap=coap
            )

        self.process = self.loop.run(make())
        self._running = asyncio.run_coroutine_threadsafe(self.process.run(), self.loop.loop)
        return self.process

    def stop(self) -> None:
        if self.process is not None and self._running is not None:
            self.loop.loop.call_soon_threadsafe(self.process.stop)
            self._running.result(30)
        self.process = self._running = None

    def close(self) -> None:
        self.stop()
        self.loop.close()


def pump(key: str = "pump-1") -> tuple[str, dict[str, int]]:
    device, _secret, series = station(key, kind=PUMP)
    return str(device.id), series


def manager() -> Account:
    found = Account.objects.filter(username="manager").first()
    return found or Account.objects.create_superuser("manager", "a-long-password")


def source(
    protocol: str,
    settings: dict[str, Any],
    device: str,
    interval: float = 0.2,
    credentials: dict[str, str] | None = None,
) -> FieldSource:
    return sources.register(
        name=f"{protocol} of the test",
        protocol=protocol,
        settings=settings,
        device_id=UUID(device),
        interval_s=interval,
        actor=manager(),
        credentials=credentials,
    )


def state(row: FieldSource) -> SourceState | None:
    return SourceState.objects.filter(source=row).first()


def error(row: FieldSource) -> str:
    found = state(row)
    return "" if found is None else found.error


def logged(broker: Broker) -> tuple[list[tuple[int, int, float]], list[Refusal]]:
    """All readings and refusals in the log: (series, time in µs, value) in the order they came."""
    link = broker.link()
    link.open()
    rows: list[tuple[int, int, float]] = []
    refusals: list[Refusal] = []
    info = json.loads(link.request(f"$JS.API.STREAM.INFO.{names.LOG_STREAM}", b""))
    last = info["state"]["last_seq"] if "state" in info else 0
    for sequence in range(1, last + 1):
        body = json.dumps({"seq": sequence}).encode()
        answer = json.loads(link.request(f"$JS.API.STREAM.MSG.GET.{names.LOG_STREAM}", body))
        head, batch = wire.decode(base64.b64decode(answer["message"]["data"]))
        rows += zip(batch.series_id.tolist(), batch.observed_at.tolist(), batch.value.tolist(), strict=True)
        refusals += [Refusal(r, d, n, k, raw, device=dev) for r, d, n, k, raw, dev in head.refusals]
    link.close()
    return rows, refusals


def values(broker: Broker, series: int) -> list[float]:
    return [value for number, _at, value in logged(broker)[0] if number == series]


__all__ = ["PUMP", "Field", "Loop", "error", "logged", "manager", "pump", "source", "state", "turns", "until", "values"]
