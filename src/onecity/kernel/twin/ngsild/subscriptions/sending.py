"""Sends one notification over HTTP (6.3.8), through the guarded door, and says what came of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from onecity.kernel.access.outbound import Bounds, async_client
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.outbound import Network
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.http.links import context_header
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.endpoints import GEO_JSON, JSON
from onecity.kernel.twin.ngsild.subscriptions.limits import LONGEST_TIMEOUT_S

MOST_READ: Final = 64 * 1024  # of an answer, whose body nobody needs
KEPT_S: Final = 30.0  # how long connections are kept that nobody uses
# of one origin; how many are used at once is bounded in delivering
LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=KEPT_S)
KEPT: Final = 512  # origins
BOUNDS: Final = Bounds(LONGEST_TIMEOUT_S, MOST_READ, 0)
# a refusal that trying again may change (RFC 9110, 6585)
PASSING: Final = frozenset({408, 425, 429})


class RefusedError(Exception):
    """The notification was not taken. `answered`: the receiver said so; `final`: and that it does not want it."""

    def __init__(self, reason: Text | str, *, final: bool = False, answered: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.final = final
        self.answered = answered


@dataclass(slots=True)
class _Door:
    """The connections to one origin."""

    client: httpx.AsyncClient
    busy: int = 0
    used_at: float = 0.0


class HttpSender:
    """Sends over connections that are kept, each origin's apart: a pool looks through all it holds for each request, and
    no origin's hanging connections shall be in the way of others'."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = allow
        # the one that was used last stands last
        self._doors: dict[str, _Door] = {}

    async def send(self, one: Compiled, body: bytes) -> None:
        """Send one notification; raises RefusedError."""
        origin = one.endpoint.origin
        door = self._doors.pop(origin, None) or _Door(async_client(self._allow, BOUNDS, LIMITS))
        self._doors[origin] = door
        door.busy += 1
        try:
            status = await _status(door.client, one, body)
        finally:
            door.busy -= 1
            door.used_at = asyncio.get_running_loop().time()
            await self._close_unused(door.used_at)
        if not 200 <= status < 300:
            final = 300 <= status < 500 and status not in PASSING
            raise RefusedError(_("answered with status {status}", status=status), final=final, answered=True)

    async def _close_unused(self, now: float) -> None:
        """End what was used least lately, where that is long ago or too much is kept."""
        for origin, door in self._doors.items():
            if not door.busy:
                if now - door.used_at > KEPT_S or len(self._doors) > KEPT:
                    del self._doors[origin]
                    await door.client.aclose()
                return

    async def close(self) -> None:
        """End all connections."""
        for door in self._doors.values():
            await door.client.aclose()
        self._doors.clear()


async def _status(client: httpx.AsyncClient, one: Compiled, body: bytes) -> int:
    url, seconds = one.endpoint.uri, one.endpoint.timeout
    try:
        async with (
            asyncio.timeout(seconds),
            client.stream("POST", url, content=body, headers=headers(one)) as answer,
        ):
            await _read(answer)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise RefusedError(_("no answer within {seconds} s", seconds=f"{seconds:g}")) from error
    except Problem as problem:  # the address is not one to speak to
        raise RefusedError(str(problem.detail or problem.title)) from problem
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise RefusedError(str(error)[:200] or type(error).__name__) from error
    return answer.status_code


async def _read(answer: httpx.Response) -> None:
    """Read what follows so that the connection can be used again, unless that is too much."""
    size = 0
    async for piece in answer.aiter_raw():
        size += len(piece)
        if size > MOST_READ:
            return


def space(one: Compiled) -> dict[str, str]:
    """Which tenant and which snapshot a subscription is of (6.3.14, 6.3.22); "" where none."""
    return {"NGSILD-Tenant": one.home, "NGSILD-Snapshot": one.snapshot}


def headers(one: Compiled) -> list[tuple[str, str]]:
    """The headers of a notification: type, context, tenant, and what the subscriber wants to have there."""
    endpoint = one.endpoint
    found = [("Content-Type", endpoint.accept)]
    if endpoint.accept == JSON or (endpoint.accept == GEO_JSON and endpoint.plain_body):
        found.append(context_header(one.view.link))
    found += [(name, value) for name, value in space(one).items() if value]
    if one.view.version is not None:
        found.append(("Preference-Applied", f"ngsi-ld={one.view.version[0]}.{one.view.version[1]}"))
    given = {key.lower() for key, _value in endpoint.receiver}
    return [pair for pair in found if pair[0].lower() not in given] + list(endpoint.receiver)
