"""Acts on a case: every change is one step with its entry in the history, and two people at once cannot lose one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import announcing, changing, directory, entries, merging, permissions, steps
from onecity.kernel.cases.changing import Act
from onecity.kernel.cases.deeds import book
from onecity.kernel.cases.deeds.deed import Deed
from onecity.kernel.cases.logic import life_cycle
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.models import Case
from onecity.kernel.people.models import Account


@transaction.atomic
def act(
    case_id: UUID,
    action: str,
    actor: Account | None,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Case:
    """Take one step of the life cycle, or do one of the deeds beside it (more time, suspension, help of other bodies, …).

    `actor` None is the platform itself, which no right binds. Raises Problem 404 (not there, or not to be seen), 403 (no
    right; who can grant it), 409 (somebody acted before, or the step does not follow; who did what when), 422 (something
    that the step needs is missing: everything is named). Then nothing was changed.
    """
    work = changing.begin(case_id, Act(action, note.strip(), data or {}, expected_version), actor)
    merging.check_apart(work.case)
    deed = book.DEEDS.get(action) if work.definition.transition(action) is None else None
    if deed is not None:
        return _do(work, deed)
    try:
        transition = life_cycle.step(work.definition, work.case.state, action)
    except life_cycle.NotAllowedError:
        raise steps.unknown(work.case) from None
    changing.require(work.case, actor, transition.permission)
    steps.check(work, transition)
    event = steps.apply(work, transition)
    if changing.save(work.case, event):
        announcing.changed(work.case, event)
        book.after_step(work)
        merging.ended(work.case)
    return work.case


def _do(work: changing.Work, deed: Deed) -> Case:
    if not deed.offered(work.case, work.definition):
        raise steps.unknown(work.case)
    changing.require(work.case, work.actor, deed.permission(work.definition))
    event = changing.event(work, deed.do(work))
    if deed.moves_clock:
        changing.set_clock(work.case, work.definition, event)
    if changing.save(work.case, event):
        announcing.changed(work.case, event)
        deed.after(work, event)
    return work.case


@transaction.atomic
def assign(
    case_id: UUID,
    assignee_id: UUID | None,
    actor: Account | None,
    note: str = "",
    expected_version: int | None = None,
    *,
    relief: bool = False,
) -> Case:
    """Give a case to a person of its body, or to nobody; whoever may handle it may take it himself.

    `relief`: at the hand-over of a shift, and when it is undone, those two do it between themselves. Errors as in `act`;
    422 when that person may not handle cases there.
    """
    work = changing.begin(case_id, Act("assign", note, expected_version=expected_version), actor)
    case = work.case
    takes_it = actor is not None and assignee_id == actor.id and case.assignee_id in {None, actor.id}
    relieves = relief and actor is not None and actor.id in {case.assignee_id, assignee_id}
    changing.require(case, actor, permissions.HANDLE if takes_it or relieves else permissions.DISPATCH)
    changing.check_open(case)
    if assignee_id is not None and not policy.may(assignee_id, permissions.HANDLE, case.division_path):
        raise changing.invalid("assignee", _("This person may not handle cases there. Choose somebody else."))
    if case.confidential and assignee_id is not None:
        _check_trusted(case, assignee_id)
    names = directory.names_of([assignee_id])
    details = {"assignee_id": str(assignee_id or ""), "assignee": names[assignee_id] if assignee_id else ""}
    event = changing.event(work, details)
    case.assignee_id = assignee_id
    if changing.save(case, event):
        announcing.changed(case, event)
        announcing.assigned(case, actor.id if actor else None)
    return case


def _check_trusted(case: Case, assignee_id: UUID) -> None:
    if not policy.may(assignee_id, permissions.CONFIDENTIAL, case.division_path):
        raise changing.invalid("assignee", _("This person may not see confidential cases. Choose somebody else."))


@transaction.atomic
def hand_over(
    case_id: UUID, organisation_id: UUID, actor: Account | None, note: str, expected_version: int | None = None
) -> Case:
    """Send a case to another body, with the reason; it keeps its clock and loses its assignee. Errors as in `act`."""
    work = changing.begin(case_id, Act("hand_over", note, expected_version=expected_version), actor)
    case = work.case
    changing.require(case, actor, permissions.DISPATCH)
    changing.check_open(case)
    if not note.strip():
        raise changing.invalid("note", _("Say why; the next person reads it."))
    names = directory.bodies_named([organisation_id])
    if organisation_id not in names:
        raise changing.invalid("organisation", _("There is no such office. Choose one of the list."))
    event = changing.event(work, {"organisation_id": str(organisation_id), "organisation": names[organisation_id]})
    case.organisation_id, case.role, case.assignee_id = organisation_id, "", None
    if changing.save(case, event):
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
    if action not in entries.PASSIVE:
        raise ValueError(f"{action!r} changes a case: it is a step, not an entry")
    case = changing.lock(case_id)
    changing.require(case, actor, permissions.VIEW)
    if action == "comment" and not note.strip():
        raise changing.invalid("note", _("Write what you want to say."))
    changing.check_note(note)
    event = changing.entry(case, actor, action, note, data)
    if changing.save(case, event):
        announcing.changed(case, event)
    return case


def possible(case: Case, definition: Definition, actor: Account) -> tuple[Transition, ...]:
    """The steps that this person may take now."""
    return tuple(t for t in life_cycle.allowed(definition, case.state) if changing.may(case, actor, t.permission))


def deeds(case: Case, definition: Definition, actor: Account) -> tuple[Deed, ...]:
    """What this person may do beside the steps now."""
    return tuple(
        deed
        for deed in book.DEEDS.values()
        if deed.offered(case, definition) and changing.may(case, actor, deed.permission(definition))
    )
