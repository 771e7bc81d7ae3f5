"""The CoAP door, knocked at by aiocoap's client and by libcoap's `coap-client` where it is installed."""

import asyncio
import json
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiocoap
import pytest
from django.conf import LazySettings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry import codec_library, service
from onecity.kernel.telemetry.fieldbus.listener import MAX_BODY, CoapDoor
from onecity.kernel.telemetry.logic import senml, times
from onecity.kernel.telemetry.models import DeviceAddress
from onecity.kernel.telemetry.tests.codec_documents import LHT65
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until
from onecity.kernel.telemetry.tests.field import PUMP, Field, logged, manager, values
from onecity.kernel.telemetry.tests.sample import SECOND, station

pytestmark = COMMITTING
CLIENT = shutil.which("coap-client") or shutil.which("coap-client-notls") or shutil.which("coap-client-openssl")


@dataclass
class Door:
    """A door that listens, and one device that may send."""

    field: Field
    broker: Broker
    port: int
    device: str
    secret: str
    series: dict[str, int]

    @property
    def token(self) -> str:
        return f"token={self.device}.{self.secret}"

    def send(
        self, path: str, payload: bytes, kind: int | None = None, query: str | None = None, method: str = "POST"
    ) -> tuple[str, bytes]:
        async def ask() -> tuple[str, bytes]:
            context = await aiocoap.Context.create_client_context(transports=["udp6"])
            uri = f"coap://127.0.0.1:{self.port}/{path}?{self.token if query is None else query}"
            code = getattr(aiocoap, method)
            message = aiocoap.Message(code=code, uri=uri, payload=payload, content_format=kind)
            try:
                answer = await asyncio.wait_for(context.request(message).response, 20)
            finally:
                await context.shutdown()
            return str(answer.code).split()[0], answer.payload

        return self.field.loop.run(ask(), 30)


@pytest.fixture
def door(broker: Broker, committed: None, tmp_path: Path, settings: LazySettings) -> Iterator[Door]:
    settings.ONECITY_HOME = tmp_path
    device, secret, series = station("pump-1", kind=PUMP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    field = Field(broker, tmp_path / "spool")
    process = field.start(coap=CoapDoor("127.0.0.1", port))
    until(lambda: process.entry is not None and process.entry.watcher.loaded and process.entry.log.connected)
    yield Door(field, broker, port, str(device.id), secret, series)
    field.close()


def reading(value: float, **more: Any) -> dict[str, Any]:
    at = times.to_text(now_us() - SECOND)
    return {"entity": "pump-1", "observed_at": at, "values": {"temperature": value} | more}


def test_json_is_taken_and_counted(door: Door) -> None:
    code, body = door.send("readings", json.dumps(reading(21.5, level=3)).encode(), 50)
    assert (code, json.loads(body)) == ("2.04", {"accepted": 2, "quarantined": 0, "reasons": {}})
    assert values(door.broker, door.series["temperature"]) == [21.5]
    code, body = door.send("readings", json.dumps([reading(22.5), reading(999)]).encode(), 50, method="PUT")
    assert (code, json.loads(body)["reasons"]) == ("2.04", {"out_of_range": 1})
    code, body = door.send("readings", b'{"entity": "nobody", "observed_at": 1, "values": {"a": 1}}')
    assert (code, json.loads(body)["quarantined"]) == ("4.22", 1)
    assert values(door.broker, door.series["temperature"]) == [21.5, 22.5]


def test_cbor_and_senml_are_taken(door: Door) -> None:
    at = int(now_us() / SECOND) - 5
    # a map of entity, observed_at and values, of which the level is a float16
    body = (
        b"\xa3\x66entity\x66pump-1\x6bobserved_at\x1a" + struct.pack(">I", at) + b"\x66values\xa1\x65level\xf9\x3e\x00"
    )
    assert door.send("readings", body, 60)[0] == "2.04"
    pack = [
        {"bn": "pump-1/", "bt": at, "bu": "Cel", "n": "temperature", "v": 20.0},
        {"n": "temperature", "t": 1, "v": 21.0},
        {"n": "running", "u": "/", "vb": True},
    ]
    code, answer = door.send("readings", json.dumps(pack).encode(), 110)
    assert (code, json.loads(answer)["accepted"]) == ("2.04", 3)
    # the same in CBOR, with the labels of RFC 8428, table 4: [{-2: "pump-1/", 0: "pressure", 1: "Pa", 2: 7}]
    packed = b"\x81\xa4\x21\x67pump-1/\x00\x68pressure\x01\x62Pa\x02\x07"
    assert door.send("readings", packed, 112)[0] == "2.04"
    assert values(door.broker, door.series["temperature"]) == [20.0, 21.0]
    assert values(door.broker, door.series["running"]) == [1.0]
    assert values(door.broker, door.series["pressure"]) == [7.0]
    assert values(door.broker, door.series["level"]) == [1.5]
    found = [at for number, at, _v in logged(door.broker)[0] if number == door.series["temperature"]]
    assert found == [at * SECOND, (at + 1) * SECOND]


def test_long_bodies_come_in_blocks(door: Door) -> None:
    at = int(now_us() / SECOND) - 2000
    lines = [json.dumps({**reading(20 + n / 100), "observed_at": at + n}) for n in range(200)]
    code, body = door.send("readings", "\n".join(lines).encode(), 50)
    assert (code, json.loads(body)["accepted"]) == ("2.04", 200)
    assert door.send("readings", b" " * (MAX_BODY + 100), 50)[0] == "4.13"


def test_who_does_not_prove_itself_is_refused_and_nothing_is_kept(door: Door) -> None:
    good = json.dumps(reading(1)).encode()
    for query in ("", "token=", f"token={door.device}.wrong", "token=x.y", f"token={door.device}"):
        assert door.send("readings", good, 50, query)[0] == "4.01"
    assert door.send("readings", good, 40)[0] == "4.15"
    assert door.send("readings", b"\xff\xff", 60)[0] == "4.00"
    assert door.send("readings", b"{}", 110)[0] == "4.00"
    assert door.send("nowhere", good, 50)[0] == "4.04"
    assert logged(door.broker) == ([], [])
    service.revoke_device(UUID(door.device))
    until(lambda: door.send("readings", good, 50)[0] == "4.01")


def test_a_flood_is_told_to_wait(door: Door) -> None:
    device, secret, _series = station("pump-2", kind=PUMP)
    type(device).objects.filter(id=device.id).update(readings_per_second=1)
    query = f"token={device.id}.{secret}"
    at = int(now_us() / SECOND) - 5000
    lines = [{**reading(20), "entity": "pump-2", "observed_at": at + n} for n in range(100)]
    until(lambda: door.send("readings", json.dumps(lines).encode(), 50, query)[0] == "2.04")
    assert door.send("readings", json.dumps(lines[0]).encode(), 50, query)[0] == "4.29"


def test_a_devices_own_message_is_read_by_its_codec(door: Door) -> None:
    codec_library.publish(LHT65, "adm/1/", manager())
    DeviceAddress.objects.create(
        network="coap", address=door.device, device_id=door.device, codec=LHT65["name"], entity="pump-1",
        attributes={"humidity": "level", "battery": "energy", "temperature_outside": "pressure"}, division_path="adm/1/",
    )  # fmt: skip
    good = bytes.fromhex("CBF60B0D0376017FFF7FFF")
    code, body = door.send("raw", good, 42, f"{door.token}&port=2")
    # per cent and volts are no metres and kilowatt-hours
    assert (code, json.loads(body)["reasons"]) == ("2.04", {"unit_mismatch": 2})
    assert values(door.broker, door.series["temperature"]) == [28.29]
    code, body = door.send("raw", good[:4], 42, f"{door.token}&port=2")
    assert (code, json.loads(body)["reasons"]) == ("4.22", {"codec": 1})
    assert door.send("raw", good, 42, f"{door.token}&port=x")[0] == "4.02"


def test_the_time_and_what_there_is(door: Door) -> None:
    code, body = door.send("time", b"", query="", method="GET")
    assert code == "2.05"
    at = times.from_one(body.decode())
    assert at is not None
    assert abs(at - now_us()) < 5 * SECOND
    code, body = door.send(".well-known/core", b"", query="", method="GET")
    assert (code, b"</readings>" in body) == ("2.05", True)


def test_libcoaps_client_is_understood(door: Door, tmp_path: Path) -> None:
    if CLIENT is None:
        pytest.skip("libcoap's coap-client is not installed (Debian: libcoap3-bin)")
    at = int(now_us() / SECOND) - 2000
    body = tmp_path / "body.json"
    body.write_text("\n".join(json.dumps({**reading(30), "observed_at": at + n}) for n in range(100)))
    uri = f"coap://127.0.0.1:{door.port}/readings?{door.token}"
    command = [CLIENT, "-m", "post", "-t", "50", "-b", "256", "-B", "10", "-f", str(body), uri]
    found = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert b'"accepted":100' in found.stdout
    wrong = subprocess.run([*command[:-1], uri + "x"], capture_output=True, timeout=30, check=False)
    assert b"4.01" in wrong.stdout + wrong.stderr
    assert values(door.broker, door.series["temperature"]) == [30.0] * 100


def test_nothing_that_is_sent_makes_the_door_fail(door: Door) -> None:
    asked = threading.Lock()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200), st.sampled_from([None, 0, 50, 60, 110, 112]), st.sampled_from(["readings", "raw"]))
    def fuzz(body: bytes, kind: int | None, path: str) -> None:
        with asked:
            assert door.send(path, body, kind)[0] in {"2.04", "4.00", "4.22"}

    fuzz()
    assert door.send("readings", json.dumps(reading(5)).encode(), 50)[0] == "2.04"


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["bn", "bt", "bv", "n", "v", "vb", "t", "u", "0", "-2"]),
    inner, max_size=6)), max_leaves=20))  # fmt: skip
def test_no_pack_makes_the_reader_of_senml_fail(pack: object) -> None:
    try:
        found = senml.parse(pack, 0)
    except senml.SenMLError:
        return
    assert all(isinstance(item.value, float) for item in found)
