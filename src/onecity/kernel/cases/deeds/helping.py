"""Other bodies: joint handling with one that leads, the grid's call to a department, and bodies outside the platform."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import announcing, calendars, changing, directory
from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.deeds.deed import Data, Deed, dispatches, handles, helps, note_of
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.provisions import reason_named
from onecity.kernel.cases.models import Case, CaseEvent, Participant, ParticipantState
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import parse_id

MOST_BODIES = 20


def _bodies(work: Work) -> dict[UUID, str]:
    """The bodies named, each with its name; raises Problem 422 for one that does not exist, leads, or was asked before."""
    given = work.act.data.get("organisations")
    ids = [parse_id(str(one)) for one in given] if isinstance(given, Sequence) and not isinstance(given, str) else []
    wanted = [one for one in dict.fromkeys(ids) if one is not None]
    names = directory.bodies_named(wanted)
    if not wanted or len(wanted) > MOST_BODIES or any(one not in names for one in wanted):
        raise changing.invalid("organisations", _("Choose the offices that are asked."))
    if work.case.organisation_id in wanted:
        raise changing.invalid("organisations", _("The office in charge leads; choose others."))
    if Participant.objects.filter(
        case_id=work.case.id, organisation_id__in=wanted, state__in=[ParticipantState.ASKED, ParticipantState.IN]
    ).exists():
        raise changing.invalid("organisations", _("One of these offices was asked already and has not finished."))
    return {one: names[one] for one in wanted}


def _listed(bodies: dict[UUID, str]) -> Data:
    return {"organisations": [str(one) for one in bodies], "organisation": "、".join(bodies.values())}


def _join(work: Work) -> Data:
    note_of(work)
    return _listed(_bodies(work))


def _whistle(work: Work) -> Data:
    rule = work.definition.whistle
    if rule is None:
        raise ValueError("this type knows no call of departments")
    note_of(work)
    due = calendars.office().add(now(), rule.within.amount, rule.within.unit)
    return {**_listed(_bodies(work)), "due_at": due.isoformat()}


def _asked(work: Work, made: CaseEvent) -> None:
    kind = "joint" if made.action == "join" else "whistle"
    due = made.data.get("due_at")
    rows = [
        Participant(
            case_id=work.case.id,
            organisation_id=UUID(one),
            kind=kind,
            asked_at=made.at,
            due_at=dt.datetime.fromisoformat(due) if due else work.case.deadline,
            note=made.note,
        )
        for one in made.data["organisations"]
    ]
    Participant.objects.bulk_create(rows)
    announcing.called(work.case, [row.organisation_id for row in rows], made)


def _of_actor(work: Work, kind: str, states: Sequence[str]) -> UUID:
    """The body for which the actor answers: his own, or the one named when the platform acts."""
    named = parse_id(str(work.act.data.get("organisation_id", "")))
    own = work.actor.organisation_id if work.actor is not None else None
    body = named or own
    if (
        body is None
        or not Participant.objects.filter(
            case_id=work.case.id, kind=kind, organisation_id=body, state__in=states
        ).exists()
    ):
        raise changing.invalid("organisation", _("Your office was not asked, or has answered already."))
    if work.actor is not None and body != own:
        changing.require(work.case, work.actor, dispatches(work.definition))
    return body


def _answered(work: Work, kind: str, states: Sequence[str]) -> Data:
    body = _of_actor(work, kind, states)
    return {"organisation_id": str(body), "organisation": directory.bodies_named([body])[body]}


def _joint_done(work: Work) -> Data:
    note_of(work)
    return _answered(work, "joint", ["asked", "in"])


def _report_in(work: Work) -> Data:
    return _answered(work, "whistle", ["asked"])


def _reject(work: Work) -> Data:
    rule = work.definition.whistle
    note_of(work)
    found = _answered(work, "whistle", ["asked"])
    before = Participant.objects.filter(
        case_id=work.case.id, kind="whistle", organisation_id=UUID(str(found["organisation_id"])), state="rejected"
    ).count()
    if rule is None or before >= rule.rejections:
        raise changing.invalid("organisation", _("Your office has turned this call down already; now it has to come."))
    return {**found, "rejection": before + 1}


def _settle(work: Work, made: CaseEvent) -> None:
    states = {"joint_done": "done", "report_in": "in", "reject_whistle": "rejected"}
    kind = "joint" if made.action == "joint_done" else "whistle"
    Participant.objects.filter(
        case_id=work.case.id,
        kind=kind,
        organisation_id=UUID(str(made.data["organisation_id"])),
        state__in=["asked", "in"],
    ).update(state=states[made.action], answered_at=made.at, note=made.note)


def _forward(work: Work) -> Data:
    rule = work.definition.forwarding
    note_of(work)
    code = str(work.act.data.get("body", ""))
    body = reason_named(rule.bodies, code) if rule else None
    if rule is None or body is None:
        raise changing.invalid("body", _("Choose the outside body."))
    work.case.external = code
    return {"body": code, "titles": dict(body.title), "pauses": rule.clock == "pause"}


def _recall(work: Work) -> Data:
    note_of(work)
    body, work.case.external = work.case.external, ""
    return {"body": body, "pauses": work.case.paused_since is not None}


def _called(case: Case, _kind: Definition) -> bool:
    return case.is_open and Participant.objects.filter(case_id=case.id, kind="whistle", state="asked").exists()


def _helps(case: Case, _kind: Definition) -> bool:
    return (
        case.is_open and Participant.objects.filter(case_id=case.id, kind="joint", state__in=["asked", "in"]).exists()
    )


DEEDS = (
    Deed(
        "join", _("Ask other bodies to help"), dispatches, lambda case, kind: kind.joint and case.is_open, _join, _asked,
        asks=("organisations",),
    ),
    Deed("joint_done", _("Our share is done"), helps, _helps, _joint_done, _settle),
    Deed(
        "whistle", _("Call departments to the place"), handles,
        lambda case, kind: kind.whistle is not None and case.is_open, _whistle, _asked, asks=("organisations",),
    ),
    Deed("report_in", _("Report in"), helps, _called, _report_in, _settle),
    Deed("reject_whistle", _("Turn the call down"), helps, _called, _reject, _settle),
    Deed(
        "forward", _("Forward to an outside body"), dispatches,
        lambda case, kind: kind.forwarding is not None and case.is_open and not case.external and case.paused_since is None,
        _forward, moves_clock=True, asks=("body",),
    ),
    Deed("recall", _("Back from the outside body"), dispatches, lambda case, _k: case.is_open and bool(case.external),
         _recall, moves_clock=True),
)  # fmt: skip
