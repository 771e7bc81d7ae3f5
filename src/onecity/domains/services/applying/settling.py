"""Decides at once what was just sent, and lets the parts of one thing go on that waited for it."""

from collections.abc import Sequence

from django.db import transaction

from onecity.domains.services.applying import bundling, deciding, granting
from onecity.domains.services.applying.models import Application
from onecity.kernel.cases.models import Case
from onecity.kernel.core.errors import Problem

# a bundle has fewer parts than this, so that a chain of them ends
LONGEST_CHAIN = 20


def settle(applications: Sequence[Application]) -> None:
    """Decide what a table decides; where that fails it waits for the next turn, and is not lost."""
    try:
        with transaction.atomic():
            deciding.decide_many(applications)
    except Problem:
        deciding.log.exception("%d applications wait: they could not be decided at once", len(applications))


def settle_bundle(parent: Case) -> None:
    """Decide the parts of one thing, each after those that it follows, and close it when all have ended."""
    settle(list(Application.objects.filter(parent_id=parent.id, waiting=True)))
    for _turn in range(LONGEST_CHAIN):
        ready = bundling.follow(parent.id)
        if not ready:
            break
        settle(ready)
    granting.close_bundles(parent.id)


def go_on() -> int:
    """The same for every bundle of which parts wait; returns how many."""
    parents = Case.objects.defer("search").in_bulk(bundling.waiting_parents())
    for parent in parents.values():
        settle_bundle(parent)
    return len(parents)
