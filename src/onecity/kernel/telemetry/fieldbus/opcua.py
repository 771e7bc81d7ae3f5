"""OPC UA: followed by subscription or polled; after an interruption what the server kept is read from its history.

OPC 10000-4: subscriptions 5.14, monitored items 5.13; OPC 10000-11: HistoryRead of raw values 6.4.3. Source time stamps
are the times of readings; a value whose status is bad is no reading.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeNotif
from asyncua.crypto import security_policies
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings

from onecity.kernel.core.clock import now_us, to_us
from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs.block import number_of
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.fieldbus import forms, sealing, writing
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError
from onecity.kernel.telemetry.fieldbus.runner import Context
from onecity.kernel.telemetry.fieldbus.samples import Samples

WAY = "opcua"
APPLICATION = "urn:onecity:fieldbus"
# values that the server may hold back for us between two publications, and that are read of a history at once
QUEUE = 10_000
HISTORY_PAGE = 5_000
# changes are gathered for so long before they are delivered together (s)
GATHER_S = 0.2
ALIVE_S = 5.0

Change = tuple[forms.OpcUaPoint, ua.DataValue]


class OpcUaDriver:
    """Follows or asks one OPC UA server."""

    def __init__(self, context: Context) -> None:
        form = forms.check("opcua", context.source.settings)
        if not isinstance(form, forms.OpcUa):
            raise SourceError(Fault.SETTINGS)
        self._context = context
        self._form = form
        self.follows = form.mode == "subscribe"
        self.commands = writing.commands(form.points)
        self._credentials = sealing.unseal(context.source.id, context.source.sealed)
        self._client = Client(form.url, timeout=form.timeout)
        self._client.application_uri = APPLICATION
        self._nodes: list[tuple[Node, forms.OpcUaPoint]] = []
        self._news: asyncio.Queue[Change | SourceError] = asyncio.Queue()
        self._client.connection_lost_callback = self._lost
        self._connected = False

    async def open(self) -> None:
        """Connect, read what was missed, and subscribe."""
        try:
            await self._sign_in()
            self._nodes = [(self._client.get_node(point.node), point) for point in self._form.points]
            if self.follows:
                await self._subscribe()
            if self._form.history:
                await self._catch_up()
        except (UaError, ValueError) as error:
            raise _fault(error) from error

    async def close(self) -> None:
        """Give the connection back, also one that was never ready or on which no leave can be taken."""
        try:
            if self._connected:
                async with asyncio.timeout(self._form.timeout):
                    await self._client.disconnect()
        except (OSError, TimeoutError, UaError, RuntimeError):
            # the other side is gone: there is nothing to take leave of
            self._connected = False
        finally:
            self._client.disconnect_socket()

    async def round(self) -> None:
        """Poll once, or wait for news once; the server is asked for a sign of life where there are none."""
        try:
            changes = await self._next_changes() if self.follows else await self._poll()
        except UaError as error:
            raise _fault(error) from error
        await self._deliver(changes)

    async def command(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the nodes of a command; what was written where. Raises CodecError where the server refuses."""
        written: dict[str, Any] = {}
        for node, point in self._nodes:
            if point.command == name:
                try:
                    written[point.node] = await _write(node, writing.value_of(point, payload))
                except (ua.uaerrors.BadCommunicationError, ua.uaerrors.BadTimeout) as error:
                    raise SourceError(Fault.UNREACHABLE, str(error)) from error
                except UaError as error:
                    raise CodecError(point.node, _("The server refuses it: {text}", text=str(error)[:200])) from error
        if not written:
            raise CodecError("name", _("No point of the source takes this command"))
        return {"written": written}

    async def _sign_in(self) -> None:
        form, client = self._form, self._client
        if form.policy != "None":
            await _secure(client, form)
        if username := self._credentials.get("username"):
            client.set_user(username)
            client.set_password(self._credentials.get("password", ""))
        await client.connect()
        self._connected = True

    async def _subscribe(self) -> None:
        parameters = ua.CreateSubscriptionParameters()
        parameters.RequestedPublishingInterval = min(self._context.source.interval_s, 60.0) * 1000
        parameters.RequestedLifetimeCount, parameters.RequestedMaxKeepAliveCount = 600, 20
        parameters.PublishingEnabled = True
        subscription = await self._client.create_subscription(parameters, self)
        nodes = [node for node, _point in self._nodes]
        points = {node.nodeid: point for node, point in self._nodes}
        self._points = points
        handles = await subscription.subscribe_data_change(nodes, queuesize=QUEUE, sampling_interval=ua.Double(0.0))
        bad = [str(node.nodeid) for node, handle in zip(nodes, handles, strict=True) if not isinstance(handle, int)]
        if len(bad) == len(nodes):
            raise SourceError(Fault.POINTS, ", ".join(bad[:10]))

    def datachange_notification(self, node: Node, value: object, data: DataChangeNotif) -> None:
        """A change from the server (called by the library)."""
        del value
        item = data.monitored_item.Value
        self._news.put_nowait((self._points[node.nodeid], item))

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        """The server ended the subscription (called by the library): the next sign of life finds out."""
        del status

    async def _lost(self, error: Exception) -> None:
        """The connection is gone (called by the library)."""
        self._news.put_nowait(SourceError(Fault.UNREACHABLE, str(error)))

    async def _next_changes(self) -> list[Change]:
        try:
            async with asyncio.timeout(ALIVE_S):
                changes = [_change(await self._news.get())]
        except TimeoutError:
            await self._client.get_node(ObjectIds.Server_ServerStatus_State).read_value()
            return []
        await asyncio.sleep(GATHER_S)
        while not self._news.empty():
            changes.append(_change(self._news.get_nowait()))
        return changes

    async def _poll(self) -> list[Change]:
        nodes = [node for node, _point in self._nodes]
        values = await self._client.read_attributes(nodes)
        return [(point, value) for (_node, point), value in zip(self._nodes, values, strict=True)]

    async def _catch_up(self) -> None:
        """Deliver what the server kept since our last reading of each node."""
        for node, point in self._nodes:
            since = self._context.state.position.get(point.node)
            if not isinstance(since, int):
                continue
            start = dt.datetime.fromtimestamp((since + 1) / 1e6, dt.UTC)
            values = await _history(node, start)
            for at in range(0, len(values), HISTORY_PAGE):
                await self._deliver([(point, value) for value in values[at : at + HISTORY_PAGE]])

    async def _deliver(self, changes: Sequence[Change]) -> None:
        samples, position, complaints = Samples(), dict[str, int](), list[str]()
        known = self._context.state.position
        for point, item in changes:
            value = number_of(_plain(item))
            if not item.StatusCode or not item.StatusCode.is_good() or value is None:
                complaints.append(f"{point.node}: {item.StatusCode.name if item.StatusCode else 'no value'}")
                continue
            moment = item.SourceTimestamp or item.ServerTimestamp
            at = now_us() if moment is None else to_us(moment.replace(tzinfo=moment.tzinfo or dt.UTC))
            # the first notification repeats the newest value, and a poll what has not changed since
            if at <= max(known.get(point.node, 0), position.get(point.node, 0)):
                continue
            samples.add(point.entity, point.attribute, point.unit, at, value * point.scale + point.add)
            position[point.node] = at
        count = 0
        if len(samples):
            count, _refused = await self._context.entry.samples(WAY, self._context.source.device, samples)
        self._context.state.succeeded(count, position, "; ".join(complaints[:5]))


def _change(item: Change | SourceError) -> Change:
    if isinstance(item, SourceError):
        raise item
    return item


def _plain(item: ua.DataValue) -> object:
    value: object = item.Value.Value if item.Value is not None else None
    return value


async def _history(node: Node, start: dt.datetime) -> Sequence[ua.DataValue]:
    """What the server kept of a node since `start`, oldest first; nothing where it keeps none."""
    try:
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        found: list[ua.DataValue] = await node.read_raw_history(start, end, return_bounds=False)
    except UaError:
        # a node without history is no fault: it simply has nothing to catch up
        return []
    dated = [(item.SourceTimestamp, number) for number, item in enumerate(found) if item.SourceTimestamp is not None]
    return [found[number] for _at, number in sorted(dated)]


async def _write(node: Node, value: float) -> float | bool:
    """Write a number as the type that the node has (OPC 10000-4, 5.11.4); what was written."""
    kind = await node.read_data_type_as_variant_type()
    found: float | bool = value
    if kind == ua.VariantType.Boolean:
        found = bool(value)
    elif kind not in {ua.VariantType.Float, ua.VariantType.Double}:
        found = round(value)
    await node.write_value(ua.DataValue(ua.Variant(found, kind)))
    return found


async def _secure(client: Client, form: forms.OpcUa) -> None:
    """Sign (and encrypt) with this installation's own certificate; accept only the server that was agreed on."""
    key, certificate = await own_certificate()
    endpoints = await client.connect_and_get_server_endpoints()
    mode = ua.MessageSecurityMode[form.security]
    policy = getattr(security_policies, f"SecurityPolicy{form.policy}")
    fitting = [e for e in endpoints if (e.SecurityPolicyUri, e.SecurityMode) == (policy.URI, mode)]
    if not fitting:
        raise SourceError(Fault.REFUSED, f"the server does not offer {form.policy} {form.security}")
    chain = fitting[0].ServerCertificate
    # of a chain the first; a certificate says its own length (X.690, 8.1.3)
    server = chain[: int.from_bytes(chain[2:4], "big") + 4]
    if form.server_thumbprint and hashlib.sha1(server, usedforsecurity=False).hexdigest() != form.server_thumbprint:
        raise SourceError(Fault.REFUSED, "the server shows another certificate")
    await client.set_security(policy, str(certificate), str(key), server_certificate=server, mode=mode)


async def own_certificate() -> tuple[Path, Path]:
    """Key and certificate of this installation as a client, made at first use and renewed before they end."""
    folder = Path(settings.ONECITY_HOME) / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key, certificate = folder / "opcua-client.pem", folder / "opcua-client.der"
    await setup_self_signed_certificate(
        key,
        certificate,
        APPLICATION,
        "onecity",
        [ExtendedKeyUsageOID.CLIENT_AUTH],
        {"countryName": "CN", "organizationName": "OneCity", "commonName": "OneCity"},
    )
    key.chmod(0o600)
    return key, certificate


def _fault(error: Exception) -> SourceError:
    """An error of the library as a fault of the source."""
    text = str(error)
    refused: tuple[Any, ...] = (
        ua.uaerrors.BadUserAccessDenied,
        ua.uaerrors.BadIdentityTokenRejected,
        ua.uaerrors.BadIdentityTokenInvalid,
        ua.uaerrors.BadSecurityChecksFailed,
        ua.uaerrors.BadCertificateUntrusted,
    )
    if isinstance(error, refused):
        return SourceError(Fault.REFUSED, text)
    if isinstance(error, ua.uaerrors.BadNodeIdUnknown | ua.uaerrors.BadNodeIdInvalid):
        return SourceError(Fault.POINTS, text)
    if isinstance(error, ConnectionError):
        return SourceError(Fault.UNREACHABLE, text)
    return SourceError(Fault.PROTOCOL, text)
