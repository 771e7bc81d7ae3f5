"""The same act for many cases at once, each for itself: what could not be done with one is told and holds up no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import acting, asking, changing, type_store
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.models import Account

MOST: Final = 200
TAKE, ASSIGN, COMMENT = "take", "assign", "comment"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case: its number and title as the person may see them, and what stood in the way."""

    case_id: UUID
    number: str
    title: str
    done: bool
    why: str = ""


def act_many(
    case_ids: Sequence[UUID], action: str, actor: Account, note: str = "", data: Mapping[str, Any] | None = None
) -> list[Result]:
    """Do the same with each of these cases, in the order given; a case twice is done once.

    Each has its own savepoint: errors as in `acting.act` stand in its result. Raises Problem 422 for none or too many.
    """
    ids = list(dict.fromkeys(case_ids))
    if not ids or len(ids) > MOST:
        raise changing.invalid("case", _("Choose from 1 to %(most)s cases.") % {"most": MOST})
    known = Case.objects.defer("search", "description", "evidence").in_bulk(ids)
    return [_one(case_id, known.get(case_id), action, actor, note, data or {}) for case_id in ids]


def _one(case_id: UUID, case: Case | None, action: str, actor: Account, note: str, data: Mapping[str, Any]) -> Result:
    number, title = (case.number, case.shown_title) if case else ("", "")
    try:
        with transaction.atomic():
            _do(case_id, action, actor, note, data)
    except Problem as problem:
        reasons = [str(problem.title), *(str(error.detail) for error in problem.errors)]
        return Result(case_id, number, title, done=False, why=" ".join(dict.fromkeys(reasons)))
    return Result(case_id, number, title, done=True)


def _do(case_id: UUID, action: str, actor: Account, note: str, data: Mapping[str, Any]) -> None:
    if action == COMMENT:
        acting.comment(case_id, actor, note)
    elif action == TAKE:
        acting.assign(case_id, actor.id, actor, note)
    elif action == ASSIGN:
        acting.assign(case_id, parse_id(str(data.get("assignee", ""))), actor, note)
    else:
        acting.act(case_id, action, actor, note, data)


def offered(cases: Sequence[Case], actor: Account) -> list[tuple[str, str]]:
    """Steps that this person may take with at least one of these cases and that ask for nothing but a note."""
    kinds = type_store.versions({(case.type_name, case.type_version) for case in cases})
    found: dict[str, str] = {}
    for case in cases:
        kind = kinds[case.type_name, case.type_version].definition
        for step in acting.possible(case, kind, actor):
            needs_photo = step.evidence is not None or "evidence" in step.requires
            if not needs_photo and not asking.of_step(step, kind):
                found.setdefault(step.name, in_language(step.title))
    return list(found.items())
