"""Commands that the platform brings itself: written by Modbus and OPC UA, or encoded for a LoRaWAN network server."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import paho.mqtt.client as mqtt
import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import codec_library
from onecity.kernel.telemetry.codecs import encoding, packing
from onecity.kernel.telemetry.codecs.declaration import ORDERS, WIDTHS, CodecError
from onecity.kernel.telemetry.codecs.reading import read
from onecity.kernel.telemetry.commanding import service
from onecity.kernel.telemetry.models import Command, DeviceAddress
from onecity.kernel.telemetry.tests.codec_documents import LHT65
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until
from onecity.kernel.telemetry.tests.field import Field, manager, pump, source, state, values
from onecity.kernel.telemetry.tests.test_chirpstack import EUI, NetworkServer, network, room, server, up
from onecity.kernel.telemetry.tests.test_modbus import Server, settings_for
from onecity.kernel.telemetry.tests.test_modbus import server as modbus
from onecity.kernel.telemetry.tests.test_opcua import Plant, plant, running_plant

pytestmark = COMMITTING
__all__ = ["modbus", "plant", "running_plant", "server"]
INTERVAL: dict[str, Any] = {
    "name": "interval",
    "port": 10,
    "pieces": [{"hex": "01"}, {"path": "seconds", "type": "uint24", "minimum": 60, "maximum": 86_400}],
    "tests": [{"payload": {"seconds": 600}, "hex": "01000258"}],
}
MODE: dict[str, Any] = {"name": "mode", "confirmed": False, "pieces": [{"path": "mode", "lookup": {"on": 1, "off": 0}}]}


@pytest.fixture
def field(broker: Broker, committed: None, tmp_path: Path, settings: LazySettings) -> Iterator[Field]:
    settings.ONECITY_HOME = tmp_path
    found = Field(broker, tmp_path / "spool")
    yield found
    found.close()


def state_of(command: Command) -> str:
    return Command.objects.get(id=command.id).state


@given(st.sampled_from([k for k in WIDTHS if not k.startswith("float")]), st.sampled_from(ORDERS), st.integers(0, 100))
def test_what_is_packed_is_read_back(kind: str, order: str, value: int) -> None:
    if order.endswith("words") and WIDTHS[kind] % 2:
        return
    field = {"attribute": "x", "offset": 0, "type": kind, "order": order}
    trial = codec_library.try_codec(
        {"name": "x", "messages": [{"fields": [field]}]}, packing.pack(value, kind, order, "x")
    )
    assert [reading.value for reading in trial.readings] == [value]


def test_a_command_is_encoded_as_its_codec_declares() -> None:
    codec = read({**LHT65, "downlinks": [INTERVAL, MODE]})
    interval, mode = codec.downlinks
    assert encoding.encode(interval, {"seconds": 600}).hex() == "01000258"
    assert encoding.encode(mode, {"mode": "on"}) == b"\x01"
    for downlink, payload in (
        (interval, {}),
        (interval, {"seconds": 59}),
        (interval, {"seconds": "x"}),
        (mode, {"mode": 1}),
    ):
        with pytest.raises(CodecError):
            encoding.encode(downlink, payload)
    wrong = {**INTERVAL, "tests": [{"payload": {"seconds": 601}, "hex": "01000258"}]}
    with pytest.raises(Problem) as refused:
        codec_library.publish({**LHT65, "downlinks": [wrong]}, "adm/1/", manager())
    assert refused.value.code == "codec-tests-fail"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a"},
        {"name": "a", "pieces": [{}]},
        {"name": "a", "pieces": [{"path": "x", "type": "int7"}]},
        {"name": "a", "pieces": [{"path": "x", "scale": 0}]},
        {"name": "a", "pieces": [{"path": "x", "order": "big-words"}]},
    ],
)
def test_a_declaration_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CodecError) as refused:
        read({**LHT65, "downlinks": [wrong]})
    assert refused.value.where.startswith("downlinks[0]")


def test_a_register_and_a_coil_are_written(field: Field, modbus: Server, broker: Broker) -> None:
    device, series = pump()
    settings = settings_for(modbus.port)
    settings["points"][0] |= {"command": "set temperature", "command_minimum": 5, "command_maximum": 30}
    settings["points"][2] |= {"command": "set level"}
    settings["points"][4] |= {"command": "run"}
    row = source("modbus", settings, device)
    field.start()
    given = [
        service.send(UUID(device), "set temperature", {"value": 25.5}, actor=None),
        service.send(UUID(device), "set level", {"value": 3.5}, actor=None),
        service.send(UUID(device), "run", {"value": 0}, actor=None),
    ]
    assert {(command.route, command.target) for command in given} == {("source", str(row.id))}
    until(lambda: [state_of(command) for command in given] == ["acknowledged"] * 3)
    until(lambda: values(broker, series["temperature"])[-1:] == [25.5])
    until(lambda: values(broker, series["level"])[-1:] == [3.5] and values(broker, series["running"])[-1:] == [0])
    assert Command.objects.get(id=given[1].id).result == {"written": {"holding 4": [35]}}
    for wrong in ({"value": 31}, {"value": "warm"}, {}):
        with pytest.raises(Problem) as refused:
            service.send(UUID(device), "set temperature", wrong, actor=None)
        assert refused.value.errors[0].field == "payload.value"


def test_a_register_that_is_not_there_fails_and_a_dead_device_waits(field: Field, modbus: Server) -> None:
    device, _series = pump()
    missing = {"entity": "pump-1", "attribute": "energy", "address": 900, "command": "nowhere"}
    settings = settings_for(modbus.port, missing)
    settings["points"][2] |= {"command": "set level"}
    row = source("modbus", settings, device)
    field.start()
    nowhere = service.send(UUID(device), "nowhere", {"value": 1}, actor=None)
    until(lambda: state_of(nowhere) == "failed")
    assert "900" in Command.objects.get(id=nowhere.id).result["error"]
    modbus.stop()
    until(lambda: (found := state(row)) is not None and found.failures > 0)
    waiting = service.send(UUID(device), "set level", {"value": 1}, actor=None)
    modbus.start()
    until(lambda: state_of(waiting) == "acknowledged", 30)


def test_a_node_is_written_and_a_read_only_one_is_not(field: Field, plant: Plant, broker: Broker) -> None:
    device, series = pump()
    points = plant.points()
    points[0] |= {"command": "set temperature"}
    points[1] |= {"command": "set level"}
    plant.loop.run(plant.nodes["level"].set_writable())
    source("opcua", {"url": plant.url, "points": points}, device)
    field.start()
    level = service.send(UUID(device), "set level", {"value": 2.5}, actor=None)
    until(lambda: state_of(level) == "acknowledged")
    assert plant.loop.run(plant.nodes["level"].read_value()) == pytest.approx(250)
    until(lambda: values(broker, series["level"])[-1:] == [2.5])
    refused = service.send(UUID(device), "set temperature", {"value": 1}, actor=None)
    until(lambda: state_of(refused) == "failed")
    assert "ns=2;s=temperature" in Command.objects.get(id=refused.id).result["error"]


class Downlinks:
    """What comes to the network server."""

    def __init__(self, server: NetworkServer) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.ready = False
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set("onecity", "right")
        self.client.on_message = self._hear
        self.client.on_subscribe = self._subscribed
        until(lambda: self._connects(server.port))
        self.client.subscribe("application/+/device/+/command/down", 1)
        self.client.loop_start()
        until(lambda: self.ready)

    def _connects(self, port: int) -> bool:
        try:
            return self.client.connect("127.0.0.1", port) == mqtt.MQTT_ERR_SUCCESS
        except OSError:
            return False

    def _subscribed(self, *_what: object) -> None:
        self.ready = True

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.heard.append((message.topic, json.loads(message.payload)))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_a_lorawan_device_gets_its_command_through_the_network_server(field: Field, server: NetworkServer) -> None:
    room()
    codec_library.publish({**LHT65, "downlinks": [INTERVAL, MODE]}, "adm/1/", manager())
    device = DeviceAddress.objects.get().device_id
    with pytest.raises(Problem) as unknown:
        service.send(device, "dance", actor=None)
    assert unknown.value.code == "command-unknown"
    row = network(server)
    field.start()
    until(lambda: (found := state(row)) is not None and found.last_success_at is not None)
    command = service.send(device, "interval", {"seconds": 600}, actor=None)
    plain = service.send(device, "mode", {"mode": "off"}, actor=None)
    heard = Downlinks(server)
    try:
        # through which server it can be reached is known when it was heard
        server.publish(up())
        until(lambda: len(heard.heard) == 2)
    finally:
        heard.close()
    topic, body = heard.heard[0]
    assert topic == f"application/17c82e96-be03-4f38-aef3-f83d48582d97/device/{EUI}/command/down"
    assert body == {"id": str(command.id), "devEui": EUI, "confirmed": True, "fPort": 10, "data": "AQACWA=="}
    assert base64.b64decode(heard.heard[1][1]["data"]) == b"\0"
    until(lambda: state_of(command) == "sent")
    about = {"deviceInfo": {"devEui": EUI}, "queueItemId": str(command.id)}
    server.publish(json.dumps(about).encode(), "txack")
    until(lambda: state_of(command) == "delivered")
    server.publish(json.dumps(about | {"acknowledged": False}).encode(), "ack")
    server.publish(json.dumps(about | {"acknowledged": True}).encode(), "ack")
    until(lambda: state_of(command) == "acknowledged")
    # one that nobody confirms ends with its transmission
    server.publish(json.dumps(about | {"queueItemId": str(plain.id)}).encode(), "txack")
    until(lambda: state_of(plain) == "acknowledged")
