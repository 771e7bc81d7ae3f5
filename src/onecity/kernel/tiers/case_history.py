"""Cases of the other side, followed event by event: here stands the history that their home writes, as it writes it."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import sql

from onecity.kernel.cases import announcing
from onecity.kernel.cases.models import Case, CaseEvent, CaseType
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.tiers import case_parts, offices
from onecity.kernel.tiers.models import Away, Shared
from onecity.kernel.tiers.peers import Joined

# in force for no case: what was opened elsewhere keeps its type, nothing new is opened with it
NEVER = "9999-01-01T00:00:00Z"
LEFT_OUT = frozenset({"due_order"})
FIXED = frozenset({"id", "district", "number", "opened_at"})


def apply(peer: Joined, body: Mapping[str, Any]) -> None:
    """Take events of a case. Raises ValueError for one that lies outside the town or whose beginning is missing."""
    row = dict(body["case"])
    if not str(row["division_path"]).startswith(peer.division_path):
        raise ValueError(f"the case {row['number']} does not lie in the town {peer.code}")
    events = [*body.get("history", ()), body["event"]]
    case = Case.objects.select_for_update().defer("search").filter(id=row["id"]).first()
    known = case.version if case else 0
    fresh = [event for event in events if event["version"] > known]
    if not fresh:
        return
    if fresh[0]["version"] != known + 1:
        raise ValueError(f"the case {row['number']}: event {known + 1} is missing")
    if case is not None and not Away.objects.filter(case_id=case.id).exists():
        raise ValueError(f"the case {row['number']} is at home here")
    ids = offices.ids(body)
    row |= _local(row, body)
    at_home_here = _comes_home(peer, body, known)
    row["sweep_at"] = (fresh[-1]["data"].get("sweep_at") or row["deadline"]) if at_home_here else None
    if row.get("closed_at"):
        row["sweep_at"] = None
    made = [
        _write(row, event | {"data": offices.translated(event["data"], ids)}, new=event["version"] == 1)
        for event in fresh
    ]
    identity = UUID(str(row["id"]))
    _settle(peer, identity, at_home_here)
    case_parts.take(peer, body, identity, ids)
    written = Case.objects.defer("search").get(id=identity)
    if known == 0:
        announcing.opened([written])
    else:
        announcing.changed_together([written], made[-1].action)
    case_parts.call(written, made[-1])


def _comes_home(peer: Joined, body: Mapping[str, Any], known: int) -> bool:
    """Whether the case is at home here from now on: its office is ours from the beginning, or it was handed to us."""
    event = body["event"]
    if event["data"].get("home") == peer.code:
        return True
    if known or event["version"] != 1:
        return False
    office = body.get("organisation") or {}
    path = str(office.get("division_path") or "")
    return bool(path) and path.startswith(peer.division_path) == peer.up


def _local(row: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """What means something else here: the office by its code, the version of the type by its digest, the source's key."""
    found: dict[str, Any] = {"type_version": _version(str(row["type_name"]), body)}
    office = body.get("organisation")
    if row.get("organisation_id") and office:
        found["organisation_id"] = offices.known_as(str(row["organisation_id"]), office)
    key = row.get("source_key")
    if key and Case.objects.filter(source_key=key).exclude(id=row["id"]).exists():
        found["source_key"] = None
    parent = row.get("parent_id")
    if parent and not Case.objects.filter(id=parent).exists():
        # the whole stayed on the other side; its part stands alone here
        found["parent_id"] = None
    return found


def _version(name: str, body: Mapping[str, Any]) -> int:
    digest = str(body["digest"])
    known = CaseType.objects.filter(name=name, digest=digest).values_list("version", flat=True).first()
    if known is not None:
        return known
    if not body.get("definition"):
        raise ValueError(f"the kind of case {name!r} is not known here in this version")
    last = CaseType.objects.filter(name=name).order_by("-version").values_list("version", flat=True).first() or 0
    CaseType.objects.create(
        id=new_id(), name=name, version=last + 1, definition=body["definition"], digest=digest, effective_from=NEVER
    )
    return last + 1


def _write(row: Mapping[str, Any], event: Mapping[str, Any], *, new: bool) -> CaseEvent:
    """One event and the case as it then is; of several only the last state of the case is known, and counts."""
    record = dict(row) | {"version": event["version"], "state": event["to_state"]}
    if new:
        _populate(
            "INSERT INTO cases_case ({names}) SELECT {names} FROM json_populate_record(NULL::cases_case, %s)",
            record,
            (),
        )
    made = CaseEvent.objects.create(
        case_id=event["case_id"],
        version=event["version"],
        at=event["at"],
        actor_id=event["actor_id"],
        actor_name=event["actor_name"],
        action=event["action"],
        from_state=event["from_state"],
        to_state=event["to_state"],
        note=event["note"],
        data=event["data"],
    )
    if not new:
        statement = "UPDATE cases_case SET ({names}) = (SELECT {names} FROM json_populate_record(NULL::cases_case, %s)) WHERE id = %s"
        without = FIXED if record.get("reporter_shown") else FIXED | {"reporter_shown"}
        _populate(statement, record, without, str(record["id"]))
    return made


def _populate(statement: str, record: Mapping[str, Any], without: Any, *more: str) -> None:
    names = [
        column.column
        for column in Case._meta.concrete_fields
        if column.column is not None
        and column.column not in LEFT_OUT
        and column.column not in without
        and column.column in record
    ]
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(names=columns), [json.dumps(dict(record)), *more])


def _settle(peer: Joined, case_id: UUID, at_home_here: bool) -> None:
    Shared.objects.bulk_create([Shared(peer_id=peer.code, case_id=case_id)], ignore_conflicts=True)
    if at_home_here:
        Away.objects.filter(case_id=case_id).delete()
    else:
        Away.objects.get_or_create(case_id=case_id, defaults={"peer_id": peer.code, "since": now()})
