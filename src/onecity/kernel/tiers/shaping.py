"""What a message becomes before it leaves: policies take away what stays, and pointers become names."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import connection

from onecity.kernel.cases.models import CaseEvent
from onecity.kernel.tiers import mirrors
from onecity.kernel.tiers.logic import envelope, policies
from onecity.kernel.tiers.logic.policies import Line, Policies
from onecity.kernel.tiers.models import Policy, Shared
from onecity.kernel.tiers.outbox import Outgoing
from onecity.kernel.tiers.peers import Joined

NOTHING = "nothing"
# of a case that is shared as a summary, these stay in the town
INNER = ("description", "address", "lon", "lat", "evidence", "said", "search")
COLUMNS = ("kind", "type_name", "attribute", "key", "sharing", "period_seconds")


class Shaper:
    """Shapes one batch of messages of a town or a district; policies are read once for it."""

    def __init__(self, peer: Joined) -> None:
        self._peer = peer
        lines = [Line(*row) for row in Policy.objects.values_list(*COLUMNS)] if peer.up else []
        self._policies = Policies(lines)

    def shape(self, row: Outgoing) -> tuple[str, Any]:
        """Kind and content as they leave."""
        if row.kind == "mirror":
            return "mirror", mirrors.outgoing(str(row.body["table"]), dict(row.body["row"]))
        if row.kind == "entity":
            return self._entity(row)
        if row.kind == "case":
            return self._case(dict(row.body))
        return row.kind, row.body

    def _entity(self, row: Outgoing) -> tuple[str, Any]:
        whole = row.body["whole"]
        line = self._policies.decide("entities", str(whole.get("type", "")), key=str(whole.get("key", "")))
        return (
            (NOTHING, None)
            if line.sharing == policies.NONE and row.body["operation"] != "delete"
            else ("entity", row.body)
        )

    def _case(self, body: dict[str, Any]) -> tuple[str, Any]:
        case, event = dict(body["case"]), body["event"]
        sharing = self._policies.decide("cases", str(case["type_name"])).sharing
        handed = event["data"].get("home") is not None
        known = Shared.objects.filter(peer_id=self._peer.code, case_id=case["id"]).exists()
        if sharing == policies.NONE and not handed and not known:
            return NOTHING, None
        if not known:
            Shared.objects.bulk_create([Shared(peer_id=self._peer.code, case_id=case["id"])], ignore_conflicts=True)
            if event["version"] > 1:
                body["history"] = _earlier(str(case["id"]), int(event["version"]))
        if sharing == policies.SUMMARY and not handed:
            body["case"] = case | _emptied(case)
            body["event"] = dict(event) | {"note": ""}
            body["attachments"] = []
        return "case", body


def _emptied(case: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {} if name in {"evidence", "said"} else None if name in {"lon", "lat", "search"} else ""
        for name in INNER
        if name in case
    }


def _earlier(case_id: str, version: int) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_jsonb(e)::text FROM {_events()} e WHERE case_id = %s AND version < %s ORDER BY version",  # noqa: S608 - a table's name
            [case_id, version],
        )
        rows = [envelope.unpack_json(text.encode()) for (text,) in cursor.fetchall()]
    return [row for row in rows if isinstance(row, dict)]


@lru_cache(maxsize=1)
def _events() -> str:
    return CaseEvent._meta.db_table
