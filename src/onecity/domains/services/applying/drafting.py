"""Writes drafts: begun or gone on with, filled from registers, answered screen by screen, with promises, corrections, files."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import asking, holdings, offers, parties
from onecity.domains.services.applying.asking import Errand
from onecity.domains.services.applying.logic import facts, fields, resolving
from onecity.domains.services.applying.logic.resolving import Fetched, Resolved, Supply
from onecity.domains.services.applying.models import Draft, DraftState
from onecity.domains.services.applying.parties import Party
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.items.logic.tables import Deciding
from onecity.domains.services.items.store import Published
from onecity.kernel.cases import answers, attachments
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.logic.provisions import Form
from onecity.kernel.core import pictures
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.files import keep_whole
from onecity.kernel.people.models import Account
from onecity.kernel.rules.decisions.region import Value

# what a register said is asked anew when it is older
FRESH: Final = dt.timedelta(hours=24)
WINDOW: Final = "window"
MOST_FILES: Final = 5
LONGEST_DISPUTE: Final = 500


@dataclass(frozen=True)
class Work:
    """A draft with everything that belongs to it."""

    draft: Draft
    published: Published
    party: Party
    inputs: tuple[str, ...]

    @property
    def item(self) -> Item:
        """The item in the version that the draft reads."""
        return self.published.item

    @property
    def fetched(self) -> dict[str, Fetched]:
        """What registers answered."""
        return {name: msgspec.convert(one, Fetched) for name, one in self.draft.fetched.items()}

    @property
    def facts(self) -> dict[str, Any]:
        """Everything that is known: what registers answered, and what was said."""
        return {**asking.known_facts(self.fetched), **self.draft.answers}


@transaction.atomic
def begin(
    account: Account, code: str, principal_id: UUID | None = None, channel: str = "web", *, bundle: bool = False
) -> Draft:
    """Begin a draft, or go on with the one that is open; registers are asked at once, as far as no consent is needed.

    Raises Problem 404 for an unknown item, 403 where nobody knows who applies or he may not act for the party, 409 where
    the item is suspended or not for such a party.
    """
    published = offers.offer(code, bundle=bundle)
    party = _party(account, principal_id, code, channel)
    check_offered(published, party)
    values = {"account_id": account.id, "principal_id": party.identity.id, "item_code": code, "bundle": bundle}
    found = Draft.objects.filter(**values, state=DraftState.OPEN).first()
    if found is None:
        try:
            with transaction.atomic():
                found = Draft.objects.create(**values, item_number=published.number, channel=channel)
        except IntegrityError:
            # the button was pressed twice: the other one was first
            found = Draft.objects.get(**values, state=DraftState.OPEN)
    work = _work(found, account)
    refresh(work, account)
    _prefill(work)
    return found


def _party(account: Account, principal_id: UUID | None, code: str, channel: str) -> Party:
    """For whom: at the window whoever stands there, else himself or who gave a mandate."""
    if channel == WINDOW and principal_id is not None:
        return parties.at_counter(account, principal_id)
    return parties.party(account, principal_id, code)


def check_offered(published: Published, party: Party) -> None:
    """Raise Problem 409 where nobody can apply for an item now, or not such a party."""
    item = published.item
    if not published.in_use or not (item.channels.online or party.kind == "counter"):
        raise Problem(
            "service-not-offered",
            _("This cannot be applied for now."),
            status=409,
            detail=published.status_note.get("zh", "") or _("Look at its page for the reason, or call 12345."),
        )
    for_companies = any(code != "1" for code in item.audience)
    if (party.sort == "person" and not item.for_persons) or (party.sort == "company" and not for_companies):
        raise Problem(
            "service-other-party",
            _("This is for companies.") if party.sort == "person" else _("This is for persons."),
            status=409,
            detail=_("Change at the top for whom you act."),
        )


def open_draft(draft_id: UUID, account: Account, *, lock: bool = False) -> Work:
    """A draft that is still open, with its item; raises Problem 404 for any other account's, 409 for one that was sent."""
    rows = Draft.objects.select_for_update() if lock else Draft.objects.all()
    draft = rows.filter(id=draft_id, account_id=account.id).first()
    if draft is None:
        raise Problem("draft-unknown", _("There is no such draft among yours."), status=404)
    return _work(draft, account)


def _work(draft: Draft, account: Account) -> Work:
    party = _party(account, draft.principal_id, draft.item_code, draft.channel)
    published = offers.version(draft.item_code, draft.item_number, bundle=draft.bundle)
    if draft.state == DraftState.OPEN:
        current = offers.offer(draft.item_code, bundle=draft.bundle)
        if current.number != draft.item_number:
            # what was said stays; what the new version asks beyond that is asked
            draft.item_number, published = current.number, current
            _save(draft)
    return Work(draft, published, party, offers.inputs(draft.item_code, published.item, bundle=draft.bundle))


def refresh(work: Work, account: Account, *, force: bool = False) -> None:
    """Ask the registers, where they were not asked or too long ago; what fails is asked for as a paper."""
    oldest = now() - FRESH
    known = work.fetched
    wanted = facts.asked_of_registers(work.item, work.inputs)
    stale = force or any(
        name not in known
        or known[name].failure not in {"", "not-found"}
        or dt.datetime.fromisoformat(known[name].at) < oldest
        or not set(fields) <= known[name].values.keys() | (set(fields) if known[name].failure else set())
        for name, fields in wanted.items()
    )
    if not stale:
        return
    errand = Errand(work.item, work.inputs, work.draft.id)
    found = asking.fetch(errand, work.party, account, work.draft.consents)
    work.draft.fetched = {name: msgspec.to_builtins(one) for name, one in found.items()}
    _save(work.draft)


def _prefill(work: Work) -> None:
    """Fill the form with what registers know, where nothing was said yet."""
    known = work.facts
    said = {**prefilled(work.item, known), **work.draft.answers}
    situations = facts.fitting(work.item.situations, {**known, **said})
    if not work.draft.situation and situations and (len(situations) == 1 or situations[0].when):
        work.draft.situation = situations[0].key
    work.draft.answers = said
    _save(work.draft)


def prefilled(item: Item, known: Mapping[str, Any]) -> dict[str, Any]:
    """What registers know of an item's form."""
    said = {}
    for name, one in facts.properties(item.form).items():
        value = known.get(str(one.get("x-prefill", "")))
        if value is not None and value != "":
            said[name] = fields.filled(one, value)
    return said


def values_of(table: Deciding, known: Mapping[str, Any]) -> dict[str, Value | None]:
    """The values that a table looks at, as it takes them."""
    return {one.name: facts.typed(known.get(one.name), one.kind) for one in table.table.inputs}


def agree(work: Work, account: Account, registers: Iterable[str]) -> None:
    """The applicant lets these registers be asked for what is sensitive; they are asked at once."""
    needed = set(asking.consents_needed(work.item, work.inputs))
    work.draft.consents = sorted({*work.draft.consents, *(set(registers) & needed)})
    refresh(work, account, force=True)
    _prefill(work)


def choose(work: Work, situation: str) -> None:
    """Choose the situation; raises Problem 422 for one that the item has not, or that what is known rules out."""
    if situation not in {one.key for one in facts.fitting(work.item.situations, work.facts)}:
        raise _wrong("situation", _("Choose one of the situations."))
    work.draft.situation = situation
    _save(work.draft)


def choose_parts(work: Work, chosen: Iterable[str]) -> None:
    """Choose which optional parts of a bundle to apply for."""
    work.draft.parts = sorted(set(chosen))
    _save(work.draft)


def answer(work: Work, names: Sequence[str], given: Mapping[str, Any]) -> None:
    """Keep what was said on one screen; raises Problem 422 with every mistake at its field, and keeps nothing then."""
    said = {**work.draft.answers, **{name: given[name] for name in names if name in given}}
    for name in names:
        if name in given and given[name] in {None, ""}:
            said.pop(name, None)
    wrong = [one for one in mistakes(work.item, said) if one.field.split(".")[0] in names]
    if wrong:
        raise Problem("draft-invalid", _("Please correct the following"), status=422, errors=wrong)
    work.draft.answers = said
    work.draft.done = sorted({*work.draft.done, *names})
    _save(work.draft)


def mistakes(item: Item, said: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the answers to an item's form; extra members that only we read are no part of the schema."""
    return answers.mistakes(Form(schema=dict(item.form)), dict(said)) if item.form else []


def dispute(work: Work, key: str, text: str) -> None:
    """What a register says is wrong, in the applicant's words: a person looks at it, and the paper may be handed in."""
    if key not in {one.key for one in work.item.materials}:
        raise _wrong("key", _("There is no such material."))
    text = text.replace("\0", "").strip()[:LONGEST_DISPUTE]
    told = {name: said for name, said in work.draft.disputed.items() if name != key}
    work.draft.disputed = {**told, key: text} if text else told
    _save(work.draft)


def commit(work: Work, keys: Iterable[str]) -> None:
    """The materials that the applicant promises (告知承诺), in place of those before."""
    allowed = {one.key for one in work.item.materials if one.commitment}
    work.draft.commitments = sorted(set(keys) & allowed)
    _save(work.draft)


def add_file(work: Work, key: str, name: str, content: bytes) -> None:
    """Keep a file for a material, looked at by its bytes; photos are written anew. Raises Problem 422."""
    if key not in {one.key for one in work.item.materials if one.upload or not one.commitment}:
        raise _wrong("key", _("There is no such material."))
    kept = list(work.draft.uploads.get(key, []))
    if len(kept) >= MOST_FILES:
        raise attachments.rejected("too_many")
    file = _keep(name, content)
    if file["sha256"] not in {one["sha256"] for one in kept}:
        work.draft.uploads = {**work.draft.uploads, key: [*kept, file]}
        _save(work.draft)


def _keep(name: str, content: bytes) -> dict[str, Any]:
    try:
        checked = upload.check(content)
        shown, media_type = content, checked.media_type
        if checked.width is not None:
            picture = pictures.rewritten(content, timezone.get_default_timezone())
            shown, media_type = picture.content, picture.media_type
    except upload.RejectedError as error:
        raise attachments.rejected(error.reason) from error
    except pictures.BrokenPictureError as error:
        raise attachments.rejected("broken") from error
    digest = hashlib.sha256(shown).hexdigest()
    keep_whole(settings.ONECITY_UPLOADS / "drafts" / digest[:2] / digest, shown)
    plain = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable() and c not in '<>:"/|?*')
    return {"sha256": digest, "name": plain[-120:] or "file", "media_type": media_type, "size": len(shown)}


def remove_file(work: Work, key: str, sha256: str) -> None:
    """Take a file back."""
    left = [one for one in work.draft.uploads.get(key, []) if one["sha256"] != sha256]
    work.draft.uploads = {name: files for name, files in {**work.draft.uploads, key: left}.items() if files}
    _save(work.draft)


def drop(work: Work) -> None:
    """Throw the draft away."""
    work.draft.state, work.draft.answers, work.draft.fetched = DraftState.DROPPED, {}, {}
    _save(work.draft)


def supply(work: Work) -> Supply:
    """Everything that is at hand for the materials."""
    draft, materials = work.draft, resolving.needed(work.item.materials, work.draft.situation)
    types = {one.certificate_type for one in materials if one.certificate_type}
    return Supply(
        certificates=holdings.certificates(work.party) if types else (),
        answers=work.fetched,
        earlier=holdings.earlier(work.party, [one.key for one in materials if one.upload]),
        commitments=frozenset(draft.commitments),
        uploads={key: [one["sha256"] for one in files] for key, files in draft.uploads.items()},
        disputed=frozenset(draft.disputed),
    )


def materials(work: Work) -> list[Resolved]:
    """Who supplies each material of the situation."""
    return resolving.resolve(resolving.needed(work.item.materials, work.draft.situation), supply(work))


def _save(draft: Draft) -> None:
    draft.changed_at = now()
    draft.save()


def _wrong(field: str, detail: object) -> Problem:
    return Problem("draft-invalid", detail, status=422, errors=[FieldError(field, detail)])
