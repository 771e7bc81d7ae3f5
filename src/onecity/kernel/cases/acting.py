"""Acts on a case: every change is one step with its entry in the history, and two people at once cannot lose one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import announcing, calendars, custody, directory, permissions, type_store
from onecity.kernel.cases.logic import deadline, life_cycle
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.models import Attachment, Case, CaseEvent
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

# these add to the history without taking anything from the next person who acts
PASSIVE = frozenset({"comment", "attach", "due_soon", "overdue", "alert_end"})
LONGEST_NOTE = 4000


@dataclass(frozen=True)
class Act:
    """What somebody does to a case, and which version of it he was looking at (None: whatever it is now)."""

    action: str
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


@transaction.atomic
def act(
    case_id: UUID,
    action: str,
    actor: Account | None,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Case:
    """Take one step of the life cycle; `actor` None is the platform itself, which no right binds.

    Raises Problem 404 (not there, or not to be seen), 403 (no right; who can grant it), 409 (somebody acted before, or
    the step does not follow; who did what when), 422 (a note, photo or assignee is missing). Then nothing was changed.
    """
    doing = Act(action, note.strip(), data or {}, expected_version)
    case = _lock(case_id)
    _check_version(case, doing)
    definition = type_store.version(case.type_name, case.type_version).definition
    try:
        transition = life_cycle.step(definition, case.state, action)
    except life_cycle.NotAllowedError:
        raise _too_late(case, _("This step is not possible now.")) from None
    _require(case, actor, transition.permission)
    _check_requirements(case, transition, doing)
    event = _apply(case, definition, transition, doing, actor)
    if _save(case, event):
        announcing.changed(case, event)
    return case


@transaction.atomic
def assign(
    case_id: UUID, assignee_id: UUID | None, actor: Account | None, note: str = "", expected_version: int | None = None
) -> Case:
    """Give a case to a person of its body, or to nobody; whoever may handle it may take it himself.

    Errors as in `act`; 422 when that person may not handle cases there.
    """
    case = _lock(case_id)
    _check_version(case, Act("assign", expected_version=expected_version))
    takes_it = actor is not None and assignee_id == actor.id and case.assignee_id in {None, actor.id}
    _require(case, actor, permissions.HANDLE if takes_it else permissions.DISPATCH)
    _check_open(case)
    if assignee_id is not None and not policy.may(assignee_id, permissions.HANDLE, case.division_path):
        raise _invalid("assignee", _("This person may not handle cases there. Choose somebody else."))
    names = directory.names_of([assignee_id])
    details = {"assignee_id": str(assignee_id or ""), "assignee": names[assignee_id] if assignee_id else ""}
    event = _event(case, actor, "assign", note, details)
    case.assignee_id = assignee_id
    if _save(case, event):
        announcing.changed(case, event)
        announcing.assigned(case, actor.id if actor else None)
    return case


@transaction.atomic
def hand_over(
    case_id: UUID, organisation_id: UUID, actor: Account | None, note: str, expected_version: int | None = None
) -> Case:
    """Send a case to another body, with the reason; it keeps its clock and loses its assignee. Errors as in `act`."""
    case = _lock(case_id)
    _check_version(case, Act("hand_over", expected_version=expected_version))
    _require(case, actor, permissions.DISPATCH)
    _check_open(case)
    if not note.strip():
        raise _invalid("note", _("Say why; the next person reads it."))
    names = directory.bodies_named([organisation_id])
    if organisation_id not in names:
        raise _invalid("organisation", _("There is no such office. Choose one of the list."))
    event = _event(
        case,
        actor,
        "hand_over",
        note,
        {"organisation_id": str(organisation_id), "organisation": names[organisation_id]},
    )
    case.organisation_id, case.role, case.assignee_id = organisation_id, "", None
    if _save(case, event):
        announcing.changed(case, event)
        announcing.sent(case)
    return case


@transaction.atomic
def comment(case_id: UUID, actor: Account | None, note: str, data: Mapping[str, Any] | None = None) -> Case:
    """Add a word to the history; a closed case takes one too, so that nothing said afterwards is lost."""
    return append(case_id, "comment", actor, note, data or {})


@transaction.atomic
def append(case_id: UUID, action: str, actor: Account | None, note: str, data: Mapping[str, Any]) -> Case:
    """Add one of the passive entries (`PASSIVE`) to the history of a case."""
    if action not in PASSIVE:
        raise ValueError(f"{action!r} changes a case: it is a step, not an entry")
    case = _lock(case_id)
    if actor is not None:
        _require(case, actor, permissions.VIEW)
    if action == "comment" and not note.strip():
        raise _invalid("note", _("Write what you want to say."))
    _check_note(note)
    event = _event(case, actor, action, note, data)
    if _save(case, event):
        announcing.changed(case, event)
    return case


def possible(case: Case, definition: Definition, actor: Account) -> tuple[Transition, ...]:
    """The steps that this person may take now."""
    return tuple(t for t in life_cycle.allowed(definition, case.state) if _may(case, actor, t.permission, policy.may))


def _lock(case_id: UUID) -> Case:
    case = Case.objects.select_for_update().defer("search").filter(id=case_id).first()
    if case is None:
        raise not_found()
    return case


def not_found() -> Problem:
    """The problem for a case that is not there or not to be seen; the answer does not tell which."""
    return Problem(
        "case-not-found",
        _("There is no such case among those you may see."),
        status=404,
        detail=_("Look for it by its number in the list of cases."),
    )


def _check_version(case: Case, doing: Act) -> None:
    if doing.expected_version is None or doing.expected_version == case.version:
        return
    since = CaseEvent.objects.filter(case_id=case.id, version__gt=doing.expected_version)
    if doing.expected_version > case.version or since.exclude(action__in=PASSIVE).exists():
        raise _too_late(case, _("Somebody else has acted on this case in the meantime."))


def _too_late(case: Case, title: object) -> Problem:
    """409 that says who did what when, so that the second person can decide again on what is true now."""
    last = CaseEvent.objects.filter(case_id=case.id).exclude(action__in=PASSIVE).order_by("-version").first()
    definition = type_store.version(case.type_name, case.type_version).definition
    extra: dict[str, Any] = {"state": case.state, "version": case.version}
    detail: object = _("Load the case again; nothing of yours was saved.")
    if last is not None:
        extra |= {"actor": last.actor_name, "action": last.action, "at": last.at.isoformat(), "note": last.note}
        detail = _("%(who)s: %(what)s, %(when)s. Now: %(state)s. Nothing of yours was saved; load the case again.") % {
            "who": last.actor_name or _("The platform"),
            "what": action_title(definition, last.action),
            "when": last.at.astimezone(calendars.office().zone).strftime("%Y-%m-%d %H:%M:%S"),
            "state": in_language(definition.state(case.state).title),
        }
    return Problem("case-changed", title, status=409, detail=detail, extra=extra)


def action_title(definition: Definition, action: str) -> object:
    """What a step or an entry is called, in the reader's language."""
    transition = definition.transition(action)
    return in_language(transition.title) if transition else ENTRY_TITLES.get(action, action)


ENTRY_TITLES: Mapping[str, object] = {
    "open": _("Opened"),
    "assign": _("Assigned"),
    "hand_over": _("Handed over"),
    "comment": _("Note"),
    "attach": _("File added"),
    "due_soon": _("Due soon"),
    "overdue": _("Overdue"),
    "alert_end": _("The alert ended"),
}


def _require(case: Case, actor: Account | None, permission: str) -> None:
    if actor is not None:
        _may(case, actor, permission, _ask)


def _may(case: Case, actor: Account, permission: str, ask: Callable[[Account, str, str], bool]) -> bool:
    """The assignee handles and sees what he was given, wherever it lies; for all else the division decides."""
    if case.assignee_id == actor.id and permission in {permissions.HANDLE, permissions.VIEW}:
        return True
    return ask(actor, permission, case.division_path)


def _ask(actor: Account, permission: str, division_path: str) -> bool:
    policy.require(actor, permission, division_path)
    return True


def _check_open(case: Case) -> None:
    if not case.is_open:
        raise _too_late(case, _("This case has ended."))


def _check_requirements(case: Case, transition: Transition, doing: Act) -> None:
    errors: list[FieldError] = []
    _check_note(doing.note)
    if "note" in transition.requires and not doing.note:
        errors.append(FieldError("note", _("Say why; the next person reads it."), "required"))
    if "assignee" in transition.requires and case.assignee_id is None:
        errors.append(FieldError("assignee", _("Say first who handles it."), "required"))
    if "evidence" in transition.requires:
        since = Attachment.objects.filter(case_id=case.id, added_at__gte=case.stage_since)
        if not since.exists():
            errors.append(FieldError("evidence", _("Add a photo or file that shows it."), "required"))
    if errors:
        raise Problem("case-step-incomplete", _("Something is still missing for this step."), status=422, errors=errors)


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise _invalid("note", _("Write at most %(most)s characters.") % {"most": LONGEST_NOTE})


def _invalid(name: str, detail: object) -> Problem:
    return Problem("case-invalid", detail, status=422, errors=[FieldError(name, detail)])


def _apply(case: Case, definition: Definition, transition: Transition, doing: Act, actor: Account | None) -> CaseEvent:
    event = _event(case, actor, doing.action, doing.note, doing.data, transition.target)
    target = definition.state(transition.target)
    previous_stage, case.state, case.stage = case.stage, target.name, target.stage
    if transition.releases:
        case.assignee_id = None
    if case.stage != previous_stage:
        case.stage_since = event.at
    if transition.clock == "restart":
        case.started_at = case.stage_since = event.at
    case.closed_at = event.at if target.final else None
    if target.final or transition.clock == "stop":
        case.sweep_at = None
    elif transition.clock == "restart" or (transition.clock == "stage" and case.stage != previous_stage):
        _set_clock(case, definition)
    return event


def _set_clock(case: Case, definition: Definition) -> None:
    due = deadline.due(
        definition.limits,
        case.severity,
        stage=case.stage,
        stage_since=case.stage_since,
        opened_at=case.started_at,
        calendar=calendars.office(),
    )
    if due.deadline != case.deadline:
        case.deadline, case.final_deadline, case.sweep_at, case.overdue_since = (
            due.deadline,
            due.final,
            due.remind_at,
            None,
        )


def _event(
    case: Case,
    actor: Account | None,
    action: str,
    note: str,
    data: Mapping[str, Any],
    to_state: str = "",
) -> CaseEvent:
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


CHANGING: Sequence[str] = (
    "state", "stage", "version", "assignee_id", "organisation_id", "role", "started_at", "stage_since", "deadline",
    "final_deadline", "sweep_at", "overdue_since", "closed_at",
)  # fmt: skip


def _save(case: Case, event: CaseEvent) -> bool:
    """Write the change; False where it was sent on to where the case is at home, and the case here is as before."""
    if custody.takes(case, event):
        case.refresh_from_db(fields=CHANGING)
        return False
    event.save(force_insert=True)
    case.version = event.version
    case.save(update_fields=CHANGING)
    return True
