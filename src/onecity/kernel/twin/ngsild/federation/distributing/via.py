"""The Via header: which sources a request has come through, so that it goes through none twice (6.3.18; RFC 9110, 7.6.3)."""

import re
from typing import Final

# [protocol "/"] version, then host[:port] or pseudonym; what follows is a comment
HOP: Final = re.compile(r"\s*(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+/)?[!#$%&'*+.^_`|~0-9A-Za-z-]+\s+([^\s,()]+)")
COMMENT: Final = re.compile(r"\([^()]*\)")
MOST_HOPS: Final = 64
LONGEST: Final = 8192


def hops(header: str) -> tuple[str, ...]:
    """The hosts and pseudonyms of a Via header in their order; what is not well formed is passed over."""
    if not header:
        return ()
    parts = COMMENT.sub("", header[:LONGEST]).split(",")
    return tuple(found[1] for part in parts if (found := HOP.match(part)))[:MOST_HOPS]


def extended(header: str, alias: str) -> str:
    """The header for a request that goes on: with our own name behind those before."""
    return f"{header}, 1.1 {alias}" if header else f"1.1 {alias}"


def alias_of(base: str, tenant: str) -> str:
    """The name of a tenant of this source: each is a source of its own (5.2.40)."""
    return f"{base}~{tenant}" if tenant else base
