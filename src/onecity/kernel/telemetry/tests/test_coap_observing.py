"""What a device reads by CoAP: newest readings and commands, once and by observation; aiocoap's and libcoap's clients."""

import asyncio
import itertools
import json
import subprocess
from typing import Any
from uuid import UUID

import aiocoap
import pytest
from django.db import connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.commanding import service
from onecity.kernel.telemetry.models import Command
from onecity.kernel.telemetry.tests.conftest import COMMITTING, until
from onecity.kernel.telemetry.tests.test_coap import CLIENT, Door, door

pytestmark = COMMITTING
__all__ = ["door"]


def store(series: int, value: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry_latest (series_id, observed_at, value) VALUES (%s, %s, %s)"
            " ON CONFLICT (series_id) DO UPDATE SET observed_at = excluded.observed_at, value = excluded.value",
            [series, now(), value],
        )


async def observe(door: Door, path: str, heard: list[Any], enough: int) -> None:
    """Observe until so many answers have come."""
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    uri = f"coap://127.0.0.1:{door.port}/{path}?{door.token}"
    request = context.request(aiocoap.Message(code=aiocoap.GET, uri=uri, observe=0))
    try:
        heard.append(json.loads((await asyncio.wait_for(request.response, 20)).payload))
        async for answer in request.observation:
            heard.append(json.loads(answer.payload))
            if len(heard) >= enough:
                break
    finally:
        request.observation.cancel()
        await context.shutdown()


def test_the_newest_readings_are_read_and_observed(door: Door) -> None:
    store(door.series["temperature"], 20.5)
    store(door.series["level"], 3.0)
    code, body = door.send("latest", b"", method="GET")
    found = {record["n"]: (record["u"], record["v"]) for record in json.loads(body)}
    assert (code, found) == ("2.05", {"pump-1/temperature": ("Cel", 20.5), "pump-1/level": ("m", 3.0)})
    code, body = door.send("latest", b"", method="GET", query=f"{door.token}&attribute=level")
    assert [record["v"] for record in json.loads(body)] == [3.0]
    heard: list[Any] = []
    observing = asyncio.run_coroutine_threadsafe(observe(door, "latest", heard, 4), door.field.loop.loop)
    until(lambda: len(heard) == 1)
    written = itertools.count(21)

    def told() -> bool:
        store(door.series["temperature"], float(next(written)))
        return observing.done()

    until(told, 15, 0.7)
    observing.result(5)
    newest = {record["n"]: record["v"] for record in heard[-1]}
    assert newest["pump-1/temperature"] >= 22.0
    assert newest["pump-1/level"] == 3.0


def test_commands_are_observed_and_acknowledged(door: Door) -> None:
    heard: list[Any] = []
    observing = asyncio.run_coroutine_threadsafe(observe(door, "commands", heard, 2), door.field.loop.loop)
    until(lambda: len(heard) == 1)
    assert heard[0] == {"commands": []}
    command = service.send(UUID(door.device), "open", {"percent": 5}, actor=None)
    observing.result(15)
    assert [item["name"] for item in heard[1]["commands"]] == ["open"]
    answer = json.dumps({"id": str(command.id), "ok": True, "result": {"percent": 5}}).encode()
    code, body = door.send("commands/ack", answer, 50)
    assert (code, json.loads(body)["state"]) == ("2.04", "acknowledged")
    row = Command.objects.get(id=command.id)
    assert (row.state, row.result) == ("acknowledged", {"percent": 5})
    assert json.loads(door.send("commands", b"", method="GET")[1]) == {"commands": []}


def test_many_commands_come_in_blocks(door: Door) -> None:
    for number in range(20):
        service.send(UUID(door.device), f"step-{number}", {"text": "x" * 300}, actor=None)
    _code, body = door.send("commands", b"", method="GET")
    assert len(body) > 6000
    assert [item["name"] for item in json.loads(body)["commands"]] == [f"step-{number}" for number in range(20)]


@pytest.mark.parametrize("path", ["latest", "commands"])
def test_nobody_reads_without_proof(door: Door, path: str) -> None:
    service.send(UUID(door.device), "open", actor=None)
    for query in ("", "token=x.y", f"token={door.device}.wrong"):
        assert door.send(path, b"", method="GET", query=query)[0] == "4.01"
    assert Command.objects.get().state == "queued"


@pytest.mark.parametrize("body", [b"", b"[", b'{"id": 5}', b'{"id": "no"}', b"\xff" * 500])
def test_an_answer_that_means_nothing_ends_nothing(door: Door, body: bytes) -> None:
    service.send(UUID(door.device), "open", actor=None)
    assert door.send("commands/ack", body, 50)[0] == "4.00"
    unknown = json.dumps({"id": str(UUID(int=7))}).encode()
    assert door.send("commands/ack", unknown, 50)[0] == "4.04"
    assert Command.objects.get().state == "queued"


def test_libcoaps_client_reads_its_commands(door: Door) -> None:
    if CLIENT is None:
        pytest.skip("coap-client is not installed (Debian: libcoap3-bin)")
    service.send(UUID(door.device), "open", actor=None)
    address = f"coap://127.0.0.1:{door.port}/commands?{door.token}"
    told = subprocess.run([CLIENT, "-m", "get", "-B", "5", address], capture_output=True, check=True, timeout=20)
    assert [item["name"] for item in json.loads(told.stdout)["commands"]] == ["open"]
