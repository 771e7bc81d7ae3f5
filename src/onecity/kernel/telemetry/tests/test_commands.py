"""Commands to devices: given once, handed over in order, tried again, with exactly one end; real clients of each protocol."""

import datetime as dt
import json
import uuid
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from django.db import connection

from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import service as devices
from onecity.kernel.telemetry.commanding import service, store
from onecity.kernel.telemetry.models import Command
from onecity.kernel.telemetry.tests.conftest import COMMITTING, until
from onecity.kernel.telemetry.tests.field import manager
from onecity.kernel.telemetry.tests.test_mqtt import Client, Shop, shop

pytestmark = COMMITTING
__all__ = ["shop"]
LATER = dt.timedelta(hours=1)


@pytest.fixture
def device(committed: None) -> tuple[uuid.UUID, str]:
    made, secret = devices.create_device("valve", "adm/1/11/")
    return made.id, secret


def inside(shop: Shop, device_id: uuid.UUID, secret: str) -> Client:
    until(lambda: str(device_id) in shop.gateway.catalogue.devices)
    client = shop(device_id, secret)
    assert client.inside
    return client


def state(command: Command) -> str:
    return Command.objects.get(id=command.id).state


class Listener:
    """A device at its topic, by MQTT, that remembers what came."""

    def __init__(self, client: Client, qos: int = 1, topic: str = "") -> None:
        self.client = client
        self.heard: list[dict[str, Any]] = []
        self.granted: list[str] = []
        client.mqtt.on_message = self._hear
        client.mqtt.on_subscribe = self._subscribed
        client.mqtt.subscribe(topic or f"commands/{client.device_id}", qos)
        until(lambda: self.granted)

    def _subscribed(self, _c: object, _u: object, _mid: int, reasons: Any, _p: object) -> None:
        self.granted = [str(reason) for reason in reasons]

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.heard.append(json.loads(message.payload))

    def names(self) -> list[str]:
        """What was heard, each command once."""
        return list(dict.fromkeys(item["name"] for item in self.heard))

    def acknowledge(self, command: str, **said: object) -> None:
        topic = f"commands/{self.client.device_id}/ack"
        self.client.send({"id": command, **said}, topic=topic)


@pytest.mark.parametrize("qos", [0, 1])
def test_a_listening_device_gets_a_command_and_ends_it(shop: Shop, device: tuple[uuid.UUID, str], qos: int) -> None:
    client = inside(shop, *device)
    listener = Listener(client, qos)
    assert listener.granted == [f"Granted QoS {qos}"]
    command = service.send(device[0], "open", {"percent": 40}, actor=None)
    until(lambda: listener.heard)
    told = listener.heard[0]
    assert (told["id"], told["name"], told["payload"]) == (str(command.id), "open", {"percent": 40})
    assert told["attempt"] == 1
    until(lambda: state(command) == "sent")
    listener.acknowledge(told["id"], received=True)
    until(lambda: state(command) == "delivered")
    listener.acknowledge(told["id"], ok=True, result={"position": 40})
    until(lambda: state(command) == "acknowledged")
    # a second word changes nothing
    listener.acknowledge(told["id"], ok=False, result={"position": 0})
    other = service.send(device[0], "close", actor=None)
    until(lambda: "close" in listener.names())
    listener.acknowledge(str(other.id), ok=False, result={"why": "blocked"})
    until(lambda: state(other) == "failed")
    row = Command.objects.get(id=command.id)
    assert (row.state, row.result, row.attempts) == ("acknowledged", {"position": 40}, 1)
    assert row.finished_at is not None
    assert row.delivered_at is not None
    assert row.sent_at is not None


def test_a_device_that_comes_back_gets_what_has_not_expired_in_order(shop: Shop, device: tuple[uuid.UUID, str]) -> None:
    commands = [service.send(device[0], f"step-{number}", actor=None) for number in range(5)]
    gone = service.send(device[0], "too-late", expires_at=now() + dt.timedelta(seconds=1), actor=None)
    until(lambda: state(gone) == "expired")
    assert [state(command) for command in commands] == ["queued"] * 5
    assert set(Command.objects.values_list("attempts", flat=True)) == {0}
    listener = Listener(inside(shop, *device))
    until(lambda: len(listener.names()) == 5)
    assert listener.names() == [f"step-{number}" for number in range(5)]
    assert listener.heard[0]["attempt"] == 1


def test_what_is_not_acknowledged_is_sent_again(shop: Shop, device: tuple[uuid.UUID, str]) -> None:
    listener = Listener(inside(shop, *device))
    command = service.send(device[0], "open", actor=None)
    until(lambda: [item["attempt"] for item in listener.heard][:2] == [1, 2], 15)
    assert {item["id"] for item in listener.heard} == {str(command.id)}


def test_nobody_hears_another_devices_commands_or_answers_for_it(shop: Shop, device: tuple[uuid.UUID, str]) -> None:
    other, secret = devices.create_device("thief", "adm/1/11/")
    thief = inside(shop, other.id, secret)
    listener = Listener(inside(shop, *device))
    for topic in (f"commands/{device[0]}", "commands/#", "commands/+", "$MQTT/sub/#"):
        assert Listener(thief, 1, topic).granted == ["Unspecified error"], topic
    command = service.send(device[0], "open", actor=None)
    until(lambda: listener.heard)
    thief.mqtt.publish(f"commands/{device[0]}/ack", json.dumps({"id": str(command.id)}), qos=0)
    # its own topic does not help either: the command is not its own
    thief.mqtt.publish(f"commands/{other.id}/ack", json.dumps({"id": str(command.id)}), qos=0)
    mine = service.send(other.id, "mine", actor=None)
    thief.mqtt.publish(f"commands/{other.id}/ack", json.dumps({"id": str(mine.id)}), qos=0)
    until(lambda: state(mine) == "acknowledged")
    assert state(command) == "sent"


def test_the_same_key_is_the_same_command(device: tuple[uuid.UUID, str]) -> None:
    first = service.send(device[0], "open", {"percent": 1}, idempotency_key="k", actor=manager())
    assert service.send(device[0], "open", {"percent": 1}, idempotency_key="k", actor=manager()).id == first.id
    with pytest.raises(Problem) as refused:
        service.send(device[0], "open", {"percent": 2}, idempotency_key="k", actor=manager())
    assert refused.value.status == 409
    assert Command.objects.count() == 1


def test_what_cannot_be_given_is_not(device: tuple[uuid.UUID, str]) -> None:
    for wrong in (
        {"name": ""},
        {"payload": {"x": "y" * 20_000}},
        {"payload": {"x": float("nan")}},
        {"expires_at": now() - LATER},
        {"idempotency_key": "k" * 201},
    ):
        facts: dict[str, Any] = {"name": "open", "payload": {}} | wrong
        with pytest.raises(Problem) as refused:
            service.send(device[0], facts.pop("name"), facts.pop("payload"), actor=None, **facts)
        assert refused.value.status == 422
    with pytest.raises(Problem) as missing:
        service.send(uuid.uuid4(), "open", actor=None)
    assert missing.value.status == 404
    devices.revoke_device(device[0])
    with pytest.raises(Problem) as revoked:
        service.send(device[0], "open", actor=None)
    assert revoked.value.status == 409
    assert not Command.objects.exists()


def test_a_withdrawn_command_stays_withdrawn(device: tuple[uuid.UUID, str]) -> None:
    command = service.send(device[0], "open", actor=None)
    assert service.cancel(command.id, manager()).state == "cancelled"
    assert service.acknowledge(device[0], command.id, True, {"late": 1}) == "cancelled"
    with pytest.raises(Problem) as ended:
        service.cancel(command.id, manager())
    assert ended.value.status == 409
    with pytest.raises(Problem) as foreign:
        service.acknowledge(uuid.uuid4(), command.id, True)
    assert foreign.value.status == 404
    assert store.give(device[0], now()) == []


def test_a_sender_that_dies_between_loses_nothing(device: tuple[uuid.UUID, str]) -> None:
    """What was taken and not marked is taken again when the lease is over; what was sent, after the pause."""
    start = now()
    command = service.send(device[0], "open", expires_at=start + LATER, actor=None)
    lease = dt.timedelta(seconds=10)
    at = now()
    assert [due.attempt for due in store.claim("direct", at, lease)] == [1]
    assert store.claim("direct", at + dt.timedelta(seconds=9), lease) == []
    at += dt.timedelta(seconds=11)
    assert [due.attempt for due in store.claim("direct", at, lease)] == [1]
    store.handed([command.id], at)
    assert store.claim("direct", at + dt.timedelta(seconds=1), lease) == []
    assert [due.attempt for due in store.claim("direct", at + dt.timedelta(seconds=2), lease)] == [2]
    assert store.expire(start + LATER) == 1
    assert store.claim("direct", start + LATER, lease) == []
    assert state(command) == "expired"


def test_a_new_command_does_not_overtake_an_older_one(device: tuple[uuid.UUID, str]) -> None:
    first = service.send(device[0], "first", actor=None)
    store.postponed([first.id], now() + LATER)
    service.send(device[0], "second", actor=None)
    assert [due.name for due in store.claim("direct", now(), dt.timedelta(seconds=10))] == ["first", "second"]


def test_a_device_that_moves_takes_its_commands_along(device: tuple[uuid.UUID, str]) -> None:
    command = service.send(device[0], "open", actor=None)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telemetry_device SET division_path = 'adm/1/12/' WHERE id = %s", [device[0]])
    assert Command.objects.get(id=command.id).division_path == "adm/1/12/"


def test_commands_have_their_order_by_the_time_they_were_given(device: tuple[uuid.UUID, str]) -> None:
    for number, name in enumerate(["b", "a", "c"]):
        with use_clock(FixedClock(now() + dt.timedelta(seconds=number))):
            service.send(device[0], name, actor=None)
    assert [due.name for due in store.give(device[0], now())] == ["b", "a", "c"]
