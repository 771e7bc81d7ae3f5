"""Drafts of case types: begun from a version, written, sent for review, published by somebody who wrote none of it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit
from onecity.kernel.cases import type_store
from onecity.kernel.cases.kinds import checking
from onecity.kernel.cases.logic.definition import DefinitionError, parse, to_data
from onecity.kernel.cases.models import CaseType, CaseTypeDraft
from onecity.kernel.cases.models.draft import DraftState
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

OPEN = (DraftState.DRAFT, DraftState.REVIEW)
NAME_LENGTH = 64


def open_draft(name: str) -> CaseTypeDraft | None:
    """The draft of a kind that may still be published, if there is one."""
    return CaseTypeDraft.objects.filter(name=name, state__in=OPEN).first()


@transaction.atomic
def begin(name: str, account: Account, definition: Mapping[str, Any] | None = None) -> CaseTypeDraft:
    """Begin a draft from the newest version, or the one that is open already; `definition` for a kind that is new or from
    a file. Raises Problem 422 for a name that cannot be and 409 where another definition waits already."""
    check_name(name)
    latest = CaseType.objects.filter(name=name).order_by("-version").first()
    content = definition if definition is not None else latest.definition if latest else None
    if content is None:
        raise type_store.unknown(name)
    open_one = open_draft(name)
    if open_one is not None:
        if definition is None or open_one.definition == dict(definition):
            return open_one
        raise _waiting()
    draft = CaseTypeDraft(
        name=name,
        based_on=latest.version if latest else 0,
        definition=dict(content),
        author_id=account.id,
        author_name=str(account),
        editors=[str(account.id)] if definition is not None else [],
        changed_at=now(),
    )
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as error:
        raise _waiting() from error
    _note("begin", draft, account)
    return draft


def check_name(name: str) -> None:
    """Raise Problem 422 for a short name that files and addresses cannot carry."""
    if not name.isidentifier() or not name.isascii() or len(name) > NAME_LENGTH:
        raise invalid("name", _("A short name has letters, digits and _ only, and begins with a letter."))


@transaction.atomic
def write(
    draft_id: UUID, account: Account, revision: int, definition: Mapping[str, Any], comment: str = ""
) -> CaseTypeDraft:
    """Save what the draft says, with mistakes or without. Raises Problem 409 where somebody wrote in between, or where it
    is no draft any more."""
    draft = _locked(draft_id)
    if draft.state != DraftState.DRAFT:
        raise _not_now(_("Only a draft that is being written can be changed; take it back from review first."))
    if draft.revision != revision:
        raise _not_now(_("Somebody else has changed this draft in the meantime."))
    if draft.definition != dict(definition) and str(account.id) not in draft.editors:
        draft.editors = [*draft.editors, str(account.id)]
    draft.definition, draft.comment = dict(definition), comment.strip()
    _save(draft)
    return draft


@transaction.atomic
def submit(draft_id: UUID, account: Account) -> CaseTypeDraft:
    """Send it for review; raises Problem 422 that names every mistake, and where it says nothing new."""
    draft = _locked(draft_id)
    if draft.state != DraftState.DRAFT:
        raise _not_now(_("This draft is not being written any more."))
    _check(draft)
    draft.state, draft.answer = DraftState.REVIEW, ""
    _save(draft)
    _note("submit", draft, account)
    return draft


@transaction.atomic
def send_back(draft_id: UUID, account: Account, answer: str = "") -> CaseTypeDraft:
    """Back to being written, with a word why."""
    draft = _locked(draft_id)
    if draft.state != DraftState.REVIEW:
        raise _not_now(_("This draft does not wait for review."))
    draft.state, draft.answer = DraftState.DRAFT, answer.strip()[:500]
    _save(draft)
    _note("send_back", draft, account)
    return draft


@transaction.atomic
def drop(draft_id: UUID, account: Account) -> CaseTypeDraft:
    """Give it up; it stays to be read."""
    draft = _locked(draft_id)
    if not draft.is_open:
        raise _not_now(_("This draft is finished already."))
    draft.state = DraftState.DROPPED
    _save(draft)
    _note("drop", draft, account)
    return draft


@transaction.atomic
def publish(draft_id: UUID, account: Account, effective_from: dt.datetime | None = None) -> CaseType:
    """Make it the next version, in force from now or from a later moment; running cases keep theirs.

    Raises Problem 403 for whoever wrote any of it, 409 where it does not wait for review or the kind got another version
    since the draft was begun, 422 for mistakes and for a moment that has passed.
    """
    draft = _locked(draft_id)
    if draft.state != DraftState.REVIEW:
        raise _not_now(_("This draft does not wait for review."))
    if str(account.id) in {*draft.editors, str(draft.author_id)}:
        raise Problem(
            "case-type-own-draft",
            _("Another person has to publish what you wrote."),
            status=403,
            detail=_("Ask a colleague who may publish case types to look at it."),
        )
    moment = now()
    if effective_from is not None and effective_from < moment:
        raise invalid("effective_from", _("This moment has passed. Cases that are open keep their version anyway."))
    latest = CaseType.objects.filter(name=draft.name).order_by("-version").values_list("version", flat=True).first()
    if (latest or 0) != draft.based_on:
        raise _not_now(_("The kind got another version since this draft was begun. Begin a new one from that."))
    definition = _check(draft)
    made = type_store.publish_definition(
        draft.name, parse(definition), effective_from=effective_from or moment, published_by_id=account.id
    )
    draft.state, draft.published_version = DraftState.PUBLISHED, made.version
    draft.reviewer_id, draft.reviewer_name = account.id, str(account)
    _save(draft)
    _note("publish", draft, account, version=made.version, effective_from=made.effective_from.isoformat())
    return made


def _check(draft: CaseTypeDraft) -> dict[str, Any]:
    found = checking.mistakes(draft.definition)
    if found:
        raise Problem(
            "case-type-invalid",
            _("This kind of case would not work yet."),
            status=422,
            errors=[FieldError(one.place, one.sentence) for one in found],
        )
    data = to_data(parse(draft.definition))
    base = CaseType.objects.filter(name=draft.name, version=draft.based_on).first()
    if base is not None and base.digest == type_store.digest_of(data):
        raise invalid("definition", _("The draft says the same as the version from which it was begun."))
    return data


def works(definition: Mapping[str, Any]) -> bool:
    """Whether it can be read at all, so that it can be drawn."""
    try:
        parse(definition)
    except DefinitionError:
        return False
    return True


def invalid(name: str, detail: object) -> Problem:
    """422 for one thing that is wrong."""
    return Problem("case-type-invalid", _("This cannot be done yet."), status=422, errors=[FieldError(name, detail)])


def _locked(draft_id: UUID) -> CaseTypeDraft:
    draft = CaseTypeDraft.objects.select_for_update().filter(id=draft_id).first()
    if draft is None:
        raise not_found()
    return draft


def not_found() -> Problem:
    """The problem for a draft that is not there."""
    return Problem("case-type-draft-unknown", _("There is no such draft."), status=404)


def _waiting() -> Problem:
    return _not_now(_("Another draft of this kind is open. Finish it or give it up first."))


def _not_now(title: object) -> Problem:
    return Problem(
        "case-type-draft-changed", title, status=409, detail=_("Nothing of yours was saved; load the page again.")
    )


def _save(draft: CaseTypeDraft) -> None:
    draft.revision += 1
    draft.changed_at = now()
    draft.save()


def _note(what: str, draft: CaseTypeDraft, account: Account, **detail: Any) -> None:
    audit.record(
        f"cases.types.{what}",
        actor_id=account.id,
        object_type="case_type",
        object_id=draft.name,
        detail={"draft": str(draft.id), **detail},
    )
