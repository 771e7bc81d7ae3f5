"""What other packages do with cases: open, act, append, publish a type, ask which a person may see."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from onecity.kernel.cases import appending, visibility
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
    """The cases this person may see by right of division; what was given to him elsewhere he finds in his own work."""
    return visibility.visible(Case.objects.defer("search"), account)


def alert_ended(case_ids: Sequence[UUID], note: str = "") -> None:
    """Write into the history of cases that the alert which opened them has ended; whoever handles them decides.

    Takes part in the caller's transaction; the number of statements does not grow with the number of cases.
    """
    appending.append_many(case_ids, "alert_end", note)
