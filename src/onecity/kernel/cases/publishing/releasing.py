"""Words and photos that a person releases for everybody: looked at one by one, withdrawn as easily, both in the history."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.cases import acting, changing, permissions, type_store
from onecity.kernel.cases.models import Attachment, Case, Release
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

LONGEST_WORDS: Final = 2000


@transaction.atomic
def release_words(case_id: UUID, account: Account, text: str) -> Release:
    """Publish these words of a case in place of those published before. Raises Problem 404, 403, 409 (its kind publishes no
    words), 422 without any."""
    case = _publishable(case_id, account)
    words = text.strip()
    if not words or len(words) > LONGEST_WORDS or "\0" in words:
        raise changing.invalid("text", _("Write what everybody may read, in at most 2,000 characters."))
    for old in _active(case).filter(attachment__isnull=True):
        _end(old, account)
    made = Release.objects.create(case=case, text=words, by_id=account.id, by_name=str(account))
    _note("published", case, account, words)
    return made


@transaction.atomic
def release_photo(case_id: UUID, attachment_id: UUID, account: Account) -> Release:
    """Publish one photo of a case; published already, it stays so. Errors as above; 422 for what is no photo."""
    case = _publishable(case_id, account)
    photo = Attachment.objects.filter(id=attachment_id, case=case, width__isnull=False).first()
    if photo is None:
        raise changing.invalid("photo", _("This is no photo of this case."))
    known = _active(case).filter(attachment=photo).first()
    if known is not None:
        return known
    made = Release.objects.create(case=case, attachment=photo, by_id=account.id, by_name=str(account))
    _note("published", case, account, photo.name)
    return made


@transaction.atomic
def withdraw(case_id: UUID, release_id: UUID, account: Account) -> None:
    """Take back what was released; withdrawn already, nothing happens. Raises Problem 404, 403."""
    case = _locked(case_id, account)
    found = Release.objects.filter(id=release_id, case=case).first()
    if found is None:
        raise changing.not_found()
    if found.withdrawn_at is None:
        _end(found, account)
        _note("withdrawn", case, account, found.text or (found.attachment.name if found.attachment else ""))


def of_case(case: Case) -> tuple[Release | None, dict[UUID, Release]]:
    """What is released now: the words, and photos by their attachment."""
    rows = list(_active(case))
    words = next((row for row in rows if row.attachment_id is None), None)
    return words, {row.attachment_id: row for row in rows if row.attachment_id is not None}


def _active(case: Case) -> QuerySet[Release]:
    return Release.objects.filter(case=case, withdrawn_at__isnull=True)


def _publishable(case_id: UUID, account: Account) -> Case:
    case = _locked(case_id, account)
    kind = type_store.version(case.type_name, case.type_version).definition
    if not kind.published or kind.publication != "words":
        raise Problem("case-not-public", _("Words and photos of this kind of case are not published."), status=409)
    return case


def _locked(case_id: UUID, account: Account) -> Case:
    case = changing.lock(case_id)
    changing.require(case, account, permissions.VIEW)
    policy.require(account, permissions.PUBLISH, case.division_path)
    return case


def _end(release: Release, account: Account) -> None:
    release.withdrawn_by_id, release.withdrawn_at = account.id, now()
    release.save(update_fields=["withdrawn_by_id", "withdrawn_at"])


def _note(action: str, case: Case, account: Account, what: str) -> None:
    acting.append(case.id, action, account, what, {})
    audit.record(
        f"cases.{action}",
        actor_id=account.id,
        object_type="case",
        object_id=case.id,
        division_path=case.division_path,
    )
