"""Running cases moved to another version of their kind: looked at first, then in batches, each with its entry.

A case that was moved follows the new version, so it is not found again: a batch that is sent twice moves nothing twice,
and whoever was interrupted goes on where it stopped. Cases whose history is written on another installation stay.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.cases import announcing, calendars, changing, custody, permissions, type_store, visibility
from onecity.kernel.cases.logic import deadline, ledger
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.core.calendar import WorkingCalendar
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

ACTION: Final = "migrate"
BATCH: Final = 200
SHOWN: Final = 100
Mapped = Mapping[tuple[int, str], str]


@dataclass(frozen=True)
class Plan:
    """What is meant: cases of `name` that follow another version than `target`, and the state in which each one goes on,
    by the version that it follows now and its state there."""

    name: str
    target: int
    states: Mapped


@dataclass(frozen=True)
class Moved:
    """What would happen to one case: its state and due time before and after."""

    case: Case
    from_version: int
    from_state: str
    to_state: str
    due_before: dt.datetime | None
    due_after: dt.datetime | None

    @property
    def due_changes(self) -> bool:
        """Whether it would be due at another time."""
        return self.due_before != self.due_after


@dataclass(frozen=True)
class Preview:
    """The first cases as they would be, how many there are, how many of those looked at change their due time, and how
    many are not in the caller's reach."""

    rows: Sequence[Moved]
    total: int
    changing: int
    elsewhere: int


def meant(plan: Plan, account: Account) -> Mapping[tuple[int, str], int]:
    """How many running cases of each other version and state would be moved, of those the account may see."""
    found: dict[tuple[int, str], int] = defaultdict(int)
    for version, state in _cases(plan, account).values_list("type_version", "state"):
        found[version, state] += 1
    return dict(sorted(found.items()))


def usual(plan: Plan, account: Account, definition: Definition) -> Mapped:
    """The state of the same name where there is one; where there is none, somebody has to say."""
    names = [state.name for state in definition.states]
    return {key: key[1] if key[1] in names else "" for key in meant(plan, account)}


def preview(plan: Plan, account: Account) -> Preview:
    """What would happen, with due times before and after; nothing is written. Raises Problem 422 as `move` does."""
    definition = _checked(plan, account)
    wanted = _cases(plan, account)
    cases = list(wanted.order_by("id")[:SHOWN])
    away = custody.elsewhere([case.id for case in cases]) if cases else set()
    rows = _planned([case for case in cases if case.id not in away], plan, definition)
    return Preview(rows, wanted.count(), sum(row.due_changes for row in rows), len(away))


@transaction.atomic
def move(plan: Plan, account: Account, note: str = "", most: int = BATCH) -> tuple[int, int]:
    """Move at most so many cases; returns how many were moved and how many are left.

    Each gets an entry `migrate` with both versions and due times. Raises Problem 403 without the right to publish kinds
    there, 422 where a state has no place in the new version.
    """
    definition = _checked(plan, account)
    changing.check_note(note)
    wanted = _cases(plan, account)
    ids = list(wanted.order_by("id").values_list("id", flat=True))
    away = custody.elsewhere(ids) if ids else set()
    left = [one for one in ids if one not in away]
    chosen = left[:most]
    cases = list(Case.objects.select_for_update().defer("search").filter(id__in=chosen).order_by("id"))
    cases = [case for case in cases if case.is_open and case.type_version != plan.target]
    for path in {case.division_path for case in cases}:
        policy.require(account, permissions.MANAGE, path)
    # the state may be another one since the ids were read; what was not mapped waits for the next look
    cases = [case for case in cases if plan.states.get((case.type_version, case.state))]
    for moved in _planned(cases, plan, definition):
        _write(moved, plan, definition, account, note)
    if cases:
        announcing.changed_together(cases, ACTION)
        audit.record(
            "cases.types.migrate",
            actor_id=account.id,
            object_type="case_type",
            object_id=plan.name,
            detail={"to": plan.target, "cases": len(cases)},
        )
    return len(cases), len(left) - len(cases)


def _cases(plan: Plan, account: Account) -> QuerySet[Case]:
    rows = Case.objects.filter(type_name=plan.name, closed_at__isnull=True).exclude(type_version=plan.target)
    return visibility.visible(rows.defer("search"), account)


def _checked(plan: Plan, account: Account) -> Definition:
    definition = type_store.version(plan.name, plan.target).definition
    known = {state.name: state for state in definition.states}
    errors = []
    for version, state in meant(plan, account):
        goes_on = known.get(plan.states.get((version, state), ""))
        if goes_on is None:
            errors.append(FieldError(f"state.{version}.{state}", _("Say in which state such cases go on.")))
        elif goes_on.final:
            errors.append(
                FieldError(f"state.{version}.{state}", _("A running case cannot go on in a state that ends it."))
            )
    if errors:
        raise Problem("case-migration", _("These cases cannot be moved yet."), status=422, errors=errors)
    return definition


def _planned(cases: Sequence[Case], plan: Plan, definition: Definition) -> list[Moved]:
    entries = _ledgers(cases)
    calendar = calendars.office()
    stages = {state.name: state.stage for state in definition.states}
    found = []
    for case in cases:
        state = plan.states[case.type_version, case.state]
        after = None
        if case.paused_since is None:
            after = _due(case, definition, stages[state], entries[case.id], calendar).deadline
        found.append(Moved(case, case.type_version, case.state, state, case.deadline, after))
    return found


def _due(
    case: Case, definition: Definition, stage: str, entries: Sequence[ledger.Entry], calendar: WorkingCalendar
) -> deadline.Due:
    return deadline.due(
        definition.limits,
        case.severity,
        stage=stage,
        stage_since=case.stage_since,
        opened_at=case.started_at,
        calendar=calendar,
        ledger=entries,
        ladder=definition.ladder,
    )


def _ledgers(cases: Sequence[Case]) -> dict[UUID, list[ledger.Entry]]:
    started = {case.id: case.started_at for case in cases}
    rows = CaseEvent.objects.filter(case_id__in=list(started), action__in=ledger.KINDS).order_by("case_id", "version")
    told: dict[UUID, list[tuple[str, dt.datetime, Mapping[str, object]]]] = {one: [] for one in started}
    for case_id, action, at, data in rows.values_list("case_id", "action", "at", "data"):
        if at >= started[case_id]:
            told[case_id].append((action, at, data))
    return {one: ledger.read(entries) for one, entries in told.items()}


def _write(moved: Moved, plan: Plan, definition: Definition, account: Account, note: str) -> None:
    case = moved.case
    data = {
        "from_version": moved.from_version,
        "to_version": plan.target,
        "due_before": moved.due_before.isoformat() if moved.due_before else None,
        "due_after": moved.due_after.isoformat() if moved.due_after else None,
    }
    made = changing.entry(case, account, ACTION, note, data, to_state=moved.to_state)
    review_at = case.sweep_at
    case.type_version, case.state = plan.target, moved.to_state
    case.stage = definition.state(moved.to_state).stage
    changing.set_clock(case, definition, made)
    if case.paused_since is not None:
        case.sweep_at = review_at
    changing.save(case, made)
