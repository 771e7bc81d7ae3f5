"""Finds who is entitled without an application (免申即享), and does it when the resident confirms."""

import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import asking, drafting, filing, naming, offers, parties, sentences
from onecity.domains.services.applying.asking import Errand
from onecity.domains.services.applying.logic import explaining, resolving
from onecity.domains.services.applying.logic.resolving import Fetched, Supply
from onecity.domains.services.applying.models import Application, Entitlement, EntitlementState
from onecity.domains.services.applying.parties import Party
from onecity.domains.services.items import store
from onecity.domains.services.items.logic.tables import OUTCOME
from onecity.domains.services.items.store import Published
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import service as notify
from onecity.kernel.people.models import Account, Identity
from onecity.kernel.rules.decisions.table import UndecidedError

log = logging.getLogger(__name__)
GROUP: Final = 200


def look(accounts: Sequence[UUID] | None = None) -> int:
    """Ask the registers for every person with an account who was not offered an item yet; returns how many were found.

    Only what needs no consent is asked. Whoever was offered it once, or has it, is not asked about again.
    """
    found = 0
    for published in store.items().values():
        if published.item.entitlement and published.in_use:
            found += _look(published, accounts)
    return found


def _look(published: Published, accounts: Sequence[UUID] | None) -> int:
    code = published.code
    told = Entitlement.objects.filter(item_code=code).values("principal_id")
    have = Application.objects.filter(item_code=code).exclude(outcome="refused").values("principal_id")
    people = Identity.objects.filter(kind="person", account__isnull=False, account__is_active=True)
    people = people.exclude(id__in=told).exclude(id__in=have).order_by("id")
    if accounts is not None:
        people = people.filter(account_id__in=accounts)
    found = 0
    for start in range(0, people.count(), GROUP):
        group = [Party(one, "self") for one in people[start : start + GROUP]]
        with transaction.atomic():
            found += _offer(published, group)
    return found


def _offer(published: Published, group: Sequence[Party]) -> int:
    table = store.table(published.item.entitlement).deciding
    answers = asking.fetch_many(Errand(published.item, table.inputs), group, None, ())
    rows = []
    for party, fetched in zip(group, answers, strict=True):
        known = asking.known_facts(fetched)
        values = drafting.values_of(table, known)
        try:
            decision = table.decide(values)
        except UndecidedError:
            continue
        if not decision.rows or decision.rows[0].get(OUTCOME) != "grant" or party.identity.account_id is None:
            continue
        rows.append(
            Entitlement(
                principal_id=party.identity.id,
                account_id=party.identity.account_id,
                item_code=published.code,
                item_number=published.number,
                facts=known,
                explanation=explaining.explain(table, decision, values, naming.of_inputs(table.inputs)),
            )
        )
    made = Entitlement.objects.bulk_create(rows, ignore_conflicts=True)
    notify.send_many(
        notify.Notice(
            one.account_id, sentences.ENTITLED, {"item": dict(published.item.name)}, f"entitled:{one.principal_id}:{one.item_code}", "/my"
        )
        for one in made
    )  # fmt: skip
    return len(made)


@transaction.atomic
def confirm(entitlement_id: UUID, account: Account) -> Application:
    """Say yes: the registers are asked once more and the application is filed as if it had been filled in; twice is once.

    Raises Problem 404 for another's, 409 where it was declined, 422 where something is needed that only the applicant knows.
    """
    found = _held(entitlement_id, account)
    if found.application_id is not None:
        return Application.objects.get(id=found.application_id)
    if found.state == EntitlementState.DECLINED:
        raise Problem("entitlement-declined", _("You said that you do not want it. Apply for it as usual."), status=409)
    published = store.item(found.item_code)
    party = parties.party(account, found.principal_id, found.item_code)
    inputs = offers.inputs_of_item(published.item)
    fetched = asking.fetch(Errand(published.item, inputs, found.id), party, account, ())
    application = filing.submit_many([_submission(found, published, party, account, fetched)])[0]
    found.state, found.answered_at, found.application_id = EntitlementState.CONFIRMED, now(), application.id
    found.save(update_fields=["state", "answered_at", "application_id"])
    return application


def _submission(
    found: Entitlement, published: Published, party: Party, account: Account, fetched: dict[str, Fetched]
) -> filing.Submission:
    materials = resolving.needed(published.item.materials, "")
    known = asking.known_facts(fetched)
    promised = frozenset(one.key for one in materials if one.commitment)
    return filing.Submission(
        key=f"entitlement:{found.id}",
        published=published,
        party=party,
        account=account,
        facts=known,
        answers=drafting.prefilled(published.item, known),
        materials=resolving.resolve(materials, Supply(answers=fetched, commitments=promised)),
        channel="found",
        division_path=str(known.get("household.division") or ""),
    )


@transaction.atomic
def decline(entitlement_id: UUID, account: Account) -> None:
    """Say no; it is not offered again."""
    found = _held(entitlement_id, account)
    if found.state == EntitlementState.OFFERED:
        found.state, found.answered_at = EntitlementState.DECLINED, now()
        found.save(update_fields=["state", "answered_at"])


def _held(entitlement_id: UUID, account: Account) -> Entitlement:
    found = Entitlement.objects.select_for_update().filter(id=entitlement_id, account_id=account.id).first()
    if found is None:
        raise Problem("entitlement-unknown", _("There is no such offer for you."), status=404)
    return found
