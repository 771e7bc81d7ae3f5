"""Drafts of the formula: begun from the newest version, reviewed and published by somebody who wrote none of it.

A formula holds from a day on that has not begun before today, so that every past day keeps the one by which it was
computed.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit
from onecity.kernel.cases import calendars
from onecity.kernel.cases.models import ScoreFormula
from onecity.kernel.cases.models.draft import DraftState
from onecity.kernel.cases.scoring.formulas import content_of, formulas, of_row
from onecity.kernel.cases.scoring.logic import checking
from onecity.kernel.cases.scoring.logic.card import Formula
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

OPEN: Final = (DraftState.DRAFT, DraftState.REVIEW)
SENTENCES: Final[Mapping[str, object]] = {
    "weight": _("A weight is a number from 0 to 1,000."),
    "nothing": _("At least one weight has to be more than nothing."),
    "share": _("A rating counts from 0 to 1."),
    "deduction": _("A deduction is a number from 0 to 1,000."),
    "group": _("Each group has a name of its own, and no level stands in two of them."),
    "rest": _("Only one group can take all other offices."),
    "results": _("Say which results count as settled."),
    "solved": _("What counts as solved has to count as settled, too."),
    "unread": _("This cannot be read as a formula."),
}


def open_draft() -> ScoreFormula | None:
    """The draft that may still be published, if there is one."""
    return ScoreFormula.objects.filter(state__in=OPEN).first()


@transaction.atomic
def begin(account: Account) -> ScoreFormula:
    """Begin a draft from the newest version, or the one that is open already."""
    known = open_draft()
    if known is not None:
        return known
    draft = ScoreFormula(
        content=content_of(formulas()[-1]), author_id=account.id, author_name=str(account), changed_at=now()
    )
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as error:
        raise _not_now(_("Another draft of the formula is open.")) from error
    _note("begin", draft, account)
    return draft


@transaction.atomic
def write(
    draft_id: UUID, account: Account, revision: int, content: Mapping[str, Any], comment: str = ""
) -> ScoreFormula:
    """Save what the draft says, with mistakes or without. Raises Problem 409 where somebody wrote in between."""
    draft = _locked(draft_id)
    if draft.state != DraftState.DRAFT:
        raise _not_now(_("Only a draft that is being written can be changed; take it back from review first."))
    if draft.revision != revision:
        raise _not_now(_("Somebody else has changed this draft in the meantime."))
    if str(account.id) not in draft.editors:
        draft.editors = [*draft.editors, str(account.id)]
    draft.content, draft.comment = dict(content), comment.strip()[:500]
    _save(draft)
    return draft


@transaction.atomic
def submit(draft_id: UUID, account: Account) -> ScoreFormula:
    """Send it for review; raises Problem 422 that names every mistake, and where it says nothing new."""
    draft = _locked(draft_id)
    if draft.state != DraftState.DRAFT:
        raise _not_now(_("This draft is not being written any more."))
    check(draft)
    draft.state, draft.answer = DraftState.REVIEW, ""
    _save(draft)
    _note("submit", draft, account)
    return draft


@transaction.atomic
def send_back(draft_id: UUID, account: Account, answer: str = "") -> ScoreFormula:
    """Back to being written, with a word why."""
    draft = _locked(draft_id)
    if draft.state != DraftState.REVIEW:
        raise _not_now(_("This draft does not wait for review."))
    draft.state, draft.answer = DraftState.DRAFT, answer.strip()[:500]
    _save(draft)
    _note("send_back", draft, account)
    return draft


@transaction.atomic
def drop(draft_id: UUID, account: Account) -> ScoreFormula:
    """Give it up; it stays to be read."""
    draft = _locked(draft_id)
    if not draft.is_open:
        raise _not_now(_("This draft is finished already."))
    draft.state = DraftState.DROPPED
    _save(draft)
    _note("drop", draft, account)
    return draft


@transaction.atomic
def publish(draft_id: UUID, account: Account, effective_from: dt.date) -> ScoreFormula:
    """Let it hold from a day on. Raises Problem 403 for whoever wrote any of it, 409 where it does not wait for review, 422
    for a day that is over or on which another one begins."""
    draft = _locked(draft_id)
    if draft.state != DraftState.REVIEW:
        raise _not_now(_("This draft does not wait for review."))
    if str(account.id) in {*draft.editors, str(draft.author_id)}:
        raise Problem(
            "formula-own-draft",
            _("Another person has to publish what you wrote."),
            status=403,
            detail=_("Ask a colleague who may change formulas to look at it."),
        )
    if effective_from < today():
        raise invalid("effective_from", _("This day is over: what was computed for it stays. Choose today or later."))
    if any(one.effective_from == effective_from.isoformat() for one in formulas()):
        raise invalid("effective_from", _("Another formula begins on this day. Choose another one."))
    check(draft)
    draft.state, draft.effective_from = DraftState.PUBLISHED, effective_from
    draft.reviewer_id, draft.reviewer_name = account.id, str(account)
    _save(draft)
    _note("publish", draft, account, effective_from=effective_from.isoformat())
    return draft


def check(draft: ScoreFormula) -> Formula:
    """The formula of a draft; raises Problem 422 that names every mistake, or where it is the newest one again."""
    found = mistakes(draft)
    if found:
        raise Problem(
            "formula-invalid",
            _("This formula would not work yet."),
            status=422,
            errors=[FieldError(place, sentence) for place, sentence in found],
        )
    formula = of_row(draft)
    if content_of(formula) == content_of(formulas()[-1]):
        raise invalid("weights", _("The draft says the same as the newest formula."))
    return formula


def mistakes(draft: ScoreFormula) -> list[tuple[str, object]]:
    """Place and sentence of everything that is wrong with a draft."""
    try:
        formula = of_row(draft)
    except msgspec.ValidationError:
        return [("content", SENTENCES["unread"])]
    return [(place, SENTENCES[key]) for place, key in checking.mistakes(formula)]


def today() -> dt.date:
    """The day that it is in the district."""
    return now().astimezone(calendars.office().zone).date()


def find(draft_id: UUID) -> ScoreFormula:
    """A draft or version; raises Problem 404."""
    found = ScoreFormula.objects.filter(id=draft_id).first()
    if found is None:
        raise _unknown()
    return found


def invalid(name: str, detail: object) -> Problem:
    """422 for one thing that is wrong."""
    return Problem("formula-invalid", _("This cannot be done yet."), status=422, errors=[FieldError(name, detail)])


def _locked(draft_id: UUID) -> ScoreFormula:
    found = ScoreFormula.objects.select_for_update().filter(id=draft_id).first()
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Problem:
    return Problem("formula-unknown", _("There is no such draft."), status=404)


def _not_now(title: object) -> Problem:
    return Problem("formula-changed", title, status=409, detail=_("Nothing of yours was saved; load the page again."))


def _save(draft: ScoreFormula) -> None:
    draft.revision += 1
    draft.changed_at = now()
    draft.save()


def _note(what: str, draft: ScoreFormula, account: Account, **detail: Any) -> None:
    audit.record(
        f"cases.formula.{what}",
        actor_id=account.id,
        object_type="score_formula",
        object_id=draft.id,
        detail=detail,
    )
