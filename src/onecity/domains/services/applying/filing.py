"""Files applications: each act of sending opens one case, however often it is sent; what a table decides, it decides at once.

A group of submissions is filed in one transaction with a few statements, so that hundreds in a second pass through the same
door as a single one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import drafting, kinds, sentences
from onecity.domains.services.applying.drafting import Work
from onecity.domains.services.applying.logic import facts
from onecity.domains.services.applying.logic.resolving import Resolved
from onecity.domains.services.applying.models import Application, Draft, DraftState
from onecity.domains.services.applying.parties import Party
from onecity.domains.services.items import store
from onecity.domains.services.items.store import Published
from onecity.kernel.cases import opening, type_store
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.wording import Said
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

SOURCE: Final = "service"
LONGEST_TITLE: Final = 200


@dataclass(frozen=True)
class Submission:
    """One application ready to be sent. `key` names the act of sending; `facts`: what the table may look at."""

    key: str
    published: Published
    party: Party
    account: Account
    facts: Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    materials: Sequence[Resolved] = ()
    situation: str = ""
    channel: str = "web"
    disputed: Mapping[str, str] = field(default_factory=dict)
    division_path: str = ""
    parent: Case | None = None
    by_person: str = ""

    @property
    def source_key(self) -> str:
        """The same for the case and the application."""
        return f"application:{self.key}"


@transaction.atomic
def send(work: Work) -> Application:
    """Send a draft; a second time gives the application of the first.

    Raises Problem 422 that names everything still missing; then nothing was filed and the draft is as it was.
    """
    draft = Draft.objects.select_for_update().get(id=work.draft.id)
    if draft.state == DraftState.SENT:
        return Application.objects.get(source_key=f"application:{draft.id}")
    if draft.state != DraftState.OPEN:
        raise Problem("draft-gone", _("This draft was thrown away."), status=409)
    resolved = drafting.materials(work)
    missing = open_points(work, resolved)
    if missing:
        raise Problem(
            "application-incomplete", _("Something is still needed before it can be sent."), status=422, errors=missing
        )
    made = submit_many([submission(work, resolved)])[0]
    draft.state = DraftState.SENT
    draft.fetched = {}
    draft.save(update_fields=["state", "fetched"])
    return made


def submission(work: Work, resolved: Sequence[Resolved]) -> Submission:
    """A draft as it is sent."""
    draft = work.draft
    return Submission(
        key=str(draft.id),
        published=work.published,
        party=work.party,
        account=Account.objects.get(id=draft.account_id),
        facts=work.facts,
        answers=draft.answers,
        materials=resolved,
        situation=draft.situation,
        channel=draft.channel,
        disputed=draft.disputed,
        division_path=str(work.facts.get("household.division") or ""),
        by_person="disputed" if draft.disputed else "",
    )


def open_points(work: Work, resolved: Sequence[Resolved]) -> list[FieldError]:
    """What is still needed: a situation, answers, materials; nothing where it can be sent."""
    errors = []
    if work.item.situations and not work.draft.situation:
        errors.append(FieldError("situation", _("Choose one of the situations.")))
    errors += drafting.mistakes(work.item, work.draft.answers)
    errors += [FieldError(f"material.{one.key}", _("This is needed."), "required") for one in resolved if one.open]
    if facts.may_apply(facts.check(work.item.conditions, work.facts)) == "no" and not work.draft.disputed:
        errors.append(
            FieldError("conditions", _("A condition is not met. If what a register says is wrong, correct it."))
        )
    return errors


@transaction.atomic
def submit_many(wanted: Sequence[Submission]) -> list[Application]:
    """File a group of submissions: their cases and applications, each once by its key; in the order given.

    Raises Problem 503 for an item whose kind of case is not there yet; then none is filed.
    """
    known = {one.source_key: one for one in Application.objects.filter(source_key__in=[s.source_key for s in wanted])}
    fresh = [one for one in {s.source_key: s for s in wanted}.values() if one.source_key not in known]
    if fresh:
        known |= _file(fresh)
    return [known[one.source_key] for one in wanted]


def _file(fresh: Sequence[Submission]) -> dict[str, Application]:
    _check_kinds(fresh)
    root = places.root()
    whole = root.path if root else ""
    tables = {name: store.table(name).number for name in {one.published.item.decision for one in fresh} if name}
    cases = opening.open_cases([_case(one, whole) for one in fresh])
    rows = [_row(one, case, tables, whole) for one, case in zip(fresh, cases, strict=True)]
    try:
        with transaction.atomic():
            Application.objects.bulk_create(rows, batch_size=1000)
    except IntegrityError:
        # the same was sent at the same moment: the other one was first, its cases are the ones we were given
        keys = [one.source_key for one in fresh]
        return {one.source_key: one for one in Application.objects.filter(source_key__in=keys)}
    return {one.source_key: one for one in rows}


def _check_kinds(fresh: Sequence[Submission]) -> None:
    names = {kinds.name_of(one.published.code) for one in fresh}
    found = type_store.in_force(names, now())
    for name in names:
        if name not in found:
            raise kinds.missing(name)


def _case(one: Submission, whole: str) -> NewCase:
    item = one.published.item
    titles = {"zh": item.name.get("zh", item.code), "en": item.name.get("en") or item.name.get("zh", item.code)}
    return NewCase(
        type_name=kinds.name_of(item.code),
        title=titles["zh"][:LONGEST_TITLE],
        division_path=one.division_path or whole,
        source=SOURCE,
        source_key=one.source_key,
        evidence={"service": item.code},
        said=Said(sentences.APPLICATION, {"item": titles, "party": ""}),
        answers=dict(one.answers),
        parent=one.parent,
        reporter=Person(name=one.party.identity.name[:80], account_id=applicant(one.party, one.account)),
    )


def applicant(party: Party, account: Account) -> UUID | None:
    """Whose case it is: of whoever applies himself or for another; what a counter files is the applicant's own."""
    return party.identity.account_id if party.kind == "counter" else account.id


def _row(one: Submission, case: Case, tables: Mapping[str, int], whole: str) -> Application:
    item = one.published.item
    decides = bool(item.decision and item.automatic and not one.by_person)
    return Application(
        id=new_id(),
        case_id=case.id,
        parent_id=one.parent.id if one.parent else None,
        source_key=one.source_key,
        item_code=item.code,
        item_number=one.published.number,
        table_name=item.decision,
        table_number=tables.get(item.decision, 0),
        account_id=one.account.id,
        principal_id=one.party.identity.id,
        division_path=one.division_path or whole,
        channel=one.channel,
        situation=one.situation,
        answers=dict(one.answers),
        facts=dict(one.facts),
        materials=[msgspec.to_builtins(material) for material in one.materials],
        disputed=dict(one.disputed),
        waiting=decides,
        person="" if decides else one.by_person or "item",
        submitted_at=now(),
    )


def of_case(case_id: UUID) -> Application | None:
    """The application that a case is about."""
    return Application.objects.filter(case_id=case_id).first()
