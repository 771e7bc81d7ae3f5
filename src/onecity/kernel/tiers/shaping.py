"""What a message becomes before it leaves: policies take away what stays, and pointers become names."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import connection

from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.tiers import case_parts, mirrors
from onecity.kernel.tiers.logic import envelope, policies
from onecity.kernel.tiers.logic.policies import Line, Policies
from onecity.kernel.tiers.models import Away, Policy, Shared
from onecity.kernel.tiers.outbox import Outgoing
from onecity.kernel.tiers.peers import Joined

NOTHING = "nothing"
# of a case that is shared as a summary, these stay in the town
INNER = ("description", "address", "lon", "lat", "evidence", "said", "search", "answers", "reporter_shown")
# of what its entries hold, the other side gets what its clock and its offices follow from
STRUCTURE = frozenset({"home", "sweep_at", "organisation_id", "organisations", "organisation", "amount", "unit", "pauses",
                       "review_at", "due_at", "until", "deadline"})  # fmt: skip
COLUMNS = ("kind", "type_name", "attribute", "key", "sharing", "period_seconds")


class Shaper:
    """Shapes one batch of messages of a town or a district; policies are read once for it."""

    def __init__(self, peer: Joined) -> None:
        self._peer = peer
        lines = [Line(*row) for row in Policy.objects.values_list(*COLUMNS)]
        # what a town gets of its own part is what there is; files and names of people each side keeps as it says
        self._policies = Policies([one for one in lines if peer.up or one.kind in {policies.FILES, policies.REPORTERS}])

    def shape(self, row: Outgoing) -> tuple[str, Any]:
        """Kind and content as they leave."""
        if row.kind == "mirror":
            return "mirror", mirrors.outgoing(str(row.body["table"]), dict(row.body["row"]))
        if row.kind == "entity":
            return self._entity(row)
        if row.kind == "case":
            return self._case(dict(row.body))
        if row.kind == "act":
            return self._act(dict(row.body))
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
        line = self._policies.decide(policies.CASES, str(case["type_name"]))
        # what only few may see here goes to the other side only where a line says so of this kind
        sharing = policies.NONE if case.get("confidential") and not line.type_name else line.sharing
        known = Shared.objects.filter(peer_id=self._peer.code, case_id=case["id"]).exists()
        handed = sharing != policies.ALL and (event["data"].get("home") is not None or _was_handed(str(case["id"])))
        if sharing == policies.NONE and not handed and not known:
            return NOTHING, None
        body["case"] = case | {"reporter_shown": ""}
        if not known:
            Shared.objects.bulk_create([Shared(peer_id=self._peer.code, case_id=case["id"])], ignore_conflicts=True)
            if event["version"] > 1:
                body["history"] = _earlier(str(case["id"]), int(event["version"]))
                body["offices"] = case_parts.offices_in(json.dumps([body.get("offices"), body["history"]]))
        if sharing == policies.SUMMARY and not handed:
            return "case", _summary(body)
        self._person(case, body)
        if not self.files_leave(str(case["type_name"])):
            body["attachments"] = []
        return "case", body

    def files_leave(self, type_name: str) -> bool:
        """Whether files of cases of this kind go to the other side."""
        return self._policies.decide(policies.FILES, type_name).sharing == policies.ALL

    def gives_files(self, case_id: str, type_name: str) -> bool:
        """Whether the files of this case may be fetched by the other side."""
        whole = self._policies.decide(policies.CASES, type_name).sharing == policies.ALL or _was_handed(case_id)
        return whole and self.files_leave(type_name)

    def _person(self, case: Mapping[str, Any], body: dict[str, Any]) -> None:
        """Who reported it, as far as the policy says: masked, or whole but for those who want to stay unknown."""
        sharing = self._policies.decide(policies.REPORTERS, str(case["type_name"])).sharing
        if sharing in {policies.SUMMARY, policies.ALL}:
            body["case"]["reporter_shown"] = case.get("reporter_shown", "")
        if sharing == policies.ALL:
            body["reporter"] = case_parts.reporter_of(str(case["id"]))

    def _act(self, body: dict[str, Any]) -> tuple[str, Any]:
        found = case_parts.of_act(body)
        if found.get("attachments"):
            kind = Case.objects.filter(id=body["case_id"]).values_list("type_name", flat=True).first()
            if not self.files_leave(str(kind)):
                found["attachments"] = []
        return "act", body | found


def _was_handed(case_id: str) -> bool:
    """Whether the other side has the case, or had it once: then it knows all of it."""
    away = Away.objects.filter(case_id=case_id).exists()
    return away or CaseEvent.objects.filter(case_id=case_id, action="hand_over", data__has_key="home").exists()


def _summary(body: dict[str, Any]) -> dict[str, Any]:
    """That there is such a case, what it is called and how far it is: no words, no place, nobody, no files."""
    case = body["case"]
    emptied: dict[str, Any] = {
        name: {} if name in {"evidence", "said", "answers"} else None if name in {"lon", "lat", "search"} else ""
        for name in INNER
        if name in case
    }
    return body | {
        "case": case | emptied,
        "event": _silent(body["event"]),
        "history": [_silent(one) for one in body.get("history", ())],
        "attachments": [],
        "ratings": [dict(one) | {"text": "", "aspects": {}} for one in body.get("ratings", ())],
        "participants": [dict(one) | {"note": ""} for one in body.get("participants", ())],
    }


def _silent(event: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in event["data"].items() if name in STRUCTURE}
    return dict(event) | {"note": "", "data": kept}


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
