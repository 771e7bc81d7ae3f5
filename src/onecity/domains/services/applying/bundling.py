"""One thing (一件事): several items from one form, a parent case with parallel parts, one clock, one delivery.

A bundle is shown and filled in as if it were one item whose materials and questions are those of its parts. Sent, it opens a
parent case and one for each part. A part that follows others is decided when these were granted; one that is refused leaves
the others as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import drafting, filing, holdings, kinds, offers, sentences
from onecity.domains.services.applying.drafting import Work
from onecity.domains.services.applying.logic import facts, resolving
from onecity.domains.services.applying.logic.resolving import Resolved
from onecity.domains.services.applying.models import Application, Draft, DraftState, Outcome
from onecity.domains.services.items import store
from onecity.domains.services.items.logic.item import BundleStep, Item
from onecity.domains.services.items.store import Published
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.wording import Said
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

# what stands in `Application.person` of a part that follows others
AFTER: Final = "after"
BEFORE_REFUSED: Final = "before-refused"


@dataclass(frozen=True)
class Part:
    """One item of a bundle in the version in force, and what is known of whether it is needed."""

    step: BundleStep
    published: Published
    verdict: facts.Verdict
    held: bool = False

    @property
    def needed(self) -> bool:
        """Whether it is applied for: what nobody holds yet, and no fact rules out."""
        return self.published.in_use and not self.held and (self.verdict == "yes" or self.step.required)


def parts(work: Work, chosen: Sequence[str] | None = None) -> list[Part]:
    """The parts of a draft's bundle; `chosen`: the optional ones that the applicant wants (None: all)."""
    bundle = store.bundle(work.draft.item_code).bundle
    items = offers.items_of(bundle)
    types = {one.type_code for one in holdings.certificates(work.party)}
    found = []
    for step in bundle.steps:
        published = items.get(step.item)
        if published is None:
            continue
        verdict = facts.all_hold(step.when, work.facts) if step.when else "yes"
        if not step.required and chosen is not None and step.item not in chosen:
            verdict = "no"
        found.append(Part(step, published, verdict, held=_held(published.item, types)))
    return found


def _held(item: Item, types: set[str]) -> bool:
    """Whether somebody holds already what an item ends with."""
    wanted = {one.certificate_type for one in item.results if one.certificate_type}
    return bool(wanted) and wanted <= types


@transaction.atomic
def send(work: Work) -> Case:
    """Send a draft of a bundle: the parent case and its parts; a second time gives the same parent.

    Raises Problem 422 that names everything still missing, and where no part is needed.
    """
    draft = Draft.objects.select_for_update().get(id=work.draft.id)
    key = f"application:{draft.id}"
    if draft.state == DraftState.SENT:
        return Case.objects.defer("search").get(source_key=key)
    resolved = drafting.materials(work)
    missing = filing.open_points(work, resolved)
    needed = [one for one in parts(work, draft.parts) if one.needed]
    if missing or not needed:
        raise Problem(
            "application-incomplete",
            _("Something is still needed before it can be sent.") if missing else _("You have all of this already."),
            status=422,
            errors=missing,
        )
    account = Account.objects.get(id=draft.account_id)
    parent = open_case(_parent(work, account, key))
    made = filing.submit_many([_submission(work, one, resolved, parent, account) for one in needed])
    _hold_back(made, {one.published.code: one.step for one in needed})
    draft.state, draft.fetched = DraftState.SENT, {}
    draft.save(update_fields=["state", "fetched"])
    return parent


def _parent(work: Work, account: Account, key: str) -> NewCase:
    item = work.item
    titles = {"zh": item.name.get("zh", item.code), "en": item.name.get("en") or item.name.get("zh", item.code)}
    root = places.root()
    return NewCase(
        type_name=kinds.name_of(item.code, bundle=True),
        title=titles["zh"][:200],
        division_path=root.path if root else "",
        source="service",
        source_key=key,
        evidence={"bundle": item.code},
        said=Said(sentences.APPLICATION, {"item": titles, "party": ""}),
        answers=dict(work.draft.answers),
        reporter=Person(name=work.party.identity.name[:80], account_id=filing.applicant(work.party, account)),
    )


def _submission(
    work: Work, part: Part, resolved: Sequence[Resolved], parent: Case, account: Account
) -> filing.Submission:
    item, draft = part.published.item, work.draft
    answers = answers_for(part.step, item, work.draft.answers, work.facts)
    situations = facts.fitting(item.situations, {**work.facts, **answers})
    situation = situations[0].key if situations else ""
    keys = {one.key for one in resolving.needed(item.materials, situation)}
    disputed = {key: text for key, text in draft.disputed.items() if key in keys}
    return filing.Submission(
        key=f"{draft.id}:{item.code}",
        published=part.published,
        party=work.party,
        account=account,
        facts={**work.facts, **answers},
        answers=answers,
        materials=[one for one in resolved if one.key in keys],
        situation=situation,
        channel=draft.channel,
        disputed=disputed,
        parent=parent,
        by_person="disputed" if disputed else "",
    )


def answers_for(step: BundleStep, item: Item, said: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to an item's form from those to the bundle's, by the names that the step maps, else by the same ones."""
    found = drafting.prefilled(item, known)
    for name in facts.properties(item.form):
        source = step.fields.get(name, name)
        if source in said:
            found[name] = said[source]
    return found


def _hold_back(made: Sequence[Application], steps: Mapping[str, BundleStep]) -> None:
    """Parts that follow others wait until these were granted."""
    for one in made:
        before = set(steps[one.item_code].after) & set(steps)
        if before and one.waiting:
            one.waiting, one.person = False, AFTER
            one.save(update_fields=["waiting", "person"])


@transaction.atomic
def follow(parent_id: UUID) -> list[Application]:
    """Let the parts of a bundle go on whose predecessors were all granted; what follows a refusal goes to a person.

    Returns those that can be decided now.
    """
    rows = list(Application.objects.select_for_update().filter(parent_id=parent_id))
    by_code = {one.item_code: one for one in rows}
    parent = Case.objects.defer("search").get(id=parent_id)
    steps = {step.item: step for step in store.bundle(str(parent.evidence.get("bundle", ""))).bundle.steps}
    ready = []
    for one in rows:
        step = steps.get(one.item_code)
        if one.person != AFTER or step is None:
            continue
        before = [by_code[code].outcome for code in step.after if code in by_code]
        if any(outcome in {Outcome.REFUSED, Outcome.WITHDRAWN} for outcome in before):
            one.person = BEFORE_REFUSED
        elif all(outcome == Outcome.ISSUED for outcome in before):
            one.waiting, one.person = True, ""
            ready.append(one)
        one.save(update_fields=["waiting", "person"])
    return ready


def waiting_parents() -> list[UUID]:
    """The bundles of which parts wait for others."""
    rows = Application.objects.filter(person=AFTER, outcome=Outcome.OPEN, parent_id__isnull=False)
    return [one for one in rows.values_list("parent_id", flat=True).distinct()[:200] if one is not None]
