"""Which other servers the platform may speak to at a stranger's word: the guard against server-side request forgery.

Pure: addresses in, decisions out. kernel.access.outbound resolves names, asks here, and connects to the address that
was judged and to no other, so that a name that changes its address in between changes nothing.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}
URL_LENGTH: Final = 2_048

# IPv6 prefixes that carry an IPv4 address: prefix, bits to the right of it (RFC 4291, 6052, 3056)
EMBEDDING: Final[tuple[tuple[ipaddress.IPv6Network, int], ...]] = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
# never public whatever a library thinks: local NAT64, discard, segment routing, documentation, site-local (RFC 8215, 6666, 9602)
NEVER: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b:1::/48", "100::/64", "5f00::/16", "fec0::/10", "2001::/23", "192.88.99.0/24", "0.0.0.0/8")
)


class OutboundRefused(Problem):
    """The platform does not speak to that server."""

    def __init__(self, detail: Text) -> None:
        super().__init__("outbound_refused", _("This address is not called"), status=400, detail=detail)


class OutboundFailed(Problem):
    """That server did not answer, or not as it should."""

    def __init__(self, detail: Text) -> None:
        super().__init__("outbound_failed", _("The other server did not answer"), status=502, detail=detail)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: scheme, host as it is written (no brackets), port."""

    scheme: str
    host: str
    port: int


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks that texts such as 10.2.0.0/16 name; raises ValueError."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def target(url: str, schemes: Sequence[str] = ("http", "https")) -> Target:
    """Where `url` leads; raises OutboundRefused where it is no URL of one of the schemes, or carries a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundRefused(_("{url} is not a URL.", url=url[:200])) from error
    if parts.scheme not in schemes or not parts.hostname or len(url) > URL_LENGTH:
        raise OutboundRefused(
            _(
                "{url} is not a URL that begins with {schemes}.",
                url=url[:200],
                schemes=", ".join(f"{s}://" for s in schemes),
            )
        )
    if parts.username is not None or parts.password is not None:
        raise OutboundRefused(_("A URL must not carry a user name or password."))
    return Target(parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme])


def address(text: str) -> Address:
    """The address that a resolver answered; a zone (`%eth0`) is cut off. Raises ValueError."""
    return ipaddress.ip_address(text.partition("%")[0])


def embedded(found: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one; else the address itself."""
    if isinstance(found, ipaddress.IPv6Address):
        for prefix, shift in EMBEDDING:
            if found in prefix and int(found) > 1:
                return ipaddress.IPv4Address((int(found) >> shift) & 0xFFFFFFFF)
    return found


def is_public(found: Address) -> bool:
    """Whether the address belongs to the internet: not private, local, link-local, shared, multicast, reserved or unset."""
    inner = embedded(found)
    if inner is not found:
        return is_public(inner)
    if any(found in network for network in NEVER if network.version == found.version):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def may_reach(found: Address, allow: Sequence[Network] = ()) -> bool:
    """Whether the platform may connect: public, or inside one of the networks of `allow`."""
    inner = embedded(found)
    for network in allow:
        if (found.version == network.version and found in network) or (
            inner.version == network.version and inner in network
        ):
            return True
    return is_public(found)


def choose(host: str, resolved: Iterable[str], allow: Sequence[Network] = ()) -> list[str]:
    """The addresses of `host` to connect to, in their order.

    Raises OutboundRefused when one of them may not be reached: a name that leads both ways is an attempt.
    """
    found = list(dict.fromkeys(resolved))
    if not found:
        raise OutboundFailed(_("The name {host} has no address.", host=host))
    for text in found:
        if not may_reach(address(text), allow):
            raise OutboundRefused(
                _(
                    "{host} lies in a private network ({address}), which an administrator has not opened.",
                    host=host,
                    address=text,
                )
            )
    return found
