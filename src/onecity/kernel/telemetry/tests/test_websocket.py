"""Devices at the broker's WebSocket: the same credentials and rights as by MQTT, spoken to by nats-py and by hand."""

import asyncio
import base64
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from typing import ClassVar

import nats
import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.core import clock
from onecity.kernel.telemetry import broker as names
from onecity.kernel.telemetry.gateway import Gateway
from onecity.kernel.telemetry.service import revoke_device
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, free_ports, until
from onecity.kernel.telemetry.tests.field import values
from onecity.kernel.telemetry.tests.sample import SECOND, station

pytestmark = COMMITTING


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory, committed: None, settings: LazySettings) -> Iterator[Broker]:
    client, mqtt, monitor, websocket = free_ports(4)
    ports = names.Ports(client, mqtt, monitor, websocket=websocket)
    broker = Broker(tmp_path_factory.mktemp("broker"), ports, secrets.token_urlsafe(16))
    broker.start()
    gateway = Gateway(broker.url, broker.keys)

    def run() -> None:
        gateway.run()
        connection.close()

    thread = threading.Thread(target=run)
    link = broker.link()
    link.open()
    link.request(f"$JS.API.STREAM.CREATE.{names.LOG_STREAM}", json.dumps(dict(names.log_stream_settings())).encode())
    link.close()
    thread.start()
    until(lambda: gateway.ready)
    yield broker
    while Client.opened:
        Client.opened.pop().close()
    gateway.stop()
    thread.join(20)
    broker.kill()


def reading(value: float) -> bytes:
    body = {"entity": "a", "observed_at": clock.now_us() // SECOND - 5, "values": {"pm2_5": value}}
    return json.dumps(body).encode()


class Client:
    """A WebSocket (RFC 6455) that speaks the NATS protocol, written by hand."""

    opened: ClassVar[list[socket.socket]] = []

    def __init__(self, broker: Broker, device: str, secret: str) -> None:
        self.raw = socket.create_connection(("127.0.0.1", broker.ports.websocket), 5)
        self.opened.append(self.raw)
        key = base64.b64encode(os.urandom(16)).decode()
        self.raw.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.heard = b""
        assert self.wait(b"\r\n\r\n").startswith(b"HTTP/1.1 101")
        options = {"user": device, "pass": secret, "verbose": False, "pedantic": False, "lang": "test", "version": "1"}
        self.send(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        self.wait(b"PONG", b"-ERR")

    @property
    def inside(self) -> bool:
        return b"PONG" in self.heard and b"-ERR" not in self.heard

    def send(self, text: bytes) -> None:
        mask = os.urandom(4)
        length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2, "big")
        self.raw.sendall(b"\x82" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))

    def publish(self, subject: str, body: bytes) -> None:
        self.send(b"PUB %s %d\r\n%s\r\nPING\r\n" % (subject.encode(), len(body), body))

    def wait(self, *marks: bytes) -> bytes:
        while not any(mark in self.heard for mark in marks):
            part = self.raw.recv(65536)
            if not part:
                break
            self.heard += part
        return self.heard


def test_readings_come_in_by_websocket_and_nobody_else_does(web: Broker) -> None:
    device, secret, series = station("a")
    other, _other_secret, _series = station("b")
    until(lambda: Client(web, str(device.id), secret).inside)
    client = Client(web, str(device.id), secret)
    client.publish(f"telemetry.{device.id}", reading(7.0))
    until(lambda: values(web, series["pm2_5"]) == [7.0])
    client.publish(f"telemetry.{other.id}", reading(8.0))
    assert b"Permissions Violation" in client.wait(b"-ERR")
    assert not Client(web, str(device.id), "wrong").inside
    assert not Client(web, str(other.id), secret).inside
    assert values(web, series["pm2_5"]) == [7.0]
    revoke_device(device.id)
    until(lambda: client.raw.recv(65536) == b"", seconds=5)


# how nats-py calls aiohttp, by which it speaks WebSocket
@pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float' is deprecated:DeprecationWarning")
def test_nats_py_is_understood(web: Broker) -> None:
    device, secret, series = station("a")
    until(lambda: Client(web, str(device.id), secret).inside)

    async def send() -> None:
        url = f"ws://127.0.0.1:{web.ports.websocket}"
        client = await nats.connect(url, user=str(device.id), password=secret, allow_reconnect=False)
        await client.publish(f"telemetry.{device.id}", reading(9.0))
        await client.drain()

    asyncio.run(asyncio.wait_for(send(), 20))
    until(lambda: values(web, series["pm2_5"]) == [9.0])
