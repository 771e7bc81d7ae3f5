"""kill -9 of web and notifier under writes: every write that was acknowledged is told to its subscribers, in its order."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.faults.test_kill import alive, kill, until, victim

from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Receiver
from onecity.project.stack.platform import Platform

__all__ = ["victim"]
pytestmark = pytest.mark.stack
SEED = 20261125
API = "/ngsi-ld/v1"
METERS = 3
PATIENCE_S, PAUSE_S = 5.0, 0.05
# the whole service that takes writes, who tells of them, and one worker of the service
VICTIMS = ("web", "notifier", "worker")


def urn(meter: int) -> str:
    return f"urn:ngsi-ld:Meter:{meter}"


def call(port: int, method: str, path: str, body: Any) -> int:
    """The status of the answer; 0 where none came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, API + path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return answer.status


class Writer(threading.Thread):
    """Counts a meter up by one; whoever was promised nothing sends the same again, for ever."""

    def __init__(self, port: int, meter: int) -> None:
        super().__init__(name=f"writer-{meter}", daemon=True)
        self.port, self.meter = port, meter
        self.acknowledged = self.unanswered = 0
        self.refused: list[int] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            value = {"value": self.acknowledged + 1}
            while (status := call(self.port, "PATCH", f"/entities/{urn(self.meter)}/attrs/level", value)) != 204:
                self.unanswered += 1
                if status not in (0, 503):
                    self.refused.append(status)
                time.sleep(PAUSE_S)
            self.acknowledged += 1


def subscribe(port: int, url: str, **selector: str) -> None:
    body = {"type": "Subscription", "entities": [{"type": "Meter", **selector}], "watchedAttributes": ["level"]}
    assert call(port, "POST", "/subscriptions", body | {"notification": {"endpoint": {"uri": url}}}) == 201


def strike(platform: Platform, name: str) -> None:
    if name != "worker":
        kill(platform, name)
        return
    process = platform.service("web").process
    assert process is not None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[-1]), signal.SIGKILL)


def told(receiver: Receiver) -> dict[tuple[str, str], list[int]]:
    """Values by path and entity, in the order in which they came; what came again with the same id counts once."""
    first: dict[str, Any] = {}
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in list(receiver.heard):
        if first.setdefault(one.body["id"], one.data) is one.data:
            for entity in one.data:
                found[one.path, entity["id"]].append(entity["level"]["value"])
        assert first[one.body["id"]] == one.data
    return found


def more(writers: list[Writer], number: int) -> None:
    """Wait until each writer had so many more answers."""
    before = [writer.acknowledged + number for writer in writers]
    until(lambda: all(w.acknowledged > b for w, b in zip(writers, before, strict=True)), 30, "writes are answered")


def prepare(port: int, receiver: Receiver) -> None:
    """A meter each with a subscription of its own, and one subscription of all."""
    until(lambda: call(port, "POST", "/entities", meter(0)) in (201, 409), 30, "the door opens")
    for number in range(METERS):
        assert number == 0 or call(port, "POST", "/entities", meter(number)) == 201
        subscribe(port, f"{receiver.url}/{number}", id=urn(number))
    subscribe(port, f"{receiver.url}/all")


def meter(number: int) -> dict[str, Any]:
    return {"id": urn(number), "type": "Meter", "level": {"type": "Property", "value": 0}}


def test_whatever_was_acknowledged_is_told_in_order(victim: Platform) -> None:
    port, receiver, chance = victim.env.port, Receiver(), random.Random(SEED)
    prepare(port, receiver)
    writers = [Writer(port, number) for number in range(METERS)]
    for writer in writers:
        writer.start()
    for name in VICTIMS:
        more(writers, 15)
        until(partial(alive, victim, "notifier"), 30, "the notifier starts again")
        time.sleep(chance.uniform(0.05, 0.3))
        strike(victim, name)
    more(writers, 15)
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join(30)
        assert not writer.is_alive()
    expected = {
        (path, urn(w.meter)): list(range(1, w.acknowledged + 1)) for w in writers for path in (f"/{w.meter}", "/all")
    }
    until(lambda: all(told(receiver)[key][-1:] == v[-1:] for key, v in expected.items()), 30, "the last write is told")
    assert told(receiver) == expected
    assert sum(writer.unanswered for writer in writers) > 0
    assert [writer.refused for writer in writers] == [[]] * METERS
    receiver.close()
