"""The sender in a process of its own, killed in the middle: what it had in hand is sent by the next one, and ends once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from onecity.kernel.telemetry import service as devices
from onecity.kernel.telemetry.commanding import service
from onecity.kernel.telemetry.link import Link, Message
from onecity.kernel.telemetry.models import Command
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until

pytestmark = COMMITTING
SENDER = """
import json, os, signal, threading
from django.conf import settings
settings.DATABASES["default"].update(json.loads(os.environ["TEST_DATABASE"]))
import django
django.setup()
from onecity.kernel.telemetry.commanding.sender import Sender
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
Sender(os.environ["TEST_URL"], BrokerKeys.derive(os.environ["TEST_SECRET"])).start()
threading.Event().wait()
"""


@pytest.fixture
def started(broker: Broker) -> Iterator[list[subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        process.kill()
        process.wait(10)


def start(broker: Broker) -> subprocess.Popen[bytes]:
    facts = {name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    ours = {"TEST_DATABASE": json.dumps(facts), "TEST_URL": broker.url, "TEST_SECRET": broker.secret}
    return subprocess.Popen([sys.executable, "-c", SENDER], env=os.environ | ours)


def heard(link: Link, found: list[Message]) -> bool:
    found += link.take(0.1)
    return bool(found)


def test_a_killed_sender_loses_no_command(
    broker: Broker, committed: None, started: list[subprocess.Popen[bytes]]
) -> None:
    device, _secret = devices.create_device("valve", "adm/1/11/")
    link = broker.link()
    link.open()
    link.subscribe(f"commands.{device.id}")
    started.append(start(broker))
    commands = [service.send(device.id, name, actor=None) for name in ("first", "second")]
    messages: list[Message] = []
    until(lambda: heard(link, messages), 30)
    started[0].kill()
    started[0].wait(10)
    assert set(Command.objects.values_list("state", flat=True)) <= {"queued", "sent"}
    while link.take(0.2):
        continue
    started.append(start(broker))
    again: list[Message] = []
    until(lambda: heard(link, again) and len(again) >= 2, 40)
    assert [json.loads(message.payload)["name"] for message in again[:2]] == ["first", "second"]
    for command in commands:
        link.publish(f"commands.{device.id}.ack", json.dumps({"id": str(command.id)}).encode())
    until(lambda: not Command.objects.exclude(state="acknowledged").exists(), 20)
    link.close()
