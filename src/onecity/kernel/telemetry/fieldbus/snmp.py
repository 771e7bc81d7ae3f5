"""SNMP v2c and v3: objects read by their OIDs, many in one request.

RFC 3416 (protocol operations), RFC 3414 and 7860 (user-based security; SHA-2), RFC 3826 (AES).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC96_MD5,
    USM_AUTH_HMAC96_SHA,
    USM_AUTH_HMAC128_SHA224,
    USM_AUTH_HMAC192_SHA256,
    USM_AUTH_HMAC256_SHA384,
    USM_AUTH_HMAC384_SHA512,
    USM_AUTH_NONE,
    USM_PRIV_CBC56_DES,
    USM_PRIV_CFB128_AES,
    USM_PRIV_CFB192_AES_BLUMENTHAL,
    USM_PRIV_CFB256_AES_BLUMENTHAL,
    USM_PRIV_NONE,
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    get_cmd,
)
from pysnmp.proto import errind
from pysnmp.proto.rfc1902 import Counter32, Counter64, Gauge32, Integer, OctetString, TimeTicks

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry.codecs.block import number_of
from onecity.kernel.telemetry.fieldbus import forms, sealing
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError
from onecity.kernel.telemetry.fieldbus.runner import Context
from onecity.kernel.telemetry.fieldbus.samples import Samples

WAY = "snmp"
# objects in one request: what small agents answer within one datagram
AT_ONCE = 20
AUTHENTICATION: Mapping[str, Any] = {
    "": USM_AUTH_NONE,
    "MD5": USM_AUTH_HMAC96_MD5,
    "SHA": USM_AUTH_HMAC96_SHA,
    "SHA224": USM_AUTH_HMAC128_SHA224,
    "SHA256": USM_AUTH_HMAC192_SHA256,
    "SHA384": USM_AUTH_HMAC256_SHA384,
    "SHA512": USM_AUTH_HMAC384_SHA512,
}
PRIVACY: Mapping[str, Any] = {
    "": USM_PRIV_NONE,
    "DES": USM_PRIV_CBC56_DES,
    "AES": USM_PRIV_CFB128_AES,
    "AES192": USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256": USM_PRIV_CFB256_AES_BLUMENTHAL,
}
REFUSED = (
    errind.UnknownUserName,
    errind.WrongDigest,
    errind.UnsupportedSecurityLevel,
    errind.AuthenticationFailure,
    errind.AuthenticationError,
    errind.DecryptionError,
    errind.UnknownSecurityName,
)


class SnmpDriver:
    """Asks one SNMP agent."""

    follows = False

    def __init__(self, context: Context) -> None:
        form = forms.check("snmp", context.source.settings)
        if not isinstance(form, forms.Snmp):
            raise SourceError(Fault.SETTINGS)
        self._context = context
        self._form = form
        credentials = sealing.unseal(context.source.id, context.source.sealed)
        self._authentication = _authentication(form, credentials)
        self._engine = SnmpEngine()
        self._target: UdpTransportTarget | None = None

    async def open(self) -> None:
        """Resolve the address; there is no connection."""
        address = (self._form.host, self._form.port)
        self._target = await UdpTransportTarget.create(address, timeout=self._form.timeout, retries=self._form.retries)

    async def close(self) -> None:
        """Give the socket back."""
        self._engine.close_dispatcher()

    async def round(self) -> None:
        """Read every object once."""
        samples, complaints = Samples(), list[str]()
        for at in range(0, len(self._form.points), AT_ONCE):
            await self._ask(self._form.points[at : at + AT_ONCE], samples, complaints)
        if complaints and not len(samples):
            raise SourceError(Fault.POINTS, "; ".join(complaints[:10]))
        count, _refused = await self._context.entry.samples(WAY, self._context.source.device, samples)
        self._context.state.succeeded(count, complaint="; ".join(complaints[:10]))

    async def _ask(self, points: Sequence[forms.SnmpPoint], samples: Samples, complaints: list[str]) -> None:
        wanted = [ObjectType(ObjectIdentity(point.oid.lstrip("."))) for point in points]
        context = ContextData(contextName=self._form.context.encode())
        indication, status, index, found = await get_cmd(
            self._engine, self._authentication, self._target, context, *wanted, lookupMib=False
        )
        if indication:
            raise _fault(indication)
        if int(status):
            if len(points) > 1:
                # the agent answers all or nothing: each by itself finds out which it does not have
                for point in points:
                    await self._ask([point], samples, complaints)
                return
            complaints.append(f"{points[0].oid}: {status.prettyPrint()} ({int(index)})")
            return
        observed_at = now_us()
        for point, (_oid, value) in zip(points, found, strict=True):
            number = _number(value)
            if number is None:
                complaints.append(f"{point.oid}: {value.prettyPrint() or type(value).__name__}"[:120])
                continue
            value_in_unit = number * point.scale + point.add
            samples.add(point.entity, point.attribute, point.unit, observed_at, value_in_unit)


def _authentication(form: forms.Snmp, credentials: Mapping[str, str]) -> CommunityData | UsmUserData:
    if form.version == "2c":
        return CommunityData("onecity", credentials.get("community", "public"), mpModel=1)  # noqa: S508 - many agents speak nothing else
    try:
        authentication, privacy = AUTHENTICATION[credentials.get("auth", "")], PRIVACY[credentials.get("privacy", "")]
    except KeyError as error:
        raise SourceError(Fault.SETTINGS, f"there is no such procedure: {error}") from error
    return UsmUserData(
        credentials.get("user", ""),
        authKey=credentials.get("auth_key") or None,
        privKey=credentials.get("privacy_key") or None,
        authProtocol=authentication,
        privProtocol=privacy,
    )


def _number(value: object) -> float | None:
    """A value as a number; text is one where it reads as one (many agents write decimals so)."""
    if isinstance(value, Integer | Counter32 | Counter64 | Gauge32 | TimeTicks):
        return float(int(value))
    if isinstance(value, OctetString):
        return number_of(bytes(value).decode(errors="replace"))
    return None


def _fault(indication: errind.ErrorIndication) -> SourceError:
    if isinstance(indication, errind.RequestTimedOut):
        return SourceError(Fault.TIMEOUT, str(indication))
    if isinstance(indication, REFUSED):
        return SourceError(Fault.REFUSED, str(indication))
    return SourceError(Fault.PROTOCOL, str(indication))
