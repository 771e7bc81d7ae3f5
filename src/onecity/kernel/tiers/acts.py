"""Acts that somebody of the other side did to a case which is at home here: done by the same rules, or listed as rejected.

The home's history is the truth. An act that was done without knowing of a later step is done too where the life cycle still
allows it, else it is written into the history as rejected, with its words; either way both sides list it.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from onecity.kernel.cases import acting, changing, custody, entries, type_store
from onecity.kernel.cases.entries import PASSIVE
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.core.clock import now, to_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.tiers import case_parts, offices
from onecity.kernel.tiers.models import Act, Away, Conflict
from onecity.kernel.tiers.models.conflict import ActState, Winner
from onecity.kernel.tiers.peers import Joined

MOVED = "moved"
STATE = "state"


def apply(peer: Joined, body: Mapping[str, Any]) -> None:
    """Do what was done on the other side. Raises ValueError for a case that does not lie in the town."""
    case = Case.objects.select_for_update().defer("search").filter(id=body["case_id"]).first()
    if case is None or not case.division_path.startswith(peer.division_path):
        raise ValueError(f"the case {body['case_id']} does not lie in the town {peer.code}")
    if Act.objects.filter(id=body["id"]).exists():
        return
    record = _record(peer, case, body)
    case_parts.take_files(peer, body.get("attachments", ()), case.id)
    case_parts.take_ratings(body.get("ratings", ()), case.id)
    if Away.objects.filter(case_id=case.id).exists():
        # its home went to the other side while the act was on its way here
        _answer(peer, record, ActState.REJECTED, MOVED)
        return
    unknown = None if record.action in PASSIVE else _unknown(case, int(body["version"]))
    problem = _do(case, record)
    if problem is not None:
        _reject(record, problem)
    conflict = _list(peer, case, record, unknown, problem) if unknown else None
    _answer(peer, record, ActState.REJECTED if problem else ActState.DONE, problem or "", conflict)


def answered(peer: Joined, body: Mapping[str, Any]) -> None:
    """Take the home's answer to an act of ours; a case that came home meanwhile is acted on here."""
    act = Act.objects.select_for_update().filter(id=body["id"], peer_id=peer.code, outgoing=True).first()
    if act is None:
        raise ValueError("an answer to what nobody asked here")
    act.state, act.answer, act.answered_at = str(body["state"]), str(body["answer"])[:300], now()
    if act.answer == MOVED:
        case = Case.objects.select_for_update().defer("search").get(id=act.case_id)
        problem = _do(case, act)
        act.state, act.answer = (ActState.REJECTED, problem[:300]) if problem else (ActState.DONE, "")
        if problem:
            _reject(act, problem)
    act.save(update_fields=["state", "answer", "answered_at"])
    if body.get("conflict"):
        Conflict.objects.bulk_create([Conflict(**body["conflict"])], ignore_conflicts=True)


def _record(peer: Joined, case: Case, body: Mapping[str, Any]) -> Act:
    return Act.objects.create(
        id=UUID(str(body["id"])),
        peer_id=peer.code,
        outgoing=False,
        case_id=case.id,
        division_path=case.division_path,
        version=int(body["version"]),
        action=str(body["action"]),
        note=str(body["note"]),
        data=dict(offices.translated(body["data"], offices.ids(body))),
        actor_id=body["actor_id"],
        actor_name=str(body["actor_name"]),
        at=dt.datetime.fromisoformat(str(body["at"])),
    )


def _unknown(case: Case, version: int) -> CaseEvent | None:
    """The last step here of which the person on the other side did not know."""
    later = CaseEvent.objects.filter(case_id=case.id, version__gt=version).exclude(action__in=PASSIVE)
    return later.order_by("-version").first()


def _do(case: Case, act: Act) -> str | None:
    """Do it in the name of whoever did it there; the reason where it cannot be done."""
    who = custody.Speaker(act.actor_id, act.actor_name)
    try:
        with transaction.atomic(), custody.speaking(who):
            if act.action in PASSIVE:
                acting.append(case.id, act.action, None, act.note, act.data)
            elif act.action == "assign":
                assignee = str(act.data.get("assignee_id") or "")
                acting.assign(case.id, UUID(assignee) if assignee else None, None, act.note)
            elif act.action == "hand_over":
                acting.hand_over(case.id, UUID(str(act.data["organisation_id"])), None, act.note)
            else:
                acting.act(case.id, act.action, None, act.note, act.data)
    except Problem as problem:
        with override("zh-hans"):
            return str(problem.title)
    return None


def _reject(act: Act, reason: str) -> None:
    """Write into the history what was meant and why it was not done, so that nothing said is lost."""
    case = Case.objects.defer("search").get(id=act.case_id)
    definition = type_store.version(case.type_name, case.type_version).definition
    with override("zh-hans"):
        title = entries.title(definition, act.action)
        text = _("“%(action)s” from the other tier was not accepted: %(reason)s") % {
            "action": title,
            "reason": reason,
        }
    note = f"{text}\n{act.note}".strip()[: changing.LONGEST_NOTE]
    with custody.speaking(custody.Speaker(act.actor_id, act.actor_name)):
        acting.append(act.case_id, "comment", None, note, {"rejected": {"action": act.action, "act": str(act.id)}})


def _list(peer: Joined, case: Case, act: Act, unknown: CaseEvent, problem: str | None) -> Conflict:
    here = {"action": unknown.action, "state": unknown.to_state, "by": unknown.actor_name, "at": unknown.at.isoformat()}
    there = {"action": act.action, "by": act.actor_name, "at": act.at.isoformat(), "note": act.note}
    town, district = (here, there) if peer.up else (there, here)
    town_at, district_at = (unknown.at, act.at) if peer.up else (act.at, unknown.at)
    ours = Winner.TOWN if peer.up else Winner.DISTRICT
    return Conflict.objects.create(
        id=new_id(),
        peer_id=peer.code,
        kind="case",
        division_path=case.division_path,
        object_id=str(case.id),
        title=f"{case.number} {case.title}"[:300],
        field=STATE,
        town=town,
        district=district,
        town_at=to_us(town_at),
        district_at=to_us(district_at),
        winner=ours if problem else Winner.BOTH,
        rule="life_cycle",
        note=(problem or "")[:500],
    )


def _answer(peer: Joined, act: Act, state: str, answer: str, conflict: Conflict | None = None) -> None:
    act.state, act.answer, act.answered_at = state, answer[:300], now()
    act.save(update_fields=["state", "answer", "answered_at"])
    body: dict[str, Any] = {"id": act.id, "state": state, "answer": answer}
    if conflict is not None:
        body["conflict"] = {
            column.attname: getattr(conflict, column.attname) for column in Conflict._meta.concrete_fields
        }
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiers_send(%s, 'answer', %s)", [peer.code, json.dumps(body, cls=DjangoJSONEncoder)])
