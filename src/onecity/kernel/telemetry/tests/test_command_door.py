"""Commands by HTTP: fetched, waited for, acknowledged; each device its own alone; and the wall around the table."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import service as devices
from onecity.kernel.telemetry.commanding import service
from onecity.kernel.telemetry.commanding.door import PATH, CommandDoor
from onecity.kernel.telemetry.ingest import Ingest
from onecity.kernel.telemetry.models import Command
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker
from onecity.kernel.telemetry.tests.field import manager

pytestmark = COMMITTING


@dataclass
class Device:
    """A device with its client."""

    client: httpx.AsyncClient
    id: uuid.UUID
    secret: str

    async def get(self, wait: int = 0) -> list[dict[str, object]]:
        answer = await self.client.get(PATH, params={"wait": wait}, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, object]] = answer.json()["commands"]
        return found

    async def acknowledge(self, command: object, body: object = None, **headers: str) -> httpx.Response:
        return await self.client.post(f"{PATH}/{command}/ack", json=body, headers=self.headers | headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.id}.{self.secret}", "Accept-Language": "en"}


@pytest_asyncio.fixture
async def pair(broker: Broker, committed: None) -> AsyncIterator[tuple[Device, Device]]:
    first, second = [await sync_to_async(devices.create_device)(name, "adm/1/11/") for name in ("a", "b")]
    readings = Ingest()
    door = CommandDoor(readings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://onecity") as client:
        watcher, _log = readings.start()
        await asyncio.to_thread(watcher.wait, 5)
        yield Device(client, first[0].id, first[1]), Device(client, second[0].id, second[1])
        await readings.stop()
        await asyncio.to_thread(door.close)
    await sync_to_async(connections.close_all)()


async def give(device: Device, name: str) -> Command:
    return await sync_to_async(service.send)(device.id, name, {"n": 1}, actor=None)


async def test_fetched_in_order_and_ended_once(pair: tuple[Device, Device]) -> None:
    device, other = pair
    commands = [await give(device, name) for name in ("first", "second")]
    told = await device.get()
    assert [item["name"] for item in told] == ["first", "second"]
    assert told[0] | {"created_at": "", "expires_at": ""} == {
        "id": str(commands[0].id),
        "name": "first",
        "payload": {"n": 1},
        "created_at": "",
        "expires_at": "",
        "attempt": 1,
    }
    assert await other.get() == []
    ended = await device.acknowledge(commands[0].id, {"ok": False, "result": {"why": "stuck\0"}})
    assert ended.json() == {"id": str(commands[0].id), "state": "failed"}
    assert (await device.acknowledge(commands[0].id)).json()["state"] == "failed"
    assert [(item["name"], item["attempt"]) for item in await device.get()] == [("second", 2)]
    row = await Command.objects.aget(id=commands[0].id)
    assert row.result == {"why": "stuck"}


async def test_nobody_fetches_or_ends_what_is_anothers(pair: tuple[Device, Device]) -> None:
    device, other = pair
    command = await give(device, "open")
    assert (await other.acknowledge(command.id)).status_code == 404
    wrong = Device(device.client, device.id, "wrong")
    assert (await wrong.acknowledge(command.id)).status_code == 401
    assert (await wrong.client.get(PATH, headers=wrong.headers)).status_code == 401
    assert (await device.client.post(PATH, headers=device.headers)).status_code == 405
    assert (await Command.objects.aget(id=command.id)).state == "queued"


@pytest.mark.parametrize("body", [b"[", b'{"id": 7}', b"[" * 10_000, b'{"ok": "yes"}', b"x" * 20_000])
async def test_an_answer_that_cannot_be_read_ends_nothing(pair: tuple[Device, Device], body: bytes) -> None:
    device, _other = pair
    command = await give(device, "open")
    answer = await device.client.post(f"{PATH}/{command.id}/ack", content=body, headers=device.headers)
    assert answer.status_code in {413, 422}
    assert (await Command.objects.aget(id=command.id)).state == "queued"


async def test_a_device_waits_until_there_is_something(pair: tuple[Device, Device]) -> None:
    device, other = pair
    waiting = [asyncio.ensure_future(one.get(20)) for one in (device, other)]
    await asyncio.sleep(0)
    began = time.monotonic()
    await give(device, "open")
    assert [item["name"] for item in await waiting[0]] == ["open"]
    assert time.monotonic() - began < 5
    assert not waiting[1].done()
    await give(other, "close")
    assert [item["name"] for item in await waiting[1]] == ["close"]
    # what it has it is not told again at once, and an empty wait ends
    assert [item["name"] for item in await device.get(1)] == ["open"]


def test_the_wall_around_commands(committed: None, request: pytest.FixtureRequest) -> None:
    made = [devices.create_device("v", path)[0] for path in ("adm/1/11/", "adm/1/12/")]
    for device in made:
        service.send(device.id, "open", actor=manager())
    account = uuid.uuid4()
    Grant.objects.create(account_id=account, permission="telemetry.view", path="adm/1/11/", valid_from=now())
    request.getfixturevalue("app_role")
    with acting_as(None):
        assert not Command.objects.exists()
    with acting_as(account):
        assert list(Command.objects.values_list("device_id", flat=True)) == [made[0].id]
        assert Command.objects.update(state="failed", finished_at=now()) == 0
