"""What a device can read by CoAP, once or by observation (RFC 7641): its newest readings, and the commands for it."""

import asyncio
import datetime as dt
import logging
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from aiocoap import CHANGED, CONTENT, Message, error, resource
from aiocoap.numbers.contentformat import ContentFormat
from django.db import connection

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.commanding import answering, store
from onecity.kernel.telemetry.fieldbus.guard import Guard
from onecity.kernel.telemetry.fieldbus.orders import ask
from onecity.kernel.telemetry.logic.catalogue import KnownDevice

LOOK_S = 0.5
# observers of one device, and of all; a device that asks again in vain still gets its answer, only no news
MOST_OF_ONE, MOST = 4, 20_000
LATEST = "SELECT series_id, observed_at, value FROM telemetry_latest WHERE series_id = ANY (%s)"
SENML_JSON = 110

log = logging.getLogger(__name__)
State = dict[str, object]


class Observed(resource.ObservableResource):  # type: ignore[misc] # aiocoap has no types
    """A resource that is each device's own: observers are told when what their device would read has changed."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard
        self._observers: dict[str, dict[Any, object]] = {}

    async def add_observation(self, request: Message, serverobservation: Any) -> None:
        """Note an observer (called by the library); raises the CoAP error 4.01 for who is no device."""
        device = self.guard.device(request).id
        known = self._observers.setdefault(device, {})
        if len(known) >= MOST_OF_ONE or sum(map(len, self._observers.values())) >= MOST:
            return
        known[serverobservation] = None

        def forget() -> None:
            known.pop(serverobservation, None)
            if not known and self._observers.get(device) is known:
                del self._observers[device]

        serverobservation.accept(forget)

    async def watch(self) -> None:
        """Tell observers of news, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._observers:
                continue
            try:
                news = await ask(self.guard.entry.database, partial(self.news, list(self._observers)))
            except Exception:
                # whatever goes wrong with one look, the next one is taken
                log.exception("observers could not be served")
                continue
            for device in news or ():
                for observation in list(self._observers.get(device, ())):
                    observation.trigger()

    def news(self, devices: list[str]) -> list[str]:
        """Those of the devices for which there is something new; called in the thread of the database."""
        raise NotImplementedError

    async def _asked(self, question: Callable[[], Any]) -> Any:
        found = await ask(self.guard.entry.database, question)
        if found is None:
            raise error.ServiceUnavailable
        return found


class CommandsDoor(Observed):
    """`/commands`: every open command of the device in order, as by HTTP; who observes is told of new ones."""

    async def render_get(self, request: Message) -> Message:
        """The commands now."""
        device = self.guard.device(request)
        given = await self._asked(lambda: store.give(uuid.UUID(device.id), now()))
        body = msgspec.json.encode({"commands": [store.shown(due) for due in given]})
        return Message(code=CONTENT, payload=body, content_format=ContentFormat.JSON)

    def news(self, devices: list[str]) -> list[str]:
        """Devices with a command that is due."""
        return [str(device) for device in store.waiting([uuid.UUID(device) for device in devices], now())]


class LatestDoor(Observed):
    """`/latest`: the newest reading of each series of the device, as SenML (RFC 8428); who observes is told of newer ones."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard)
        self._seen: dict[str, object] = {}

    async def render_get(self, request: Message) -> Message:
        """The newest readings now; `entity=` and `attribute=` narrow them."""
        device = self.guard.device(request)
        query = dict(item.partition("=")[::2] for item in request.opt.uri_query)
        series = self._series(device, query.get("entity", ""), query.get("attribute", ""))
        rows = await self._asked(lambda: _latest(list(series)))
        pack = [
            {"n": "/".join(series[number][:2]), "u": series[number][2], "t": at.timestamp(), "v": value}
            for number, at, value in rows
        ]
        return Message(code=CONTENT, payload=msgspec.json.encode(pack), content_format=ContentFormat(SENML_JSON))

    def news(self, devices: list[str]) -> list[str]:
        """Devices of which a newer reading was stored."""
        catalogue = self.guard.entry.watcher.current
        frame = catalogue.frame
        mine = frame.filter(frame["device_id"].is_in(devices) & frame["active"]).select("id", "device_id")
        owner = dict(zip(mine["id"].to_list(), mine["device_id"].to_list(), strict=True))
        found: dict[str, dict[int, dt.datetime]] = {}
        for number, at, _value in _latest(list(owner)):
            found.setdefault(owner[number], {})[number] = at
        before, self._seen = self._seen, dict(found)
        # who has just begun is told once more: something may have come since its first answer
        return [device for device, state in found.items() if before.get(device) != state]

    def _series(self, device: KnownDevice, entity: str, attribute: str) -> dict[int, tuple[str, str, str]]:
        """Number → (entity, attribute, unit) of the device's series."""
        frame = self.guard.entry.watcher.current.frame
        mine = frame.filter((frame["device_id"] == device.id) & frame["active"])
        if entity:
            mine = mine.filter((mine["entity_urn"] == entity) | (mine["entity_key"] == entity))
        if attribute:
            mine = mine.filter(mine["attribute"] == attribute)
        return {row[0]: row[1:] for row in mine.select("id", "entity_key", "attribute", "unit").iter_rows()}


class AckDoor(resource.Resource):  # type: ignore[misc] # aiocoap has no types
    """`/commands/ack`: what the device says of a command, as by HTTP; the answer is the state it has now."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard

    async def render_post(self, request: Message) -> Message:
        """Take the answer."""
        device = self.guard.device(request)
        try:
            said = answering.read(request.payload)
        except Problem as problem:
            raise error.BadRequest(problem.code) from problem
        settle = partial(store.settle, uuid.UUID(device.id), said.command_id, said.outcome, said.result, now())
        state = await ask(self.guard.entry.database, settle)
        if state is None:
            raise error.ServiceUnavailable
        if not state:
            raise error.NotFound
        body = msgspec.json.encode({"id": str(said.command_id), "state": state})
        return Message(code=CHANGED, payload=body, content_format=ContentFormat.JSON)


def _latest(series: list[int]) -> list[tuple[int, dt.datetime, float]]:
    with connection.cursor() as cursor:
        cursor.execute(LATEST + " ORDER BY 1", [series])
        return list(cursor.fetchall())
