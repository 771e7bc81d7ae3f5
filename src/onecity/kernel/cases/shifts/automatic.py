"""Gives cases by themselves to whoever on duty fits best, where their kind says so; each with its reason in the history."""

import logging
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from onecity.kernel.cases import acting
from onecity.kernel.cases.dispatching import urgent
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.models.case import OPEN
from onecity.kernel.cases.shifts import suggesting
from onecity.kernel.core.errors import Problem

log = logging.getLogger(__name__)
MOST: Final = 500


def assign_waiting(most: int = MOST) -> int:
    """Give the waiting cases of such kinds, the nearest due first; returns how many found somebody.

    A case that somebody took away from its assignee in this round is left to people.
    """
    names = [name for name, kind in urgent.kinds().items() if kind.definition.sending.automatic]
    if not names:
        return 0
    given = CaseEvent.objects.filter(case_id=OuterRef("id"), action="assign", at__gte=OuterRef("started_at"))
    waiting = (
        Case.objects.filter(OPEN, type_name__in=names, assignee_id__isnull=True, paused_since__isnull=True, external="")
        .exclude(Exists(given))
        .defer("search", "description", "evidence")
        .order_by("due_order", "id")
    )
    return sum(_give(case) for case in waiting[:most])


def _give(case: Case) -> bool:
    best = next((one for one in suggesting.for_case(case, 1) if one.able), None)
    if best is None:
        return False
    try:
        with transaction.atomic():
            acting.assign(
                case.id, best.account_id, None, _("Given by itself: %(why)s.") % {"why": best.why}, case.version
            )
    except Problem as problem:
        # somebody was quicker, or lost the right a moment ago: the case waits for the next sweep
        log.info("%s was not given: %s", case.number, problem.title)
        return False
    return True
