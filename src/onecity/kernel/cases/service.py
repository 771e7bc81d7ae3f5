"""What other packages do with cases: open, act, append, publish a type, ask which a person may see."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from onecity.kernel.access import policy
from onecity.kernel.cases import acting, permissions
from onecity.kernel.cases.acting import act, assign, comment, hand_over
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase, open_case, open_cases
from onecity.kernel.cases.type_store import publish
from onecity.kernel.people.models import Account

__all__ = [
    "NewCase",
    "act",
    "alert_ended",
    "assign",
    "comment",
    "hand_over",
    "open_case",
    "open_cases",
    "publish",
    "visible_cases",
]


def visible_cases(account: Account) -> QuerySet[Case]:
    """The cases this person may see by right of division; what was given to him elsewhere is in `assigned_cases`."""
    return policy.visible(Case.objects.defer("search"), account, permissions.VIEW)


def alert_ended(case_ids: Sequence[UUID], note: str = "") -> None:
    """Write into the history of cases that the alert which opened them has ended; whoever handles them decides."""
    for case_id in case_ids:
        acting.append(case_id, "alert_end", None, note, {})
