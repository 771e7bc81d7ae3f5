"""Which cases go when: the policy of each kind as it is in force now, whatever version the case began with."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.provisions import Retention
from onecity.kernel.cases.models import Case, Hold
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.core.clock import now


@dataclass(frozen=True)
class Policy:
    """How long personal data of one kind is kept."""

    kind: InForce
    rule: Retention

    @property
    def name(self) -> str:
        """The short name of the kind."""
        return self.kind.name

    def ends_before(self, moment: dt.datetime) -> dt.datetime:
        """Cases that ended before this are over at `moment`."""
        return years_before(moment, self.rule.years)

    def goes_at(self, case: Case) -> dt.datetime | None:
        """When the personal data of a case that has ended goes."""
        return None if case.closed_at is None else years_before(case.closed_at, -self.rule.years)


def years_before(moment: dt.datetime, years: int) -> dt.datetime:
    """The same day so many years earlier; of 29 February the 28th where that year has none."""
    year = moment.year - years
    if moment.month == 2 and moment.day == 29 and (year % 4 or (year % 100 == 0 and year % 400)):
        return moment.replace(year=year, day=28)
    return moment.replace(year=year)


def all_in_force() -> list[Policy]:
    """The kinds that say how long personal data is kept, by name."""
    return [
        Policy(kind, kind.definition.retention)
        for kind in type_store.all_in_force()
        if kind.definition.retention is not None
    ]


def of(case: Case) -> Policy | None:
    """The policy for a case; None where its kind has none."""
    kind = type_store.in_force([case.type_name], now()).get(case.type_name)
    return Policy(kind, kind.definition.retention) if kind and kind.definition.retention else None


def remaining(rows: QuerySet[Case] | None = None) -> QuerySet[Case]:
    """Cases that have ended and whose personal data is still there (or there again since)."""
    found = Case.objects.all() if rows is None else rows
    return found.filter(Q(forgotten_at__isnull=True) | Q(forgotten_at__lt=F("closed_at")), closed_at__isnull=False)


def held() -> Exists:
    """Whether a case is held, as a condition of cases."""
    return Exists(Hold.objects.filter(case_id=OuterRef("pk"), lifted_at__isnull=True))


def over(policies: Sequence[Policy], moment: dt.datetime) -> Q:
    """The condition for cases of these kinds whose time is over at `moment`."""
    found = Q(pk__in=[])
    for policy in policies:
        found |= Q(type_name=policy.name, closed_at__lt=policy.ends_before(moment))
    return found
