"""At the NGSI-LD door: an answer that a town cut off has part in says so, and since when (ETSI GS CIM 009, 6.3.17).

The district answers from what the town had sent. So an entity that lies there is told with a warning that it is stale, a
list with one for each town that it may lack, and what is not found may only not have come yet.
"""

import datetime as dt
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from onecity.kernel.tiers.logic import names
from onecity.kernel.twin.ngsild.federation.distributing.warning import HEADER, STALE, written

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
# how long (s) what was found of the links is taken for granted
LOOK_S: Final = 2.0
LISTS: Final = frozenset(
    {"/ngsi-ld/v1/entities", "/ngsi-ld/v1/temporal/entities", "/ngsi-ld/v1/entityOperations/query"}
)
ONE: Final = ("/ngsi-ld/v1/entities/", "/ngsi-ld/v1/temporal/entities/")
TENANT: Final = b"ngsild-tenant"
OK, NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True)
class Absent:
    """A town whose share in an answer may be old."""

    code: str
    division_path: str
    heard_at: dt.datetime | None
    connected: bool

    def warning(self) -> str:
        """The warning, in ASCII as headers are."""
        if self.connected:
            return written(STALE, names.domain(self.code), "Response is stale: the town is catching up after a cut")
        since = f"not heard since {self.heard_at:%Y-%m-%dT%H:%M:%SZ}" if self.heard_at else "never heard"
        return written(STALE, names.domain(self.code), f"Response is stale: the town is cut off, {since}")


class TownWarnings:
    """Stands before the door of a district; in an installation that is none it only passes on."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._absent: Sequence[Absent] = ()
        self._until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if settings.ONECITY_TIER != names.DISTRICT or not _asks(scope):
            await self._app(scope, receive, send)
            return
        try:
            await self._look()
            concerned = await self._concerned(scope)
        except (OperationalError, InterfaceError):
            # without the database the door has no answer either, and says so itself
            concerned = self._absent = ()
        if not self._absent:
            await self._app(scope, receive, send)
            return

        async def warned(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] in {OK, NOT_FOUND}:
                towns = concerned if message["status"] == OK else self._absent
                more = [(HEADER.lower().encode(), one.warning().encode("ascii")) for one in towns]
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        await self._app(scope, receive, warned)

    async def _look(self) -> None:
        if time.monotonic() > self._until:
            self._absent = await sync_to_async(absent)()
            self._until = time.monotonic() + LOOK_S

    async def _concerned(self, scope: Scope) -> Sequence[Absent]:
        path: str = scope["path"]
        if path in LISTS or not self._absent:
            return self._absent
        urn = next(path.removeprefix(one) for one in ONE if path.startswith(one)).partition("/")[0]
        tenant = next((value.decode("latin-1") for name, value in scope["headers"] if name == TENANT), "")
        place = await sync_to_async(place_of)(tenant, unquote(urn))
        return [one for one in self._absent if place.startswith(one.division_path)]


def absent() -> list[Absent]:
    """The towns whose share may be old now."""
    return [
        Absent(*row) for row in _ask("SELECT code, division_path, heard_at, connected FROM tiers_out_of_reach()", [])
    ]


def place_of(tenant: str, urn: str) -> str:
    """The division in which an entity lies; empty for one that is not here."""
    return str(_ask("SELECT tiers_place_of(%s, %s)", [tenant, urn.replace("\0", "")])[0][0] or "")


def _ask(query: str, parameters: Sequence[str]) -> list[tuple[Any, ...]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())
    except (OperationalError, InterfaceError):
        # the database went away meanwhile: the next request connects anew
        connection.close()
        raise


def _asks(scope: Scope) -> bool:
    path = scope.get("path", "")
    reads = scope.get("method") in {"GET", "HEAD"} or path.endswith("/query")
    return reads and (path in LISTS or path.startswith(ONE))
