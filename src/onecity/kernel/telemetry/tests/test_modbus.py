"""Modbus TCP against pymodbus's own server: register maps, holes in them, dead sources, and a broker that goes away."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.fieldbus import forms, sources
from onecity.kernel.telemetry.fieldbus.modbus import plan
from onecity.kernel.telemetry.models import FieldSource
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, free_ports, until
from onecity.kernel.telemetry.tests.field import Field, error, logged, manager, pump, source, state, values

pytestmark = COMMITTING


@pytest.fixture
def field(broker: Broker, committed: None, tmp_path: Path, settings: LazySettings) -> Iterator[Field]:
    settings.ONECITY_HOME = tmp_path
    found = Field(broker, tmp_path / "spool")
    yield found
    found.close()


def words(layout: str, value: float) -> list[int]:
    return list(struct.unpack(">HH", struct.pack(layout, value)))


class Server:
    """A Modbus device: 16 input and holding registers from 0, coils from 0."""

    def __init__(self, field: Field, port: int) -> None:
        self.field, self.port = field, port
        self.server: ModbusTcpServer | None = None

    def start(self, **changes: Any) -> None:
        temperature, energy = words(">f", 21.5), words(">f", 1234.5)
        holding = [*temperature, energy[1], energy[0], 0xFFF6, 0x00A0, 7, 65535]
        holding[changes.get("at", 0)] = changes.get("to", holding[changes.get("at", 0)])

        async def serve() -> ModbusTcpServer:
            device = SimDevice(
                id=1,
                simdata=(
                    [SimData(0, values=[False, True, False, False], datatype=DataType.BITS)],
                    [SimData(0, values=[True] * 4, datatype=DataType.BITS)],
                    [SimData(0, values=holding, datatype=DataType.REGISTERS)],
                    [SimData(0, values=[200, 201], datatype=DataType.REGISTERS)],
                ),
            )
            server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
            await server.serve_forever(background=True)
            return server

        self.server = self.field.loop.run(serve())

    async def _shut(self, server: Any) -> None:
        await server.shutdown()

    def stop(self) -> None:
        if self.server is not None:
            self.field.loop.run(self._shut(self.server))
        self.server = None


@pytest.fixture
def server(field: Field) -> Iterator[Server]:
    found = Server(field, free_ports(1)[0])
    found.start()
    yield found
    found.stop()


def settings_for(port: int, *extra: dict[str, Any]) -> dict[str, Any]:
    points = [
        {"entity": "pump-1", "attribute": "temperature", "address": 0, "type": "float32"},
        {"entity": "pump-1", "attribute": "energy", "address": 2, "type": "float32", "order": "big-words"},
        {"entity": "pump-1", "attribute": "level", "address": 4, "type": "int16", "scale": 0.1, "unit": "m"},
        {"entity": "pump-1", "attribute": "pressure", "address": 1, "table": "input", "scale": 10, "unit": "hPa"},
        {"entity": "pump-1", "attribute": "running", "address": 1, "table": "coil"},
        *extra,
    ]
    return {"host": "127.0.0.1", "port": port, "points": points, "timeout": 0.5}


def test_a_register_map_is_read_in_the_fewest_requests() -> None:
    form = forms.check("modbus", settings_for(502))
    assert isinstance(form, forms.Modbus)
    found = [(b.table, b.start, b.count, len(b.points)) for b in plan(form.points, 8)]
    assert found == [("coil", 1, 1, 1), ("holding", 0, 5, 3), ("input", 1, 1, 1)]
    far = [forms.ModbusPoint(entity="e", attribute="a", address=at, type="float64") for at in range(0, 300, 4)]
    assert [(b.start, b.count) for b in plan(far, 0)] == [(0, 124), (124, 124), (248, 52)]


def test_values_arrive_in_the_units_of_their_series(field: Field, server: Server, broker: Broker) -> None:
    device, series = pump()
    row = source("modbus", settings_for(server.port), device)
    field.start()
    until(lambda: len(values(broker, series["running"])) >= 2)
    assert values(broker, series["temperature"])[0] == 21.5
    assert values(broker, series["energy"])[0] == 1234.5
    assert values(broker, series["level"])[0] == -1.0
    assert values(broker, series["pressure"])[0] == pytest.approx(201_000)
    assert values(broker, series["running"])[0] == 1.0
    until(lambda: (found := state(row)) is not None and found.readings >= 10)
    assert error(row) == ""
    assert logged(broker)[1] == []


def test_a_hole_in_the_register_map_spoils_nothing_else(field: Field, server: Server, broker: Broker) -> None:
    device, series = pump()
    hole = {"entity": "pump-1", "attribute": "pressure", "address": 9}
    row = source("modbus", settings_for(server.port, hole), device)
    field.start()
    until(lambda: error(row) == "points")
    until(lambda: len(values(broker, series["temperature"])) >= 2)
    found = state(row)
    assert found is not None
    assert found.detail == "holding 9 (1): exception 2"
    assert found.failing_since is None


def test_a_dead_source_says_so_and_delays_no_other(field: Field, server: Server, broker: Broker) -> None:
    device, series = pump()
    dead = [source("modbus", settings_for(port), device) for port in free_ports(3)]
    source("modbus", settings_for(server.port), device)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) >= 5)
    until(lambda: [error(row) for row in dead] == ["unreachable"] * 3)
    late = state(dead[0])
    assert late is not None
    assert late.failing_since is not None
    assert late.last_success_at is None


def test_a_source_comes_back_and_is_changed_while_it_runs(field: Field, server: Server, broker: Broker) -> None:
    device, series = pump()
    row = source("modbus", settings_for(server.port), device)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) >= 1)
    server.stop()
    until(lambda: error(row) in {"unreachable", "timeout"})
    server.start(at=6, to=9)
    until(lambda: error(row) == "", seconds=15)
    settings = settings_for(server.port, {"entity": "pump-1", "attribute": "pressure", "address": 6, "unit": "Pa"})
    settings["points"] = [point for point in settings["points"] if point["attribute"] != "energy"]
    before = len(values(broker, series["energy"]))
    sources.change(row.id, manager(), settings=settings)
    until(lambda: 9.0 in values(broker, series["pressure"]))
    assert len(values(broker, series["energy"])) <= before + 3
    sources.change(row.id, manager(), enabled=False)
    until(lambda: not field.process or not field.process._tasks)


def test_what_the_log_does_not_take_waits_on_disk(field: Field, server: Server, broker: Broker) -> None:
    device, series = pump()
    row = source("modbus", settings_for(server.port), device)
    process = field.start()
    until(lambda: len(values(broker, series["temperature"])) >= 1)
    broker.kill()
    try:
        until(lambda: process.entry is not None and process.entry.spool.waiting >= 3)
        # the process ends; another one takes over what waits
        field.stop()
        waiting = len(list((field.folder).glob("*.msg")))
        assert waiting >= 3
    finally:
        broker.start()
    before = len(values(broker, series["temperature"]))
    FieldSource.objects.filter(id=row.id).delete()
    source("modbus", settings_for(free_ports(1)[0]), device)
    field.start()
    until(lambda: len(values(broker, series["temperature"])) == before + waiting)
    assert set(values(broker, series["temperature"])) == {21.5}
    until(lambda: list(field.folder.glob("*.msg")) == [])
    times = [at for number, at, _value in logged(broker)[0] if number == series["temperature"]]
    assert len(set(times)) == len(times)


def test_a_full_disk_buffer_is_said(field: Field, server: Server, broker: Broker) -> None:
    device, series = pump()
    row = source("modbus", settings_for(server.port), device)
    process = field.start(spool_bytes=1000)
    until(lambda: len(values(broker, series["temperature"])) >= 1)
    broker.kill()
    try:
        until(lambda: error(row) == "full")
        assert process.entry is not None
        assert process.entry.spool.size <= 1000
    finally:
        broker.start()
    until(lambda: error(row) == "", seconds=20)


def test_settings_that_cannot_be_used_are_refused_and_nothing_is_kept(committed: None) -> None:
    device, _series = pump()
    good = settings_for(502)
    wrong = [
        (good | {"host": "a b"}, "host"),
        (good | {"colour": 1}, "settings"),
        (good | {"points": []}, "points"),
        ({**good, "points": [good["points"][0] | {"type": "uint7"}]}, "points[0].type"),
        ({**good, "points": [good["points"][0] | {"unit": "parsec"}]}, "points[0].unit"),
        ({**good, "points": [good["points"][0] | {"bits": [30, 9]}]}, "points[0].bits"),
    ]
    for settings, field in wrong:
        with pytest.raises(Problem) as caught:
            source("modbus", settings, device)
        assert [found.field for found in caught.value.errors] == [field]
    with pytest.raises(Problem):
        source("modbus", good, device, credentials={"password": "x"})
    assert not FieldSource.objects.exists()


def test_credentials_are_sealed_for_their_source_alone(committed: None) -> None:
    device, _series = pump()
    settings = {"host": "127.0.0.1", "version": "2c", "points": [{"entity": "e", "attribute": "a", "oid": "1.3.6.1"}]}
    row = source("snmp", settings, device, credentials={"community": "very-secret"})
    kept = bytes(FieldSource.objects.get(id=row.id).sealed)
    assert b"very-secret" not in kept
    assert len(kept) > 12 + 16
    other = source("snmp", settings, device)
    assert bytes(other.sealed) == b""
