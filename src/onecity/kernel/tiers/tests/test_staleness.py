"""Answers at the NGSI-LD door of a district while a town is cut off: what is old says so, and since when."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.tiers.models import Link, Peer
from onecity.kernel.tiers.staleness import TownWarnings
from onecity.kernel.twin import service as twin

pytestmark = pytest.mark.django_db
PROBE = EntityType("TierOld", "Probe", (Attribute("pm2_5", "PM2.5", "ug/m3"),))
TOWN, OTHER = "adm/990101/990101001/", "adm/990101/990101002/"
HEARD = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
WARNED = '110 town-990101001 "Response is stale: the town is cut off, not heard since 2026-07-01T12:00:00Z"'


@pytest.fixture(autouse=True)
def district(settings: Settings) -> None:
    settings.ONECITY_TIER = "district"


def joined(code: str, path: str, **link: Any) -> None:
    peer = Peer.objects.create(
        code=code,
        direction="down",
        name=code,
        division_path=path,
        state="joined",
        installation=new_id(),
        slot=int(code[-1]),
    )
    Link.objects.create(peer=peer, **link)


def put(key: str, path: str) -> str:
    return twin.upsert_entity(type=PROBE, key=key, name=key, division_path=path).urn


def warnings(path: str, status: int = 200, method: str = "GET") -> Sequence[str]:
    """What the door adds to an answer of this status."""
    sent: list[Any] = []

    async def answers(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"x", b"y")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    async_to_sync(TownWarnings(answers))(scope, receive, send)
    assert sent[0]["headers"][0] == (b"x", b"y")
    assert sent[1]["body"] == b"{}"
    return [value.decode() for name, value in sent[0]["headers"][1:] if name == b"ngsild-warning"]


def test_an_entity_of_a_town_that_is_cut_off_says_since_when_it_is_old() -> None:
    joined("990101001", TOWN, connected=False, heard_at=HEARD)
    joined("990101002", OTHER, connected=True, heard_at=now())
    old, fresh = put("old", TOWN), put("fresh", OTHER)
    assert warnings(f"/ngsi-ld/v1/entities/{old}") == [WARNED]
    assert warnings(f"/ngsi-ld/v1/entities/{old}/attrs/name") == [WARNED]
    assert warnings(f"/ngsi-ld/v1/temporal/entities/{old}") == [WARNED]
    assert warnings(f"/ngsi-ld/v1/entities/{fresh}") == []


def test_lists_name_every_town_that_they_may_lack_and_what_is_not_found_may_not_have_come() -> None:
    joined("990101001", TOWN, connected=False, heard_at=HEARD)
    joined("990101002", OTHER, connected=True, heard_at=now(), behind={"changes": 900}, said={"oldest": 60.0})
    catching_up = '110 town-990101002 "Response is stale: the town is catching up after a cut"'
    assert warnings("/ngsi-ld/v1/entities") == [WARNED, catching_up]
    assert warnings("/ngsi-ld/v1/entityOperations/query", method="POST") == [WARNED, catching_up]
    assert warnings("/ngsi-ld/v1/entities/urn:ngsi-ld:TierOld:unknown", 404) == [WARNED, catching_up]
    assert warnings("/ngsi-ld/v1/entities/urn:ngsi-ld:TierOld:unknown", 400) == []
    assert warnings("/ngsi-ld/v1/entities", method="POST") == []
    assert warnings("/ngsi-ld/v1/types") == []


def test_nothing_is_said_while_all_are_there_nor_where_there_are_no_towns(settings: Settings) -> None:
    joined("990101001", TOWN, connected=True, heard_at=now())
    old = put("old", TOWN)
    assert warnings(f"/ngsi-ld/v1/entities/{old}") == []
    Link.objects.update(connected=False, heard_at=None)
    assert warnings("/ngsi-ld/v1/entities") == [
        '110 town-990101001 "Response is stale: the town is cut off, never heard"'
    ]
    settings.ONECITY_TIER = ""
    assert warnings("/ngsi-ld/v1/entities") == []
