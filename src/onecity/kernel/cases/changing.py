"""How a case is changed, whatever the change is: locked, compared with what was seen, written with its entry, or sent on."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import calendars, custody, entries, permissions, type_store, visibility, writing
from onecity.kernel.cases.logic import deadline, ledger
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case, CaseEvent, Participant
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

LONGEST_NOTE = 4000
LARGEST_DATA = 65_536
# no right that anybody grants: to be one of a body that was asked to help
HELP: Final = "help"
HELPING: Final = ("asked", "in")
CHANGING: Sequence[str] = (
    "state", "stage", "version", "assignee_id", "organisation_id", "role", "started_at", "stage_since", "deadline",
    "final_deadline", "sweep_at", "overdue_since", "closed_at", "round", "paused_since", "contacted_at", "result", "asked",
    "external", "supervised_until", "rung", "answers", "type_version",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """What somebody does to a case, and which version of it he was looking at (None: whatever it is now)."""

    action: str
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


@dataclass(frozen=True)
class Work:
    """An act on a locked case, with what its type says and who acts (None: the platform itself, which no right binds)."""

    case: Case
    definition: Definition
    act: Act
    actor: Account | None


def begin(case_id: UUID, act: Act, actor: Account | None) -> Work:
    """Lock the case and see that nobody acted since it was looked at; raises Problem 404, 409, 422."""
    case, digest = _locked(case_id)
    check_version(case, act)
    check_note(act.note)
    check_data(act.data)
    return Work(case, type_store.stored(case.type_name, case.type_version, digest).definition, act, actor)


def lock(case_id: UUID) -> Case:
    """The case, held until the transaction ends; raises Problem 404."""
    return _locked(case_id)[0]


def _locked(case_id: UUID) -> tuple[Case, str | None]:
    found = writing.lock(case_id)
    if found is None:
        raise not_found()
    return found


def event(work: Work, data: Mapping[str, Any] | None = None, to_state: str = "") -> CaseEvent:
    """The entry for this act, one version on; `data` in place of what was sent."""
    return entry(
        work.case, work.actor, work.act.action, work.act.note, work.act.data if data is None else data, to_state
    )


def entry(
    case: Case, actor: Account | None, action: str, note: str, data: Mapping[str, Any], to_state: str = ""
) -> CaseEvent:
    """An entry in the name of whoever speaks, not yet written."""
    who = custody.speaker() or custody.Speaker(actor.id if actor else None, str(actor) if actor else "")
    return CaseEvent(
        case_id=case.id,
        version=case.version + 1,
        at=now(),
        actor_id=who.id,
        actor_name=who.name,
        action=action,
        from_state=case.state,
        to_state=to_state or case.state,
        note=note.strip(),
        data=dict(data),
    )


def save(case: Case, made: CaseEvent) -> bool:
    """Write the change; False where it was sent on to where the case is at home, and the case here is as before."""
    if custody.takes(case, made):
        case.refresh_from_db(fields=CHANGING)
        return False
    case.version = made.version
    writing.change(case, made, CHANGING)
    return True


def set_clock(case: Case, definition: Definition, made: CaseEvent) -> None:
    """Compute the due times anew, with all pauses and extensions and the entry that is being written."""
    rows = writing.entries(case.id, sorted(ledger.KINDS), case.started_at)
    entries_ = ledger.read([*rows, (made.action, made.at, made.data)])
    due = deadline.due(
        definition.limits,
        case.severity,
        stage=case.stage,
        stage_since=case.stage_since,
        opened_at=case.started_at,
        calendar=calendars.office(),
        ledger=entries_,
        ladder=definition.ladder,
    )
    case.paused_since = ledger.paused_since(entries_)
    case.final_deadline = due.final
    if case.paused_since is not None:
        review = made.data.get("review_at")
        case.deadline, case.overdue_since = None, None
        case.sweep_at = dt.datetime.fromisoformat(str(review)) if review else None
    elif due.deadline != case.deadline:
        case.deadline, case.sweep_at, case.overdue_since, case.rung = due.deadline, due.remind_at, None, 0


def check_version(case: Case, doing: Act) -> None:
    """Raise Problem 409 where somebody took a step since the version that was looked at."""
    if doing.expected_version is None or doing.expected_version == case.version:
        return
    since = CaseEvent.objects.filter(case_id=case.id, version__gt=doing.expected_version)
    if doing.expected_version > case.version or since.exclude(action__in=entries.PASSIVE).exists():
        raise too_late(case, _("Somebody else has acted on this case in the meantime."))


def check_note(note: str) -> None:
    """Raise Problem 422 where a note is too long."""
    if len(note) > LONGEST_NOTE:
        raise invalid("note", _("Write at most %(most)s characters.") % {"most": LONGEST_NOTE})


def check_data(data: Mapping[str, Any]) -> None:
    """Raise Problem 422 for more data than a history takes, and for the one character that it cannot hold."""
    try:
        text = json.dumps(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid("data", _("This cannot be read.")) from error
    if len(text) > LARGEST_DATA or "\\u0000" in text:
        raise invalid("data", _("This is too much, or holds characters that cannot be stored."))


def check_open(case: Case) -> None:
    """Raise Problem 409 where the case has ended."""
    if not case.is_open:
        raise too_late(case, _("This case has ended."))


def require(case: Case, actor: Account | None, permission: str) -> None:
    """Raise Problem 403, which says who can grant it, where this person has no right to it; 404 where he may not know of
    the case at all."""
    if actor is not None and not may(case, actor, permission, _ask):
        raise not_found()


def may(case: Case, actor: Account, permission: str, ask: Callable[[Account, str, str], bool] = policy.may) -> bool:
    """The assignee handles and sees what he was given, wherever it lies, and bodies that were asked to help see it and say
    what they did (`HELP`); for all else the division decides."""
    if case.assignee_id == actor.id and permission in {permissions.HANDLE, permissions.VIEW, HELP}:
        return True
    if permission in {HELP, permissions.VIEW} and helps(case, actor):
        return not case.confidential or policy.may_somewhere(actor, permissions.CONFIDENTIAL)
    if visibility.hides(case, actor):
        return False
    if permission == HELP:
        permission = permissions.HANDLE
    return ask(actor, permission, case.division_path)


def helps(case: Case, actor: Account) -> bool:
    """Whether the body of this person was asked to help with the case and has not finished."""
    return (
        actor.organisation_id is not None
        and Participant.objects.filter(
            case_id=case.id, organisation_id=actor.organisation_id, state__in=HELPING
        ).exists()
    )


def _ask(actor: Account, permission: str, division_path: str) -> bool:
    policy.require(actor, permission, division_path)
    return True


def not_found() -> Problem:
    """The problem for a case that is not there or not to be seen; the answer does not tell which."""
    return Problem(
        "case-not-found",
        _("There is no such case among those you may see."),
        status=404,
        detail=_("Look for it by its number in the list of cases."),
    )


def too_late(case: Case, title: object) -> Problem:
    """409 that says who did what when, so that the second person can decide again on what is true now."""
    last = CaseEvent.objects.filter(case_id=case.id).exclude(action__in=entries.PASSIVE).order_by("-version").first()
    definition = type_store.version(case.type_name, case.type_version).definition
    extra: dict[str, Any] = {"state": case.state, "version": case.version}
    detail: object = _("Load the case again; nothing of yours was saved.")
    if last is not None:
        extra |= {"actor": last.actor_name, "action": last.action, "at": last.at.isoformat(), "note": last.note}
        detail = _("%(who)s: %(what)s, %(when)s. Now: %(state)s. Nothing of yours was saved; load the case again.") % {
            "who": last.actor_name or _("The platform"),
            "what": entries.title(definition, last.action),
            "when": last.at.astimezone(calendars.office().zone).strftime("%Y-%m-%d %H:%M:%S"),
            "state": in_language(definition.state(case.state).title),
        }
    return Problem("case-changed", title, status=409, detail=detail, extra=extra)


def invalid(name: str, detail: object) -> Problem:
    """422 for one thing that is missing or wrong."""
    return Problem("case-invalid", detail, status=422, errors=[FieldError(name, detail)])


def incomplete(errors: Sequence[FieldError]) -> Problem:
    """422 for what a step still needs."""
    return Problem("case-step-incomplete", _("Something is still missing for this step."), status=422, errors=errors)
