"""Merging cases that tell of the same thing, and taking them apart again: nothing of either is lost.

The one that goes into the other ends without having been worked on; its history, files and reporter stay with it. The
other goes on with the clock of the older. Whoever reported either is told what becomes of both.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import announcing, appending, changing, custody, duplicates, permissions, type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case, CaseEvent, Merge, PairState
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

# what merging changes of the case that goes into the other
KEPT: Final = ("state", "stage", "closed_at", "sweep_at", "paused_since", "asked", "stage_since", "overdue_since")


@transaction.atomic
def merge(case_id: UUID, into_id: UUID, actor: Account | None, note: str = "") -> Case:
    """Let one case go into another; returns the other. Who dispatches both may do it.

    Raises Problem 404, 403, and 409 where one has ended, is part of a whole, went into another already, is at home
    elsewhere, or where both are the same; then nothing was changed.
    """
    case, into = _both(case_id, into_id)
    for one in (case, into):
        changing.require(one, actor, permissions.DISPATCH)
        changing.check_open(one)
    changing.check_note(note)
    _check(case, into)
    kind, other = _definition(case), _definition(into)
    own = Merge.objects.filter(into=into).order_by("at").values_list("into_started_at", flat=True).first()
    Merge.objects.create(
        case=case,
        into=into,
        before=_snapshot(case),
        into_started_at=own or into.started_at,
        by_id=actor.id if actor else None,
    )
    gone = changing.entry(
        case, actor, "merged", note, {"number": into.number, "case_id": str(into.id)}, _end(kind, case)
    )
    case.state, case.stage = gone.to_state, kind.state(gone.to_state).stage
    case.closed_at, case.sweep_at, case.paused_since, case.asked = gone.at, None, None, ""
    changing.save(case, gone)
    took = changing.entry(into, actor, "took_in", note, {"number": case.number, "case_id": str(case.id)})
    _start(into, other, took, [into.started_at, case.started_at])
    changing.save(into, took)
    duplicates.decide(case.id, into.id, PairState.MERGED, actor)
    announcing.changed(case, gone)
    announcing.changed(into, took)
    return into


@transaction.atomic
def unmerge(case_id: UUID, actor: Account | None, note: str = "") -> Case:
    """Take a merged case out again: it is as it was, with its own clock; returns it.

    Who dispatches both may do it. Raises Problem 404, 403, and 409 where it was not merged.
    """
    found = Merge.objects.filter(case_id=case_id).first()
    if found is None:
        raise Problem("case-not-merged", _("This case did not go into another one."), status=409)
    case, into = _both(case_id, found.into_id)
    for one in (case, into):
        changing.require(one, actor, permissions.DISPATCH)
    changing.check_note(note)
    kind = _definition(case)
    found.delete()
    back = changing.entry(
        case, actor, "unmerged", note, {"number": into.number, "case_id": str(into.id)}, str(found.before["state"])
    )
    _restore(case, found.before)
    changing.set_clock(case, kind, back)
    changing.save(case, back)
    gave = changing.entry(into, actor, "gave_back", note, {"number": case.number, "case_id": str(case.id)})
    if into.is_open:
        rest = Case.objects.filter(merge__into=into).values_list("started_at", flat=True)
        _start(into, _definition(into), gave, [found.into_started_at, *rest])
    changing.save(into, gave)
    duplicates.decide(case.id, into.id, PairState.DIFFERENT, actor)
    announcing.changed(case, back)
    announcing.changed(into, gave)
    return case


def ended(case: Case) -> None:
    """Write into the histories of the cases that went into this one that it ended: their reporters are told there."""
    if not case.is_open:
        appending.append_many(
            Merge.objects.filter(into=case).values_list("case_id", flat=True), "merged_ended", case.number
        )


def check_apart(case: Case) -> None:
    """Raise Problem 409 for a step on a case that went into another: what is done is done there."""
    found = None if case.is_open else Merge.objects.filter(case=case).select_related("into").first()
    if found is not None:
        raise Problem(
            "case-merged",
            _("This case went into %(number)s.") % {"number": found.into.number},
            status=409,
            detail=_("Act there, or take the two apart first."),
        )


def _both(case_id: UUID, into_id: UUID) -> tuple[Case, Case]:
    if case_id == into_id:
        raise _cannot(_("A case cannot go into itself."))
    # always in the same order, so that two people cannot block each other for ever
    locked = {one: changing.lock(one) for one in sorted((case_id, into_id))}
    return locked[case_id], locked[into_id]


def _check(case: Case, into: Case) -> None:
    if case.parent_id is not None or into.parent_id is not None or case.parts.exists():
        raise _cannot(_("Parts of a case, and cases that have parts, are not merged."))
    if case.confidential != into.confidential:
        raise _cannot(_("One of the two is confidential: its number would stand in the other."))
    if case.district != into.district:
        raise _cannot(_("The two belong to different districts."))
    if Merge.objects.filter(into=case).exists():
        raise _cannot(_("Other cases went into this one: let them go into the other first."))
    if custody.elsewhere([case.id, into.id]):
        raise _cannot(_("One of the two is at home on another installation; merge them there."))


def _cannot(detail: object) -> Problem:
    return Problem("case-not-merged", _("These two cannot be merged."), status=409, detail=detail)


def _definition(case: Case) -> Definition:
    return type_store.version(case.type_name, case.type_version).definition


def _end(kind: Definition, case: Case) -> str:
    """The state of a case that is not worked on any more: that of cancelling, where its type has one."""
    cancelled = [step.target for step in kind.transitions if step.means == "cancel"]
    final = [state.name for state in kind.states if state.final]
    return next(iter(cancelled or final), case.state)


def _start(into: Case, kind: Definition, made: CaseEvent, starts: Iterable[dt.datetime]) -> None:
    begin = min(starts)
    if begin != into.started_at:
        # the first stage began with the case itself
        if into.stage_since == into.started_at:
            into.stage_since = begin
        into.started_at = begin
        changing.set_clock(into, kind, made)


def _snapshot(case: Case) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in KEPT}
    return {name: one.isoformat() if isinstance(one, dt.datetime) else one for name, one in values.items()}


def _restore(case: Case, before: Mapping[str, Any]) -> None:
    for name in KEPT:
        value = before[name]
        if value is not None and name in {"closed_at", "sweep_at", "paused_since", "stage_since", "overdue_since"}:
            value = dt.datetime.fromisoformat(value)
        setattr(case, name, value)
