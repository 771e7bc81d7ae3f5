"""The CoAP door (RFC 7252): devices that cannot speak HTTP send their readings or their own messages by UDP.

Readings come as JSON, CBOR or SenML (RFC 8428), in blocks where they are long (RFC 7959). A device proves itself by the
query `token=<device id>.<secret>`. The door has no encryption of its own: it belongs into a network that has.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiocoap import CHANGED, CONTENT, Context, Message, error, resource
from aiocoap.numbers.contentformat import ContentFormat

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs import cbor
from onecity.kernel.telemetry.codecs.declaration import CodecError, Payload
from onecity.kernel.telemetry.fieldbus.entry import Entry
from onecity.kernel.telemetry.fieldbus.faults import SourceError
from onecity.kernel.telemetry.fieldbus.guard import Counted, Guard
from onecity.kernel.telemetry.fieldbus.observing import AckDoor, CommandsDoor, LatestDoor, Observed
from onecity.kernel.telemetry.fieldbus.samples import Samples
from onecity.kernel.telemetry.ingest import formats
from onecity.kernel.telemetry.logic import senml, times
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.telemetry.logic.readings import TooMuchRefusedError, by_reason
from onecity.kernel.telemetry.uplinks import Uplink

WAY = "coap"
NETWORK = "coap"
MAX_BODY = 128 * 1024
# https://www.iana.org/assignments/core-parameters: content formats
TEXT, JSON, CBOR, SENML_JSON, SENML_CBOR, OCTETS = 0, 50, 60, 110, 112, 42


class Door(resource.Resource):  # type: ignore[misc] # aiocoap has no types
    """What the doors have in common: the size of a body is bounded before it is put together."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard

    async def needs_blockwise_assembly(self, request: Message) -> bool:
        """Whether blocks are put together for us: yes, of whoever may send, and not too many."""
        self.guard.device(request)
        block = request.opt.block1
        size = len(request.payload) if block is None else block.start + len(request.payload)
        if size > MAX_BODY:
            raise error.RequestEntityTooLarge
        return True

    async def render_post(self, request: Message) -> Message:
        """Take what was sent; answered when it is in the log or on the disk."""
        device = self.guard.device(request)
        try:
            counted = await self.take(request, device)
        except SourceError as problem:
            raise error.ServiceUnavailable from problem
        self.guard.charge(device, counted)
        return _answer(counted)

    async def render_put(self, request: Message) -> Message:
        """The same: some devices only know PUT."""
        return await self.render_post(request)

    async def take(self, request: Message, device: KnownDevice) -> Counted:
        """What each door does with a body."""
        raise NotImplementedError


class ReadingsDoor(Door):
    """`/readings`: readings in the wire format, as JSON or CBOR, or a pack of SenML."""

    async def take(self, request: Message, device: KnownDevice) -> Counted:
        """See Door."""
        kind = JSON if request.opt.content_format is None else int(request.opt.content_format)
        if kind not in {TEXT, JSON, CBOR, SENML_JSON, SENML_CBOR}:
            raise error.UnsupportedContentFormat
        try:
            content = cbor.loads(request.payload) if kind in {CBOR, SENML_CBOR} else None
            if kind in {SENML_JSON, SENML_CBOR}:
                pack = msgspec.json.decode(request.payload) if content is None else content
                return await self._senml(pack, device)
            body = request.payload if content is None else _as_json(content)
            return await self._readings(body, device)
        except (CodecError, senml.SenMLError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise error.BadRequest(str(problem)[:200]) from problem
        except Problem as problem:
            raise error.BadRequest(problem.code) from problem
        except TooMuchRefusedError as problem:
            raise error.RequestEntityTooLarge from problem

    async def _readings(self, body: bytes, device: KnownDevice) -> Counted:
        taken = formats.take(body, "application/json", self.guard.entry.watcher.current, device, now_us())
        return await self.guard.entry.keep(WAY, taken.batch, taken.refusals)

    async def _senml(self, pack: object, device: KnownDevice) -> Counted:
        measured = senml.parse(pack, now_us())
        own = _only_entity(self.guard.entry, device)
        samples = Samples()
        for item in measured:
            samples.add(item.entity or own, item.attribute, item.unit, item.observed_at, item.value)
        return await self.guard.entry.samples(WAY, device.id, samples)


class RawDoor(Door):
    """`/raw`: the device's own message, read by the codec of its address in the network `coap` (its id)."""

    async def take(self, request: Message, device: KnownDevice) -> Counted:
        """See Door."""
        query = dict(item.partition("=")[::2] for item in request.opt.uri_query)
        port = query.get("port", "0")
        if not port.isdigit() or int(port) > 255:
            raise error.BadOption
        document = request.payload if request.opt.content_format == JSON else b""
        uplink = Uplink(NETWORK, device.id, Payload(request.payload, int(port), now_us()), document)
        return await self.guard.entry.uplinks(WAY, [uplink])


class TimeDoor(resource.Resource):  # type: ignore[misc] # aiocoap has no types
    """`/time`: what time it is (ISO 8601, UTC), for devices that have no other way to know."""

    async def render_get(self, request: Message) -> Message:
        """The time now."""
        del request
        return Message(code=CONTENT, payload=times.to_text(now_us()).encode(), content_format=ContentFormat.TEXT)


@dataclass
class CoapDoor:
    """The listening server."""

    host: str
    port: int
    _context: Context | None = None
    _watching: list[asyncio.Task[None]] = field(default_factory=list)

    async def open(self, entry: Entry) -> None:
        """Listen; raises OSError where the port is taken."""
        guard, site = Guard(entry), resource.Site()
        site.add_resource(["readings"], ReadingsDoor(guard))
        site.add_resource(["raw"], RawDoor(guard))
        site.add_resource(["time"], TimeDoor())
        latest, commands = LatestDoor(guard), CommandsDoor(guard)
        site.add_resource(["latest"], latest)
        site.add_resource(["commands"], commands)
        site.add_resource(["commands", "ack"], AckDoor(guard))
        site.add_resource([".well-known", "core"], resource.WKCResource(site.get_resources_as_linkheader, None))
        self._context = await Context.create_server_context(site, bind=(self.host, self.port), transports=["udp6"])
        observed: tuple[Observed, ...] = (latest, commands)
        self._watching = [asyncio.get_running_loop().create_task(one.watch()) for one in observed]

    async def close(self) -> None:
        """Stop listening."""
        for task in self._watching:
            task.cancel()
        if self._context is not None:
            await self._context.shutdown()


def _answer(counted: Counted) -> Message:
    accepted, refused = counted
    reasons = by_reason(refused)
    body = msgspec.json.encode({"accepted": accepted, "quarantined": sum(reasons.values()), "reasons": reasons})
    code = CHANGED if accepted or not reasons else error.UnprocessableEntity.code
    return Message(code=code, payload=body, content_format=ContentFormat.JSON)


def _as_json(content: object) -> bytes:
    """Readings from CBOR in the form that all readings are read in."""
    if not isinstance(content, dict | list):
        raise CodecError("", _("Readings are an object or a list of objects"))
    return msgspec.json.encode(_jsonable(content))


def _jsonable(content: Any) -> Any:
    if isinstance(content, bytes):
        return content.hex()
    if isinstance(content, Mapping):
        return {name: _jsonable(value) for name, value in content.items()}
    return [_jsonable(item) for item in content] if isinstance(content, list) else content


def _only_entity(entry: Entry, device: KnownDevice) -> str:
    """The entity of a device that has but one, for packs that name none."""
    frame = entry.watcher.current.frame
    found = frame.filter((frame["device_id"] == device.id) & frame["active"])["entity_urn"].unique()
    return str(found[0]) if len(found) == 1 else ""
