"""Devices at the broker's MQTT door, with gateway and pipeline behind it: who comes in, what arrives, who is shown out."""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import paho.mqtt.client as mqtt
import pytest
from django.db import connection
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from onecity.kernel.core import clock
from onecity.kernel.telemetry import doorkeeper, service
from onecity.kernel.telemetry import gateway as gateway_module
from onecity.kernel.telemetry.gateway import Gateway
from onecity.kernel.telemetry.models import Counter, Device, Quarantine, TurnedAway
from onecity.kernel.telemetry.pipeline import Pipeline
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until
from onecity.kernel.telemetry.tests.sample import SECOND, station
from onecity.kernel.telemetry.tests.test_commit import stored

pytestmark = COMMITTING


class Client:
    """An MQTT client that remembers what the broker told it."""

    def __init__(self, broker: Broker, device_id: uuid.UUID | str, secret: str, client_id: str | None = None) -> None:
        self.device_id = str(device_id)
        self.answer: str | None = None
        self.gone = False
        self.acknowledged: set[int] = set()
        self.mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or self.device_id, reconnect_on_failure=False
        )
        self.mqtt.username_pw_set(self.device_id, secret)
        self.mqtt.on_connect = self._connected
        self.mqtt.on_disconnect = self._disconnected
        self.mqtt.on_publish = lambda _c, _u, mid, _r, _p: self.acknowledged.add(mid)
        self.mqtt.connect("127.0.0.1", broker.ports.mqtt)
        self.mqtt.loop_start()
        until(lambda: self.answer is not None or self.gone)

    def _connected(
        self, _client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self.answer = str(reason)

    def _disconnected(self, *_args: object) -> None:
        self.gone = True

    @property
    def inside(self) -> bool:
        return self.answer == "Success" and not self.gone

    def send(self, payload: bytes | dict[str, object], qos: int = 1, topic: str | None = None) -> None:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = self.mqtt.publish(topic or f"telemetry/{self.device_id}", body, qos=qos)
        if qos:
            until(lambda: sent.mid in self.acknowledged)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@dataclass
class Shop:
    """Gateway and pipeline at work; called, it connects a client."""

    broker: Broker
    gateway: Gateway
    pipeline: Pipeline
    clients: list[Client] = field(default_factory=list)

    def __call__(self, device_id: uuid.UUID | str, secret: str, client_id: str | None = None) -> Client:
        self.clients.append(Client(self.broker, device_id, secret, client_id))
        return self.clients[-1]


@pytest.fixture
def shop(broker: Broker, committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("ONECITY_NATS_LOG", str(broker.home / "nats.log"))
    gateway, pipeline = Gateway(broker.url, broker.keys), Pipeline([], broker.url, broker.keys)

    def run(process: Gateway | Pipeline) -> None:
        process.run()
        connection.close()

    processes: tuple[Gateway | Pipeline, ...] = (gateway, pipeline)
    threads = [threading.Thread(target=run, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    until(lambda: gateway.ready and pipeline.ready)
    shop = Shop(broker, gateway, pipeline)
    yield shop
    for client in shop.clients:
        client.close()
    for process, thread in zip(processes, threads, strict=True):
        process.stop()
        thread.join(20)
        assert not thread.is_alive()


def _has_heard(process: Gateway | Pipeline, names: tuple[str, ...]) -> bool:
    return all(name in process.catalogue.entity_of for name in names)


def known(shop: Shop, *names: str) -> None:
    """Wait until gateway and pipeline have heard of these entities."""
    for process in (shop.gateway, shop.pipeline):
        until(partial(_has_heard, process, names))


def now_s() -> int:
    return clock.now_us() // SECOND


def reading(at: int, entity: str = "a", value: float = 1.0) -> dict[str, object]:
    return {"entity": entity, "observed_at": at, "values": {"pm2_5": value}}


def counts() -> dict[tuple[str, str], int]:
    return {(c.source, c.outcome): c.readings for c in Counter.objects.all()}


def test_both_qualities_of_service_arrive_once(shop: Shop) -> None:
    device, secret, _series = station("a")
    known(shop, "a")
    client = shop(device.id, secret)
    assert client.inside
    at = now_s() - 100
    for number in range(10):
        client.send(reading(at + number, value=number), qos=number % 2)
    until(lambda: len(stored()) == 10)
    assert [value for _series, _at, value in stored()] == [float(n) for n in range(10)]
    assert counts() == {("mqtt0", "stored"): 5, ("mqtt1", "stored"): 5}


def test_wrong_secrets_strangers_and_revoked_devices_stay_outside(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    service.revoke_device(other.id)
    known(shop, "a", "b")
    until(lambda: not shop.gateway.catalogue.devices[str(other.id)].active)
    assert not shop(device.id, secret + "x").inside
    assert not shop("01900000-0000-7000-8000-000000000000", secret).inside
    assert not shop(other.id, other_secret).inside
    assert not shop("onecity", secret).inside
    assert shop(device.id, secret).inside


def test_a_device_writes_only_on_its_own_topic_and_its_own_entities(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    known(shop, "a", "b")
    liar = shop(device.id, secret)
    at = now_s() - 10
    liar.send(reading(at, "b"), topic=f"telemetry/{other.id}")
    liar.send(reading(at, "b"))
    liar.send(b"\xff\x00", qos=1)
    honest = shop(other.id, other_secret)
    honest.send(reading(at, "b", 5.0))
    until(lambda: len(stored()) == 1)
    until(lambda: ("mqtt1", "not_yours") in counts())
    assert stored()[0][2] == 5.0
    assert counts() == {("mqtt1", "stored"): 1, ("mqtt1", "not_yours"): 1, ("mqtt1", "not_utf8"): 1}
    assert set(Quarantine.objects.values_list("device_id", flat=True)) == {device.id}


def test_nobody_takes_over_anothers_session(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    known(shop, "a", "b")
    first = shop(device.id, secret, "shared-name")
    assert first.inside
    assert not shop(other.id, other_secret, "shared-name").inside
    assert not shop(other.id, other_secret, str(device.id)).inside
    assert first.inside
    assert shop(other.id, other_secret, "own-name").inside


def test_a_session_name_is_free_again_when_its_device_has_left(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    known(shop, "a", "b")
    first = shop(device.id, secret, "shared")
    assert first.inside
    assert not shop(other.id, other_secret, "shared").inside
    assert first.inside
    first.close()
    until(lambda: shop(other.id, other_secret, "shared").inside, seconds=1)
    second = shop.clients[-1]
    assert not shop(device.id, secret, "shared").inside
    assert second.inside


def test_a_device_that_left_is_forgotten(shop: Shop) -> None:
    device, secret, _series = station("a")
    known(shop, "a")
    client = shop(device.id, secret)
    again = shop(device.id, secret)
    # the same session in another connection: the first has ended
    until(lambda: client.gone)
    assert again.inside
    assert shop.gateway.connected == 1
    again.close()
    until(lambda: shop.gateway.connected == 0, seconds=1)


def test_a_device_cannot_listen_to_others(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    known(shop, "a", "b")
    spy, heard = shop(device.id, secret), []
    spy.mqtt.on_message = lambda _c, _u, message: heard.append(message)
    for topic in ("telemetry/#", "#", f"command/{other.id}", "log/#"):
        spy.mqtt.subscribe(topic, 1)
    honest = shop(other.id, other_secret)
    honest.send(reading(now_s(), "b"))
    until(lambda: len(stored()) == 1)
    assert heard == []


def test_revocation_and_a_new_secret_end_a_session_within_two_seconds(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    known(shop, "a", "b")
    client, second = shop(device.id, secret), shop(other.id, other_secret)
    assert client.inside
    assert second.inside
    service.revoke_device(device.id)
    service.rotate_secret(other.id)
    until(lambda: client.gone and second.gone, seconds=2)
    # and nobody comes in again with what was taken back
    assert not shop(device.id, secret).inside
    assert not shop(other.id, other_secret).inside


def test_both_secrets_open_until_the_overlap_ends(shop: Shop) -> None:
    device, secret, _series = station("a")
    known(shop, "a")
    first = shop(device.id, secret)
    newest = service.rotate_secret(device.id, dt.timedelta(hours=1))
    until(lambda: bool(shop.gateway.catalogue.devices[str(device.id)].earlier_until))
    again, second = shop(device.id, secret, "other-session"), shop(device.id, newest, "third-session")
    assert (first.inside, again.inside, second.inside) == (True, True, True)
    service.end_overlap(device.id)
    until(lambda: first.gone and again.gone, seconds=2)
    assert not shop(device.id, secret).inside
    assert shop(device.id, newest).inside


def test_a_flood_is_shown_out_and_harms_nobody_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "PATIENCE_S", 0.3)
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    Device.objects.filter(id=device.id).update(readings_per_second=5)
    known(shop, "a", "b")
    until(lambda: shop.gateway.catalogue.devices[str(device.id)].readings_per_second == 5)
    flooding, honest = shop(device.id, secret), shop(other.id, other_secret)
    at = now_s() - 5000
    sent = 0
    while not flooding.gone:
        for _ in range(50):
            flooding.send(reading(at + sent, "a"), qos=0)
            sent += 1
        honest.send(reading(at + sent, "b"))
        assert sent < 500_000
    assert honest.inside
    assert not shop(device.id, secret).inside
    honest.send(reading(now_s(), "b"))
    honestly = len(honest.acknowledged)
    until(lambda: counts().get(("mqtt1", "stored")) == honestly)
    found = counts()
    assert found["mqtt0", "stored"] <= 5 * (30 + 10)
    assert found["mqtt0", "flood"] > 0
    assert sum(Quarantine.objects.filter(reason="flood").values_list("readings", flat=True)) == found["mqtt0", "flood"]


def turned() -> dict[tuple[str, str, str], int]:
    rows = TurnedAway.objects.values_list("reason", "claimed", "topic", "times")
    return {(reason, claimed, topic): times for reason, claimed, topic, times in rows}


def test_messages_to_foreign_topics_and_refused_visitors_are_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "HEARTBEAT_S", 0.1)
    device, secret, _series = station("a")
    known(shop, "a")
    client = shop(device.id, secret, f"{device.id}-2")
    for qos, topic in ((1, "telemetry/other"), (1, "status/x"), (0, "status/x")):
        client.send(b"1", qos, topic)
    client.send(reading(now_s()))
    shop(device.id, "wrong")
    shop("nobody", "x")
    me = str(device.id)
    expected = {
        ("foreign_topic", me, "telemetry/other"): 1,
        ("foreign_topic", me, "status/x"): 2,
        ("wrong_secret", me, ""): 1,
        ("unknown_device", "nobody", ""): 1,
    }
    until(lambda: turned() == expected)
    until(lambda: len(stored()) == 1)
    assert client.inside
    assert set(TurnedAway.objects.filter(claimed=me).values_list("division_path", flat=True)) == {"adm/1/"}


def test_a_gateway_that_starts_anew_knows_who_is_inside(shop: Shop) -> None:
    device, secret, _series = station("a")
    other, other_secret, _series = station("b")
    known(shop, "a", "b")
    client, changed = shop(device.id, secret), shop(other.id, other_secret)
    until(lambda: shop.gateway.connected == 2)
    shop.gateway.stop()
    until(lambda: not shop.gateway.ready)
    service.rotate_secret(other.id)
    second = Gateway(shop.broker.url, shop.broker.keys)

    def run() -> None:
        second.run()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: second.ready)
        until(lambda: changed.gone)
        assert second.connected == 1
        assert client.inside
        service.revoke_device(device.id)
        until(lambda: client.gone)
    finally:
        second.stop()
        thread.join(20)
