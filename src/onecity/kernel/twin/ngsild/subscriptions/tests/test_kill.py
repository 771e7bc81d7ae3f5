"""A notifier that is killed in the middle of its work: nothing is lost, and what comes twice has the same id."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import count

import pytest
from django.db import connection

from onecity.kernel.twin.models import Notification
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Receiver, until
from onecity.kernel.twin.ngsild.subscriptions.tests.test_notifying import URN, subscribe, vehicle

PROGRAM = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)
for name, value in zip(sys.argv[2::2], sys.argv[3::2]):
    setattr(settings, name, value)
django.setup()
from onecity.kernel.twin.ngsild.subscriptions import notifier
notifier.run()
"""
NOTHING: Mapping[str, str] = {}


def started(more: Mapping[str, str] = NOTHING) -> subprocess.Popen[bytes]:
    """A notifier of its own over this test's database; `more`: settings that differ."""
    arguments = [connection.settings_dict["NAME"], *(word for pair in more.items() for word in pair)]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Notifiers, all of which are ended."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(15)


def test_killed_three_times(ngsi: Client, receiver: Receiver, running: list[subprocess.Popen[bytes]]) -> None:
    receiver.answer = lambda _path: (200, 0.005)
    running += [started(), started()]
    subscribe(ngsi, receiver)
    ngsi("POST", "/entities", vehicle())
    early = count(1)
    until(lambda: ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": -next(early)}}).status and receiver.heard, 60)
    sent = 0
    for _kill in range(3):
        for _step in range(40):
            ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 1000 + sent}})
            sent += 1
        running[0].kill()
        running.pop(0).wait()
        running.append(started())
    last = 1000 + sent - 1
    until(lambda: any(one.data[0]["speed"]["value"] == last for one in receiver.heard), 60)
    until(lambda: not Notification.objects.exists())
    first_of: dict[str, int] = {}
    for one in receiver.heard:
        value = one.data[0]["speed"]["value"]
        assert first_of.setdefault(one.body["id"], value) == value
    told = [value for value in first_of.values() if value >= 1000]
    assert told == list(range(1000, 1000 + sent))
