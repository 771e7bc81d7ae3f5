"""Versions on their way: begun, written, sent for review, reviewed by a second person, published from a day; and whether an
item is in use, suspended or cancelled. What is published never changes; running cases keep the version they began with."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.items import checking, store
from onecity.domains.services.items.models import ItemVersion, ServiceItem, Sort, Status, VersionState
from onecity.kernel.access import audit
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

# called within the same transaction with each version that was published: applying publishes the kind of case that it is
Announced = Callable[[ItemVersion], None]
_ANNOUNCED: list[Announced] = []


def announce_to(whom: Announced) -> None:
    """Tell of every version that is published, once, in its own transaction."""
    if whom not in _ANNOUNCED:
        _ANNOUNCED.append(whom)


def open_version(entry: ServiceItem) -> ItemVersion | None:
    """The version that may still be published, if there is one."""
    return entry.versions.filter(state__in=ItemVersion.open_states).first()


def latest(entry: ServiceItem) -> ItemVersion | None:
    """The newest published version."""
    return entry.versions.filter(state=VersionState.PUBLISHED).order_by("-number").first()


@transaction.atomic
def begin(sort: Sort, code: str, account: Account, content: Mapping[str, Any] | None = None) -> ItemVersion:
    """Begin a draft from the newest version, or give back the one that is open; `content` for what is new or from a file.

    Raises Problem 404 for an unknown code without content, 409 where another draft waits with other words.
    """
    entry = ServiceItem.objects.filter(sort=sort, code=code).first()
    if entry is None:
        if content is None:
            raise store.unknown()
        entry = ServiceItem.objects.create(sort=sort, code=code, department=department_of(sort, content))
    waiting = open_version(entry)
    if waiting is not None:
        if content is None or waiting.content == dict(content):
            return waiting
        raise _not_now(_("Another draft of this is open. Finish it or give it up first."))
    base = latest(entry)
    found = content if content is not None else base.content if base else {}
    draft = ItemVersion(
        item=entry,
        based_on=(base.number or 0) if base else 0,
        content=dict(found),
        author_id=account.id,
        author_name=str(account),
        editors=[str(account.id)] if content is not None else [],
        changed_at=now(),
    )
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as error:
        raise _not_now(_("Another draft of this is open. Finish it or give it up first.")) from error
    _note("begin", draft, account.id)
    return draft


@transaction.atomic
def write(
    version_id: UUID, account: Account, revision: int, content: Mapping[str, Any], comment: str = ""
) -> ItemVersion:
    """Save what a draft says, with mistakes or without. Raises Problem 409 where somebody wrote in between."""
    draft = _locked(version_id)
    if draft.state != VersionState.DRAFT:
        raise _not_now(_("Only a draft that is being written can be changed; take it back from review first."))
    if draft.revision != revision:
        raise _not_now(_("Somebody else has changed this draft in the meantime."))
    if draft.content != dict(content) and str(account.id) not in draft.editors:
        draft.editors = [*draft.editors, str(account.id)]
    draft.content, draft.comment = dict(content), comment.strip()[:500]
    _save(draft)
    return draft


@transaction.atomic
def submit(version_id: UUID, account: Account) -> ItemVersion:
    """Send it for review; raises Problem 422 that names every mistake, and where it says nothing new."""
    draft = _locked(version_id)
    if draft.state != VersionState.DRAFT:
        raise _not_now(_("This draft is not being written any more."))
    _check(draft)
    draft.state, draft.answer = VersionState.REVIEW, ""
    _save(draft)
    _note("submit", draft, account.id)
    return draft


@transaction.atomic
def send_back(version_id: UUID, account: Account, answer: str = "") -> ItemVersion:
    """Back to being written, with a word why."""
    draft = _locked(version_id)
    if draft.state not in {VersionState.REVIEW, VersionState.REVIEWED}:
        raise _not_now(_("This draft does not wait for review."))
    draft.state, draft.answer = VersionState.DRAFT, answer.strip()[:500]
    draft.reviewer_id, draft.reviewer_name = None, ""
    _save(draft)
    _note("send_back", draft, account.id)
    return draft


@transaction.atomic
def approve(version_id: UUID, account: Account) -> ItemVersion:
    """A second person has looked at it; raises Problem 403 for whoever wrote any of it."""
    draft = _locked(version_id)
    if draft.state != VersionState.REVIEW:
        raise _not_now(_("This draft does not wait for review."))
    _another(draft, account)
    _check(draft)
    draft.state, draft.reviewer_id, draft.reviewer_name = VersionState.REVIEWED, account.id, str(account)
    _save(draft)
    _note("approve", draft, account.id)
    return draft


@transaction.atomic
def drop(version_id: UUID, account: Account) -> ItemVersion:
    """Give it up; it stays to be read."""
    draft = _locked(version_id)
    if not draft.is_open:
        raise _not_now(_("This draft is finished already."))
    draft.state = VersionState.DROPPED
    _save(draft)
    _note("drop", draft, account.id)
    return draft


@transaction.atomic
def publish(version_id: UUID, account: Account, effective_from: dt.datetime | None = None) -> ItemVersion:
    """Make a reviewed draft the next version, in force from now or from a later moment.

    Raises Problem 403 for whoever wrote any of it, 409 where it was not reviewed or another version came in between, 422
    for mistakes and for a moment that has passed.
    """
    draft = _locked(version_id)
    if draft.state != VersionState.REVIEWED:
        raise _not_now(_("This draft was not reviewed yet."))
    _another(draft, account)
    moment = now()
    if effective_from is not None and effective_from < moment:
        raise invalid("effective_from", _("This moment has passed. Cases that are open keep their version anyway."))
    base = latest(draft.item)
    if (base.number if base else 0) != draft.based_on:
        raise _not_now(_("Another version was published since this draft was begun. Begin a new one from that."))
    _check(draft)
    draft.published_by_id = account.id
    _publish(draft, effective_from or moment)
    _note("publish", draft, account.id, number=draft.number, effective_from=draft.effective_from)
    return draft


@transaction.atomic
def install(sort: Sort, code: str, content: Mapping[str, Any], *, effective_from: dt.datetime | None = None) -> bool:
    """Publish what comes with the platform, unless the newest version says the same, or people published it: an update does
    not undo a district's own words. Returns whether anything was written."""
    entry, _made = ServiceItem.objects.get_or_create(
        sort=sort, code=code, defaults={"department": department_of(sort, content)}
    )
    base = latest(entry)
    if base is not None and (base.published_by_id is not None or base.digest == store.digest_of(content)):
        return False
    store.parse(sort, content)
    version = ItemVersion(item=entry, based_on=(base.number or 0) if base else 0, content=dict(content))
    _publish(version, effective_from or now())
    return True


def digests() -> dict[tuple[str, str], str]:
    """The digest of the newest published version of everything, by sort and code."""
    newest = ItemVersion.objects.filter(state=VersionState.PUBLISHED).order_by("item_id", "-number").distinct("item_id")
    return {(sort, code): digest for sort, code, digest in newest.values_list("item__sort", "item__code", "digest")}


@transaction.atomic
def set_status(entry_id: UUID, account: Account, status: Status, note: Mapping[str, str]) -> ServiceItem:
    """Suspend, cancel or use it again, with the reason that people read; raises Problem 422 where the reason is missing."""
    entry = ServiceItem.objects.select_for_update().filter(id=entry_id).first()
    if entry is None:
        raise store.unknown()
    if status != Status.IN_USE and not note.get("zh", "").strip():
        raise invalid("note", _("Say why, for those who read it."))
    entry.status, entry.status_note, entry.status_since = status, dict(note), now()
    entry.save(update_fields=["status", "status_note", "status_since"])
    audit.record(
        "services.items.status", actor_id=account.id, object_type="service_item", object_id=entry.code,
        detail={"status": status.value, "note": dict(note)},
    )  # fmt: skip
    return entry


def department_of(sort: Sort, content: Mapping[str, Any]) -> str:
    """The department in charge, as a content names it."""
    if sort == Sort.BUNDLE:
        return str(content.get("lead", ""))[:40]
    authority = content.get("authority")
    return str(authority.get("department", ""))[:40] if isinstance(authority, Mapping) else ""


def _publish(version: ItemVersion, effective_from: dt.datetime) -> None:
    newest = version.item.versions.aggregate(newest=Max("number"))["newest"]
    version.number, version.state = (newest or 0) + 1, VersionState.PUBLISHED
    version.digest = store.digest_of(version.content)
    version.effective_from, version.published_at = effective_from, now()
    _save(version)
    department = department_of(Sort(version.item.sort), version.content)
    if department and department != version.item.department:
        version.item.department = department
        version.item.save(update_fields=["department"])
    for told in _ANNOUNCED:
        told(version)


def _check(draft: ItemVersion) -> None:
    found = [one for one in checking.of_content(Sort(draft.item.sort), draft.content) if one.weight == "mistake"]
    if found:
        raise Problem(
            "service-item-invalid",
            _("This would not work yet."),
            status=422,
            errors=[FieldError(one.place, one.sentence) for one in found],
        )
    base = latest(draft.item)
    if base is not None and base.digest == store.digest_of(draft.content):
        raise invalid("content", _("The draft says the same as the version from which it was begun."))


def _another(draft: ItemVersion, account: Account) -> None:
    if str(account.id) in {*draft.editors, str(draft.author_id)}:
        raise Problem(
            "service-item-own-draft",
            _("Another person has to review what you wrote."),
            status=403,
            detail=_("Ask a colleague who may publish service items to look at it."),
        )


def invalid(name: str, detail: object) -> Problem:
    """422 for one thing that is wrong."""
    return Problem("service-item-invalid", _("This cannot be done yet."), status=422, errors=[FieldError(name, detail)])


def _locked(version_id: UUID) -> ItemVersion:
    found = ItemVersion.objects.select_for_update(of=("self",)).select_related("item").filter(id=version_id).first()
    if found is None:
        raise Problem("service-draft-unknown", _("There is no such draft."), status=404)
    return found


def _not_now(title: object) -> Problem:
    return Problem(
        "service-draft-changed", title, status=409, detail=_("Nothing of yours was saved; load the page again.")
    )


def _save(version: ItemVersion) -> None:
    version.revision += 1
    version.changed_at = now()
    version.save()


def _note(what: str, draft: ItemVersion, actor_id: UUID, **detail: Any) -> None:
    audit.record(
        f"services.items.{what}",
        actor_id=actor_id,
        object_type=f"service_{draft.item.sort}",
        object_id=draft.item.code,
        detail={"draft": str(draft.id), **{key: str(value) for key, value in detail.items()}},
    )
