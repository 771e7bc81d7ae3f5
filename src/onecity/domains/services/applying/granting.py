"""What people decided at the desk, carried out: certificates for granted cases, outcomes for refused and withdrawn ones,
and the end of bundles whose parts have all ended."""

import logging
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from onecity.domains.services.applying import certifying, deciding, kinds, paying, telling
from onecity.domains.services.applying.books import Books
from onecity.domains.services.applying.models import Application, Decision, Outcome
from onecity.domains.services.items import store
from onecity.domains.services.items.models import Sort
from onecity.kernel.cases import acting
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem

log = logging.getLogger(__name__)
ENDED: Final = {"refused": Outcome.REFUSED, "withdrawn": Outcome.WITHDRAWN}


def follow(most: int = 500) -> int:
    """Carry out what was decided on cases at the desk; returns how many. One that cannot be issued holds up no other."""
    done = 0
    states = ("decided", "issued", *ENDED)
    cases = Case.objects.filter(type_name__startswith=kinds.PREFIX, state__in=states, source="service")
    open_ = Application.objects.filter(outcome=Outcome.OPEN, case_id__in=cases.values("id"))
    for identity in list(open_.order_by("submitted_at").values_list("id", flat=True)[:most]):
        try:
            with transaction.atomic():
                application = Application.objects.select_for_update().get(id=identity)
                done += _one(application)
        except Problem as problem:
            log.warning("application %s cannot be issued: %s", identity, problem)
    return done + close_bundles()


def _one(application: Application) -> int:
    case = Case.objects.defer("search").get(id=application.case_id)
    if application.outcome:
        return 0
    last = CaseEvent.objects.filter(case_id=case.id, to_state=case.state).order_by("-version").first()
    if case.state in {"decided", "issued"}:
        item = store.version(Sort.ITEM, application.item_code, application.item_number).item
        if not paying.settled(application, item):
            return 0
        grant(application, case, last)
    else:
        application.outcome, application.decided_at = ENDED[case.state], case.closed_at
        application.waiting = False
        if case.state == "refused":
            _note(application, Outcome.REFUSED, last)
    application.save(update_fields=["outcome", "decided_at", "certificate_id", "waiting"])
    telling.decided(application, Case.objects.defer("search").get(id=case.id), last.note if last else "")
    return 1


def grant(application: Application, case: Case, event: CaseEvent | None) -> None:
    """The certificate of a case that a person granted, and its end, in one transaction. Raises Problem 422 where a claim is
    missing."""
    item = store.version(Sort.ITEM, application.item_code, application.item_number).item
    books = Books.of([application.principal_id])
    before = Decision.objects.filter(application=application).count()
    certificates = certifying.issue([(item, application, _outputs(application, books))], books, before)
    if case.state == "decided":
        acting.act(case.id, "issue", None)
    application.outcome, application.decided_at = Outcome.ISSUED, now()
    application.waiting = False
    application.certificate_id = certificates.get(application.id)
    _note(application, Outcome.ISSUED, event)


def _outputs(application: Application, books: Books) -> Mapping[str, Any]:
    """What the table would say beside its outcome (an amount, say), where there is one and it decides."""
    return deciding.rule(application, books).outputs if application.table_name else {}


def _note(application: Application, outcome: Outcome, event: CaseEvent | None) -> None:
    """What a person decided, beside what tables decide."""
    said = event.note if event else ""
    Decision.objects.create(
        application=application,
        outcome=outcome,
        explanation={"zh": [said], "en": [said]} if said else {},
        decided_at=now(),
        decided_by_id=event.actor_id if event and event.actor_id else application.account_id,
    )


def close_bundles(parent_id: UUID | None = None) -> int:
    """End the bundles whose parts have all ended, or this one if they have; returns how many."""
    parts = Case.objects.filter(parent_id__isnull=False, closed_at__isnull=True).values("parent_id")
    ready = Case.objects.filter(
        type_name__startswith=kinds.BUNDLE_PREFIX, closed_at__isnull=True, source="service"
    ).exclude(id__in=parts)
    if parent_id is not None:
        ready = ready.filter(id=parent_id)
    closed = 0
    for case in list(ready.defer("search")[:200]):
        acting.act(case.id, "issue", None)
        closed += 1
    return closed
