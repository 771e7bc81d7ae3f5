"""Which cases are urgent: those of kinds that say within how many minutes a unit has to be there, and grave ones."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from onecity.kernel.cases import presentation, type_store, visibility
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case, CaseType
from onecity.kernel.cases.models.case import OPEN
from onecity.kernel.cases.presentation import Row
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account

GRAVE: Final = ("orange", "red")
# what holds for a grave case of a kind that says nothing
WITHIN_MINUTES: Final = 15.0
MOST: Final = 60


@dataclass(frozen=True)
class Urgent:
    """An urgent case with what it asks for."""

    row: Row
    within_minutes: float
    skills: frozenset[str]

    @property
    def case(self) -> Case:
        """The case itself."""
        return self.row.case


def cases(account: Account) -> list[Urgent]:
    """The open urgent cases with a place that this account may see, the nearest due first, at most `MOST`."""
    rows = visibility.visible(Case.objects.defer("search", "description", "evidence"), account)
    found = rows.filter(OPEN & condition(), lon__isnull=False, paused_since__isnull=True).order_by("due_order", "id")
    return described(list(found[:MOST]))


def described(found: list[Case]) -> list[Urgent]:
    """What each of these cases asks for."""
    kinds = type_store.versions({(case.type_name, case.type_version) for case in found})
    return [
        Urgent(row, *asked(kinds[row.case.type_name, row.case.type_version].definition))
        for row in presentation.rows(found)
    ]


def asked(kind: Definition) -> tuple[float, frozenset[str]]:
    """Within how many minutes a unit has to be there, and what it has to be able to do."""
    return kind.sending.within_minutes or WITHIN_MINUTES, frozenset(kind.sending.skills)


def condition() -> Q:
    """What makes a case urgent, as a filter of cases."""
    names = [name for name, kind in kinds().items() if kind.definition.sending.within_minutes > 0]
    return Q(severity__in=GRAVE) | Q(type_name__in=names)


def kinds() -> dict[str, InForce]:
    """Every kind of case as it is in force now."""
    return type_store.in_force(CaseType.objects.order_by().values_list("name", flat=True).distinct(), now())
