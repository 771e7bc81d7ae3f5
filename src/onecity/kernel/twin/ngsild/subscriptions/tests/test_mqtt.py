"""Notifications at a real MQTT broker: mosquitto where it is installed, else the platform's own."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from onecity.kernel.twin.ngsild.http.tests.conftest import CORE, Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, until

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """The port of a running broker that anybody may use."""
    if MOSQUITTO is None:
        pytest.skip("the program mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: _open(port))
    yield port
    process.terminate()
    process.wait(10)


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(("version", "qos"), [("mqtt5.0", 0), ("mqtt3.1.1", 1), ("mqtt5.0", 2)])
def test_a_change_is_told_over_mqtt(ngsi: Client, office: Office, broker: int, version: str, qos: int) -> None:
    heard: list[tuple[str, int, Any]] = []
    subscribed = threading.Event()
    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.on_subscribe = lambda *_args: subscribed.set()
    listener.on_message = lambda _c, _u, m: heard.append((m.topic, m.qos, msgspec.json.decode(m.payload)))
    listener.connect("127.0.0.1", broker)
    listener.subscribe("city/#", 2)
    listener.loop_start()
    assert subscribed.wait(10)
    endpoint = {
        "uri": f"mqtt://user:secret@127.0.0.1:{broker}/city/cars",
        "notifierInfo": [{"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": str(qos)}],
        "receiverInfo": [{"key": "Purpose", "value": "test"}],
    }
    body: dict[str, Any] = {"id": "urn:s:1", "type": "Subscription", "entities": [{"type": "Car"}]}
    assert ngsi("POST", "/subscriptions", body | {"notification": {"endpoint": endpoint}}).status == 201
    for number in range(3):
        ngsi("POST", "/entities", {"id": f"urn:c:{number}", "type": "Car", "speed": 5})
    until(lambda: len(heard) == 3)
    listener.disconnect()
    listener.loop_stop()
    assert [(topic, at) for topic, at, _body in heard] == [("city/cars", qos)] * 3
    assert [told["body"]["data"][0]["id"] for _topic, _qos, told in heard] == ["urn:c:0", "urn:c:1", "urn:c:2"]
    link = f'<{CORE}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    assert heard[0][2]["metadata"] == {"Content-Type": "application/json", "Link": link, "Purpose": "test"}
    until(lambda: ngsi("GET", "/subscriptions/urn:s:1").json()["notification"].get("timesSent") == 3)


def test_a_broker_that_is_not_there(ngsi: Client, office: Office) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    body: dict[str, Any] = {"id": "urn:s:1", "type": "Subscription", "entities": [{"type": "Car"}]}
    body |= {"notification": {"endpoint": {"uri": f"mqtt://127.0.0.1:{port}/city", "timeout": 2000}}}
    ngsi("POST", "/subscriptions", body)
    ngsi("POST", "/entities", {"id": "urn:c:1", "type": "Car", "speed": 5})
    until(lambda: ngsi("GET", "/subscriptions/urn:s:1").json()["notification"].get("status") == "failed")
