"""Who sends: a device proves itself by its id and secret, as Bearer, Token or Basic, in a time that tells nothing."""

import base64
import binascii
import hashlib

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.logic.catalogue import Catalogue, KnownDevice

NOBODY = KnownDevice(-1, "", bytes(32), False, 0, "")
LONGEST = 512


def credentials(authorization: str) -> tuple[str, str]:
    """Device id and secret from an Authorization header; empty texts where it holds none.

    `Bearer <id>.<secret>`; `Token <id>.<secret>` is what InfluxDB's clients send; `Basic` has the id as user name.
    """
    scheme, _space, value = authorization.strip().partition(" ")
    value = value.strip()
    if not value or len(value) > LONGEST:
        return "", ""
    if scheme.lower() in {"bearer", "token"}:
        # InfluxDB 1 clients may write user:password after Token
        separator = "." if "." in value else ":"
        device, _dot, secret = value.partition(separator)
        return device, secret
    if scheme.lower() == "basic":
        try:
            device, _colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return device, secret
    return "", ""


class UnknownError(Problem):
    """Somebody who did not prove to be a device; `claimed` is the device that was named."""

    claimed: str = ""


def device(catalogue: Catalogue, authorization: str) -> KnownDevice:
    """The device that proved itself; raises UnknownError 401, the same for an unknown device, a wrong secret and a revoked
    one."""
    name, secret = credentials(authorization)
    known = verify(catalogue, name, secret)
    if known is None:
        problem = UnknownError(
            "device_unknown",
            _("The device is not registered, was revoked, or its secret is wrong"),
            status=401,
            detail=_(
                "Send the header “Authorization: Bearer <device id>.<secret>” as given when the device was registered."
            ),
        )
        problem.claimed = name
        raise problem
    return known


def verify(catalogue: Catalogue, name: str, secret: str) -> KnownDevice | None:
    """The active device of this id with this secret or, for as long as it still opens, the one before; None: nobody."""
    known = catalogue.devices.get(name.lower())
    given = hashlib.sha256(secret.encode()).digest()
    opens = (known or NOBODY).accepts(given, now_us())
    return known if opens else None
