"""OPC UA against asyncua's own server: followed and polled, security, and what the server kept while we were away."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import LazySettings

from onecity.kernel.telemetry.fieldbus.process import quiet
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, free_ports, until
from onecity.kernel.telemetry.tests.field import Field, Loop, error, logged, pump, source, state, values

pytestmark = COMMITTING


@pytest.fixture
def field(broker: Broker, committed: None, tmp_path: Path, settings: LazySettings) -> Iterator[Field]:
    settings.ONECITY_HOME = tmp_path
    found = Field(broker, tmp_path / "spool")
    yield found
    found.close()


def stamp(at: dt.datetime) -> ua.DateTime:
    """A time as the library types it."""
    return ua.DateTime.fromtimestamp(at.timestamp(), dt.UTC)


class Passwords(UserManager):
    """Lets in whoever knows the password."""

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        del iserver, certificate
        return User(role=UserRole.User) if (username, password) == ("city", "right") else None


class Plant:
    """An OPC UA server with two variables, of which it keeps the history."""

    def __init__(self, folder: Path, **options: Any) -> None:
        quiet()
        self.folder, self.options = folder, options
        self.loop = Loop()
        self.port = free_ports(1)[0]
        self.url = f"opc.tcp://127.0.0.1:{self.port}/plant"
        self.server: Server | None = None
        self.nodes: dict[str, Any] = {}

    def start(self) -> None:
        self.loop.run(self._start(), 30)

    def stop(self) -> None:
        if self.server is not None:
            self.loop.run(self.server.stop(), 30)
            self.loop.run(_settle())
        self.server = None

    def write(self, name: str, value: float, at: dt.datetime | None = None) -> None:
        item = ua.DataValue(ua.Variant(value, ua.VariantType.Double))
        item = ua.DataValue(item.Value, SourceTimestamp=stamp(at or dt.datetime.now(dt.UTC)))
        self.loop.run(self.nodes[name].write_value(item))

    def keep(self, name: str, kept: list[float]) -> None:
        """Values that the server keeps of a time in which nobody listened; the newest is its value now."""
        first = dt.datetime.now(dt.UTC)
        items = [
            ua.DataValue(
                ua.Variant(v, ua.VariantType.Double), SourceTimestamp=stamp(first + dt.timedelta(milliseconds=n))
            )
            for n, v in enumerate(kept)
        ]

        async def save() -> None:
            assert self.server is not None
            for item in items[:-1]:
                await self.server.iserver.history_manager.storage.save_node_value(self.nodes[name].nodeid, item)
            await self.nodes[name].write_value(items[-1])

        self.loop.run(save())

    async def _start(self) -> None:
        server = Server(user_manager=self.options.get("users"))
        await server.init()
        server.set_endpoint(self.url)
        policies = self.options.get("policies", [ua.SecurityPolicyType.NoSecurity])
        server.set_security_policy(policies)
        if policies != [ua.SecurityPolicyType.NoSecurity]:
            key, certificate = self.folder / "server.pem", self.folder / "server.der"
            use = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            await server.set_application_uri("urn:plant")
            subject = {"countryName": "CN", "organizationName": "Plant", "commonName": "Plant"}
            await setup_self_signed_certificate(key, certificate, "urn:plant", "localhost", use, subject)
            await server.load_certificate(str(certificate))
            await server.load_private_key(str(key))
        number = await server.register_namespace("urn:plant:data")
        for name in ("temperature", "level"):
            node = await server.nodes.objects.add_variable(ua.NodeId(ua.String(name), ua.Int16(number)), name, 20.0)
            self.nodes[name] = node
        await server.start()
        for node in self.nodes.values():
            await server.historize_node_data_change(node, period=dt.timedelta(days=1), count=10_000)
        self.server = server

    def points(self) -> list[dict[str, Any]]:
        return [
            {"entity": "pump-1", "attribute": "temperature", "node": "ns=2;s=temperature"},
            {"entity": "pump-1", "attribute": "level", "node": "ns=2;s=level", "scale": 0.01, "unit": "m"},
        ]


@pytest.fixture(scope="module")
def running_plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    found = Plant(tmp_path_factory.mktemp("plant"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def plant(running_plant: Plant) -> Plant:
    for name in running_plant.nodes:
        running_plant.write(name, 20.0)
    return running_plant


async def _settle() -> None:
    """Let what the server's sessions still have under way end."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def recent(seconds: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds)


def test_changes_arrive_with_the_times_of_their_source(field: Field, plant: Plant, broker: Broker) -> None:
    device, series = pump()
    row = source("opcua", {"url": plant.url, "points": plant.points()}, device, interval=0.1)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) >= 1)
    at = recent(5)
    sent = [20.5 + number for number in range(20)]
    for number, value in enumerate(sent):
        plant.write("temperature", value, dt.datetime.now(dt.UTC))
        plant.write("level", number * 10.0, at + dt.timedelta(microseconds=number))
    until(lambda: values(broker, series["temperature"])[-1:] == [39.5])
    assert [value for value in values(broker, series["temperature"]) if value != 20.0] == sent
    # times of the source that lie before what is stored are not newer: they are the business of the history
    assert 20.0 * 0.01 in values(broker, series["level"])
    assert error(row) == ""


def test_what_the_server_kept_meanwhile_is_read_afterwards(field: Field, plant: Plant, broker: Broker) -> None:
    device, series = pump()
    row = source("opcua", {"url": plant.url, "points": plant.points()}, device, interval=0.1)
    field.start()
    plant.write("temperature", 25.0)
    until(lambda: 25.0 in values(broker, series["temperature"]))
    until(lambda: (found := state(row)) is not None and "ns=2;s=temperature" in found.position)
    field.stop()
    missed = [30.0 + number / 2 for number in range(200)]
    plant.keep("temperature", missed)
    field.start()
    until(lambda: values(broker, series["temperature"])[-1] == missed[-1])
    found = values(broker, series["temperature"])
    assert found[found.index(25.0) + 1 :] == missed
    times = [at for number, at, _value in logged(broker)[0] if number == series["temperature"]]
    assert times == sorted(set(times))
    assert logged(broker)[1] == []


def test_a_server_that_goes_and_comes_is_found_again(field: Field, plant: Plant, broker: Broker) -> None:
    device, series = pump()
    row = source("opcua", {"url": plant.url, "points": plant.points(), "timeout": 1}, device, interval=0.1)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) >= 1)
    plant.stop()
    until(lambda: error(row) in {"unreachable", "timeout", "protocol"}, seconds=20)
    plant.start()
    plant.write("temperature", 77.0)
    until(lambda: 77.0 in values(broker, series["temperature"]), seconds=20)
    until(lambda: error(row) == "")


def test_polling_takes_what_has_changed(field: Field, plant: Plant, broker: Broker) -> None:
    device, series = pump()
    source("opcua", {"url": plant.url, "mode": "poll", "points": plant.points()}, device, interval=0.1)
    field.start()
    until(lambda: values(broker, series["temperature"]) == [20.0])
    plant.write("temperature", 21.0)
    until(lambda: values(broker, series["temperature"]) == [20.0, 21.0])


def test_a_bad_value_is_no_reading(field: Field, plant: Plant, broker: Broker) -> None:
    device, series = pump()
    row = source("opcua", {"url": plant.url, "points": plant.points()}, device, interval=0.1)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) == 1)
    bad = ua.DataValue(ua.Variant(99.0, ua.VariantType.Double), ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure)))
    plant.loop.run(plant.nodes["temperature"].write_value(bad))
    until(lambda: error(row) == "points")
    assert 99.0 not in values(broker, series["temperature"])


def test_unknown_nodes_and_wrong_addresses_are_said(field: Field, plant: Plant, broker: Broker) -> None:
    device, _series = pump()
    unknown = [{"entity": "pump-1", "attribute": "level", "node": "ns=2;s=nowhere"}]
    first = source("opcua", {"url": plant.url, "points": unknown}, device)
    url = f"opc.tcp://127.0.0.1:{free_ports(1)[0]}"
    second = source("opcua", {"url": url, "points": unknown}, device)
    field.start()
    until(lambda: (error(first), error(second)) == ("points", "unreachable"))
    assert logged(broker)[0] == []


def test_signed_and_encrypted_with_a_password(field: Field, broker: Broker, tmp_path: Path) -> None:
    plant = Plant(tmp_path, users=Passwords(), policies=[ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    plant.start()
    device, series = pump()
    settings = {"url": plant.url, "policy": "Basic256Sha256", "points": plant.points()}
    good = {"username": "city", "password": "right"}
    wrong = source("opcua", settings, device, credentials={"username": "city", "password": "wrong"})
    other = source("opcua", settings | {"server_thumbprint": "0" * 40}, device, credentials=good)
    open_ = source("opcua", settings | {"policy": "None"}, device, credentials=good)
    try:
        field.start()
        until(lambda: error(wrong) == error(other) == "refused", seconds=20)
        until(lambda: error(open_) != "", seconds=20)
        assert logged(broker)[0] == []
        row = source("opcua", settings, device, credentials=good)
        until(lambda: len(values(broker, series["temperature"])) >= 1, seconds=20)
        assert error(row) == ""
        assert (tmp_path / "secrets" / "opcua-client.pem").stat().st_mode & 0o077 == 0
    finally:
        plant.stop()
