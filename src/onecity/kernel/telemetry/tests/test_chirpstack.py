"""LoRaWAN by a ChirpStack network server: its MQTT broker (the platform's own, or mosquitto), and its HTTP integration."""

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from django.conf import LazySettings
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from onecity.kernel.telemetry import chirpstack, codec_library
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.ingest import app as readings_door
from onecity.kernel.telemetry.models import DeviceAddress
from onecity.kernel.telemetry.network_door import NetworkDoor
from onecity.kernel.telemetry.service import create_device
from onecity.kernel.telemetry.tests.codec_documents import LHT65
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, free_ports, until, until_async
from onecity.kernel.telemetry.tests.field import Field, error, logged, manager, source, state, values
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.telemetry.types import Attribute, EntityType

pytestmark = COMMITTING

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/sbin")
EUI = "a84041000181c061"
ROOM = EntityType(
    "Room",
    "Room",
    (
        Attribute("temperature", "Temperature", "Cel", -50, 60),
        Attribute("humidity", "Humidity", "%", 0, 100),
        Attribute("rssi", "RSSI", "dB", -200, 20),
        Attribute("battery_level", "Battery", "%", 0, 100),
    ),
)


def up(data: str = "CBF60B0D0376017FFF7FFF", key: str = "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", **more: Any) -> bytes:
    """An uplink as ChirpStack 4 documents it."""
    body = {
        "deduplicationId": key,
        "time": "2026-03-01T00:00:00.433777+00:00",
        "deviceInfo": {
            "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242", "tenantName": "City", "applicationName": "rooms",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97", "deviceName": "room 1", "devEui": EUI.upper(),
            "deviceProfileName": "LHT65", "tags": {"key": "value"},
        },
        "devAddr": "00189440", "dr": 1, "fPort": 2, "fCnt": 7, "adr": True, "confirmed": False,
        "data": base64.b64encode(bytes.fromhex(data)).decode(),
        "object": {"TempC_SHT": 28.29, "humidity": 50, "Node_type": "LHT65"},
        "rxInfo": [
            {"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "rssi": -101, "snr": 2.5, "context": "E3OWOQ=="},
            {"gatewayId": "0016c001f153a14d", "rssi": -36, "snr": 10.5, "location": {"latitude": 31.0}},
        ],
        "txInfo": {"frequency": 867100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 11}}},
    }  # fmt: skip
    return json.dumps(body | more).encode()


def test_an_uplink_says_who_what_and_how_it_was_received() -> None:
    heard = chirpstack.read(up(), "up", 0)
    assert heard is not None
    assert heard.uplink is not None
    assert (heard.address, heard.key) == (EUI, "3ac7e3c4-4401-4b8d-9386-a5c902f9202d")
    assert heard.uplink.payload.data.hex() == "cbf60b0d0376017fff7fff"
    assert (heard.uplink.payload.port, heard.uplink.payload.received_at) == (2, 1_772_323_200_433_777)
    assert heard.uplink.extra == {"rssi": -36, "snr": 10.5}
    assert heard.signal["gateways"] == ["0016c001f153a14c", "0016c001f153a14d"]
    assert chirpstack.read(b"", "ack", 0) is None


def test_a_downlink_is_asked_for_as_chirpstack_documents_it() -> None:
    topic, body = chirpstack.downlink("17c82e96", EUI, b"\x01\x02", 10, confirmed=True)
    assert topic == f"application/17c82e96/device/{EUI}/command/down"
    assert json.loads(body) == {"devEui": EUI, "confirmed": True, "fPort": 10, "data": "AQI="}


@settings(deadline=None)
@given(st.binary(max_size=100) | st.builds(lambda d: json.dumps({"deviceInfo": {"devEui": "x"}, **d}).encode(),
    st.dictionaries(st.sampled_from(["data", "object", "rxInfo", "fPort", "time", "dr"]),
    st.none() | st.integers() | st.text(max_size=6) | st.lists(st.integers(), max_size=2))))  # fmt: skip
def test_no_event_makes_the_reader_fail(body: bytes) -> None:
    for kind in ("up", "status", "join"):
        try:
            chirpstack.read(body, kind, 0)
        except CodecError as problem:
            assert str(problem)  # noqa: PT017 - the other outcome is fine too


class NetworkServer:
    """What a ChirpStack server does at its broker, with mosquitto as that broker."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_ports(1)[0]
        self.process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), "onecity", "right"], check=True, capture_output=True)
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nuser root\n"
        )

    def start(self) -> None:
        assert MOSQUITTO is not None
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
        self.process = None

    def publish(self, body: bytes, kind: str = "up", eui: str = EUI) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set("onecity", "right")
        until(lambda: self._connects(client))
        client.loop_start()
        sent = client.publish(
            f"application/17c82e96-be03-4f38-aef3-f83d48582d97/device/{eui}/event/{kind}", body, qos=1
        )
        sent.wait_for_publish(10)
        client.disconnect()
        client.loop_stop()

    def _connects(self, client: mqtt.Client) -> bool:
        try:
            return client.connect("127.0.0.1", self.port) == mqtt.MQTT_ERR_SUCCESS
        except OSError:
            return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NetworkServer]:
    if MOSQUITTO is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto is not installed (Debian: mosquitto, mosquitto-clients)")
    found = NetworkServer(tmp_path)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def field(broker: Broker, committed: None, tmp_path: Path, settings: LazySettings) -> Iterator[Field]:
    settings.ONECITY_HOME = tmp_path
    found = Field(broker, tmp_path / "spool")
    yield found
    found.close()


def room(codec: str = LHT65["name"], **attributes: str) -> dict[str, int]:
    codec_library.publish(LHT65, "adm/1/", manager())
    device, _secret, series = station("room-1", kind=ROOM)
    DeviceAddress.objects.create(
        network="lorawan", address=EUI, device_id=device.id, codec=codec, entity="room-1", attributes=attributes,
        division_path="adm/1/",
    )  # fmt: skip
    return series


def network(server: NetworkServer, key: str = "right", division: str = "adm/1/") -> Any:
    device, _secret = create_device("network server", division)
    settings = {"host": "127.0.0.1", "port": server.port}
    return source("chirpstack", settings, str(device.id), credentials={"username": "onecity", "password": key})


def test_uplinks_become_readings_once(field: Field, server: NetworkServer, broker: Broker) -> None:
    series = room()
    row = network(server)
    field.start()
    until(lambda: (found := state(row)) is not None and found.last_success_at is not None)
    server.publish(up())
    server.publish(up())
    until(lambda: values(broker, series["temperature"]) == [28.29])
    server.publish(up(key="b", time="2026-03-01T00:10:00Z", data="", f_port=2).replace(b'"data": ""', b'"data": "?"'))
    server.publish(b"{", eui="broken")
    status = {"deviceInfo": {"devEui": EUI}, "batteryLevel": 75.5, "margin": 6, "time": "2026-03-01T01:00:00Z"}
    server.publish(json.dumps(status).encode(), "status")
    until(lambda: values(broker, series["battery_level"]) == [75.5])
    assert values(broker, series["humidity"]) == [88.6]
    assert values(broker, series["rssi"]) == [-36.0]
    assert [value for number, _at, value in logged(broker)[0] if number == series["temperature"]] == [28.29]
    found = [(r.reason, r.readings) for r in logged(broker)[1]]
    # one uplink has an attribute that the room does not measure; two messages could not be read at all
    assert found.count(("codec", 1)) == 2
    until(lambda: DeviceAddress.objects.get().signal.get("battery_level") == 75.5)
    address = DeviceAddress.objects.get()
    assert address.last_seen_at is not None
    assert (address.signal["rssi"], address.signal["f_cnt"]) == (-36, 7)


def test_what_comes_while_we_are_away_is_kept_for_us(field: Field, server: NetworkServer, broker: Broker) -> None:
    series = room()
    row = network(server)
    field.start()
    until(lambda: (found := state(row)) is not None and found.last_success_at is not None)
    field.stop()
    for number in range(20):
        server.publish(up(key=f"k{number}", time=f"2026-03-01T00:{number:02}:00Z"))
    server.stop()
    server.start()
    field.start()
    until(lambda: len(values(broker, series["temperature"])) == 20, seconds=20)


def test_what_the_network_server_has_decoded_needs_no_codec(
    field: Field, server: NetworkServer, broker: Broker
) -> None:
    series = room("", temp_c_sht="temperature")
    row = network(server)
    field.start()
    until(lambda: (found := state(row)) is not None and found.last_success_at is not None)
    server.publish(up())
    until(lambda: values(broker, series["temperature"]) == [28.29])
    assert values(broker, series["humidity"]) == [50.0]
    assert logged(broker)[1] == []


def test_wrong_passwords_and_foreign_servers(field: Field, server: NetworkServer, broker: Broker) -> None:
    series = room()
    wrong = network(server, "wrong")
    foreign = network(server, division="adm/2/")
    field.start()
    until(lambda: error(wrong) == "refused")
    until(lambda: (found := state(foreign)) is not None and found.last_success_at is not None)
    server.publish(up())
    until(lambda: [r.reason for r in logged(broker)[1]] == ["not_yours"])
    assert DeviceAddress.objects.get().last_seen_at is None
    assert values(broker, series["temperature"]) == []


Sent = tuple[bytes, str, str, str]


async def post(*sent: Sent) -> list[tuple[int, dict[str, Any]]]:
    """Send (body, credential, event, method) one after the other to the door."""
    transport = httpx.ASGITransport(app=NetworkDoor(readings_door))
    _watcher, log = readings_door.start()
    await until_async(lambda: log.connected)
    found = []
    async with httpx.AsyncClient(transport=transport, base_url="http://city") as client:
        for body, credential, event, method in sent:
            address, headers = f"/ingest/chirpstack?event={event}", {"authorization": f"Bearer {credential}"}
            answer = await client.request(method, address, content=body, headers=headers)
            found.append((answer.status_code, answer.json()))
    await readings_door.stop()
    return found


def test_the_http_integration_is_taken_too(broker: Broker, committed: None) -> None:
    series = room()
    server, secret = create_device("network server", "adm/1/")
    foreign, other = create_device("another network server", "adm/2/")
    good = f"{server.id}.{secret}"
    found = asyncio.run(
        post(
            (up(), good, "up", "POST"),
            (b"{", good, "up", "POST"),
            (b"{}", good, "ack", "POST"),
            (up(key="2"), f"{foreign.id}.{other}", "up", "POST"),
            (up(key="3"), f"{server.id}.wrong", "up", "POST"),
            (up(key="4"), good, "up", "PUT"),
        )
    )
    assert found[:4] == [
        (200, {"accepted": 3, "reasons": {"unknown_attribute": 1}}),
        (200, {"accepted": 0, "reasons": {"codec": 1}}),
        (200, {"accepted": 0, "reasons": {}}),
        (200, {"accepted": 0, "reasons": {"not_yours": 1}}),
    ]
    assert [status for status, _body in found[4:]] == [401, 405]
    assert values(broker, series["temperature"]) == [28.29]
    assert DeviceAddress.objects.get().signal["rssi"] == -36
