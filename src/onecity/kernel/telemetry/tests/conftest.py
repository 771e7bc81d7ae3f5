"""Fixtures of telemetry's tests: a real broker, a catalogue from the test's own transaction, a store without leftovers."""

import asyncio
import secrets
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.telemetry import broker as broker_module
from onecity.kernel.telemetry.catalogue import Watcher
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys

# emptying the tables of one package takes a tenth of the time that all of them take
COMMITTING = pytest.mark.django_db(transaction=True, available_apps=["onecity.kernel.telemetry"])
BINARY = Path(sysconfig.get_path("scripts")) / "nats-server"


@dataclass
class Broker:
    """A broker of the tests' own: where it listens, and how to sign in."""

    home: Path
    ports: broker_module.Ports
    secret: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.ports.client}"

    @property
    def keys(self) -> BrokerKeys:
        return BrokerKeys.derive(self.secret)

    def link(self) -> Link:
        return Link(self.url, broker_module.USER, self.keys.password)

    def start(self) -> None:
        config = self.home / "nats.conf"
        config.write_text(broker_module.server_config(self.home, self.ports, self.secret))
        with (self.home / "nats.log").open("ab") as log:
            self.process = subprocess.Popen([str(BINARY), "-c", str(config)], stdout=log, stderr=log)
        until(self._answers, 15)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def clear(self) -> None:
        """Remove every stream, so that the next test begins with none."""
        link = self.link()
        link.open()
        for stream in (broker_module.LOG_STREAM, broker_module.MQTT_STREAM):
            link.request(f"$JS.API.STREAM.DELETE.{stream}", b"")
        link.close()

    def _answers(self) -> bool:
        link = self.link()
        try:
            link.open(1)
            link.request("$JS.API.INFO", b"", 1)
        except LinkError:
            return False
        finally:
            link.close()
        return True


def until(condition: Callable[[], object], seconds: float = 10.0, pause: float = 0.02) -> None:
    """Wait until a condition holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(pause)


async def until_async(condition: Callable[[], object], seconds: float = 10.0, pause: float = 0.02) -> None:
    """The same inside an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        await asyncio.sleep(pause)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


@pytest.fixture(scope="session")
def running_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    client, mqtt, monitor = free_ports(3)
    home = tmp_path_factory.mktemp("broker")
    broker = Broker(home, broker_module.Ports(client, mqtt, monitor), secrets.token_urlsafe(16))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def broker(running_broker: Broker, settings: LazySettings) -> Iterator[Broker]:
    settings.ONECITY_NATS_URL = running_broker.url
    settings.ONECITY_BROKER_SECRET = running_broker.secret
    yield running_broker
    running_broker.clear()


@pytest.fixture
def known(db: None) -> Callable[[], Catalogue]:
    """Reads the catalogue as the test's transaction sees it now."""

    def read() -> Catalogue:
        connection.ensure_connection()
        watcher = Watcher({})
        watcher.load(connection.connection)
        return watcher.current

    return read


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """For tests that commit, since several threads look: no partition of an earlier test, none left for a later one."""
    drop_partitions()
    yield
    drop_partitions()


def drop_partitions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent IN ('telemetry_observation'::regclass, 'telemetry_rollup'::regclass)"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")
