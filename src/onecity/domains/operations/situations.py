"""What is abnormal: alerts and the cases that answer them, joined to situations and grouped by what they need."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case as Rank
from django.db.models import IntegerField, Model, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onecity.domains.operations.scope import Scope
from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.places import service as places
from onecity.kernel.rules.definition import in_language
from onecity.kernel.rules.models import Alert, AlertState
from onecity.kernel.rules.permissions import ALERTS_VIEW

RANK = {"": 0, "blue": 2, "yellow": 3, "orange": 4, "red": 5}
GRAVITY = Rank(*(When(severity=colour, then=Value(rank)) for colour, rank in RANK.items()), output_field=IntegerField())
RowT = TypeVar("RowT", bound=Model)
RECENT = dt.timedelta(hours=24)
# looked through, gravest first; of these so many are listed in each group, and the rest is told by its number
MOST = 2000
LISTED = 60
WAITING = "accept"  # the stage of a case that nobody has accepted yet


@dataclass(frozen=True)
class Situation:
    """One thing that is or was wrong: an alert with the case it opened, or a case that somebody opened by hand."""

    ref: str
    title: str
    place: str
    division: str
    severity: str
    since: dt.datetime
    ended: dt.datetime | None
    alert: Alert | None
    case: Case | None
    entity_id: UUID | None
    entity_type: str = ""

    @property
    def rank(self) -> int:
        """How grave: 0 (ordinary) to 5 (red)."""
        return RANK.get(self.severity, 0)

    @property
    def href(self) -> str:
        """The page where it is dealt with: its case, or its alert."""
        return f"/desk/cases/{self.case.id}" if self.case else f"/desk/alerts/{self.alert.id if self.alert else ''}"


@dataclass(frozen=True)
class Found:
    """The situations of a scope, newest first; `more`: beyond `MOST` alerts or cases there are milder ones."""

    situations: tuple[Situation, ...]
    more: bool


@dataclass(frozen=True)
class Group:
    """Situations that need the same: somebody, patience, or nothing any more.

    The gravest `LISTED` are given, newest first; `total` counts all, and where `more` is true not even it is all.
    """

    name: str
    title: str
    situations: tuple[Situation, ...]
    total: int
    more: bool
    href: str

    @property
    def hidden(self) -> int:
        """How many are counted but not listed."""
        return self.total - len(self.situations)


def alerts(scope: Scope) -> QuerySet[Alert]:
    """The alerts that the account may see in the division, of the last day before the moment: running, grave, new first."""
    moment = scope.moment
    rows = Alert.objects.select_related("version").defer("evidence", "note")
    found = policy.visible(rows, scope.account, ALERTS_VIEW)
    recent = Q(end__isnull=True) | Q(end__gt=moment - RECENT)
    found = found.filter(recent, _inside(scope.division), onset__lte=moment).exclude(state=AlertState.WITHDRAWN)
    return found.annotate(running=Q(end__isnull=True) | Q(end__gt=moment), rank=GRAVITY).order_by(
        "-running", "-rank", "-onset", "-id"
    )


def cases(scope: Scope) -> QuerySet[Case]:
    """The cases that the account may see in the division, open at the moment or closed within the day before it."""
    moment = scope.moment
    recent = Q(closed_at__isnull=True) | Q(closed_at__gt=moment - RECENT)
    found = visible_cases(scope.account).filter(recent, _inside(scope.division), opened_at__lte=moment)
    return found.defer("search", "description", "evidence").order_by("-opened_at", "-id")


def situations(scope: Scope) -> Found:
    """Alerts and cases of the scope as situations, at most `MOST` of each kind."""
    found_alerts, more_alerts = _at_most(alerts(scope))
    found_cases, more_cases = _at_most(cases(scope))
    by_id = {case.id: case for case in found_cases}
    missing = [a.case_id for a in found_alerts if a.case_id and a.case_id not in by_id]
    if missing:
        by_id |= {case.id: case for case in visible_cases(scope.account).filter(id__in=missing)}
    names = places.titles_for({*(a.division_path for a in found_alerts), *(c.division_path for c in found_cases)})
    joined = [_of_alert(a, by_id, names, scope) for a in found_alerts]
    answered = {a.case_id for a in found_alerts}
    joined += [_of_case(c, names) for c in found_cases if c.id not in answered]
    newest = sorted(joined, key=lambda s: (s.since, s.ref), reverse=True)
    return Found(tuple(newest), more_alerts or more_cases)


def _at_most(rows: QuerySet[RowT]) -> tuple[list[RowT], bool]:
    found = list(rows[: MOST + 1])
    return found[:MOST], len(found) > MOST


def groups(found: Found, scope: Scope) -> list[Group]:
    """Situations by what they need: somebody to take them, those in hand, and what has ended."""
    titles = {
        "new": _("Needs somebody"),
        "hand": _("In hand"),
        "ended": pgettext("situations", "Ended within a day"),
    }
    sorted_in: dict[str, list[Situation]] = {name: [] for name in titles}
    for situation in found.situations:
        sorted_in[_need(situation, scope.moment)].append(situation)
    return [
        _group(name, title, sorted_in[name], found.more, scope) for name, title in titles.items() if sorted_in[name]
    ]


def _group(name: str, title: str, members: Sequence[Situation], more: bool, scope: Scope) -> Group:
    # the sort keeps the order of those that are equally grave: the newest of them stay
    grave = sorted(members, key=lambda s: -s.rank)[:LISTED] if name != "ended" else members[:LISTED]
    listed = sorted(grave, key=lambda s: (s.since, s.ref), reverse=True)
    return Group(name, title, tuple(listed), len(members), more, _address(name, members, scope))


def _address(name: str, members: Sequence[Situation], scope: Scope) -> str:
    """The list that holds most of a group: alerts that nobody has made a case of, or cases."""
    as_cases = 2 * sum(s.case is not None for s in members) >= len(members)
    if as_cases:
        wanted = {"scope": "all", "running": "ended" if name == "ended" else "open"}
        return f"/desk/cases?{urlencode({**wanted, 'place': scope.division})}"
    return f"/desk/alerts?{urlencode({'state': 'ended' if name == 'ended' else 'open', 'place': scope.division})}"


def counts(found: Iterable[Situation]) -> Counter[str]:
    """How many running situations of each severity there are."""
    return Counter(s.severity or "ordinary" for s in found if s.ended is None)


def _inside(division: str) -> Q:
    upper = prefixes.upper_bound(division)
    return Q(division_path__gte=division) & (Q(division_path__lt=upper) if upper else Q())


def _need(situation: Situation, moment: dt.datetime) -> str:
    case = situation.case
    if case is not None:
        if case.closed_at is not None and case.closed_at <= moment:
            return "ended" if situation.ended is not None or situation.alert is None else "new"
        return "new" if case.stage == WAITING else "hand"
    return "ended" if situation.ended is not None else "new"


def _of_alert(alert: Alert, cases_: dict[UUID, Case], names: dict[str, str], scope: Scope) -> Situation:
    ended = alert.end if alert.end is not None and alert.end <= scope.moment else None
    return Situation(
        ref=f"alert:{alert.id}",
        title=in_language(alert.version.definition["titles"]),
        place=alert.entity_name,
        division=names.get(alert.division_path, ""),
        severity=str(alert.severity),
        since=alert.onset,
        ended=ended,
        alert=alert,
        case=cases_.get(alert.case_id) if alert.case_id else None,
        entity_id=alert.entity_id,
        entity_type=alert.entity_type,
    )


def _of_case(case: Case, names: dict[str, str]) -> Situation:
    return Situation(
        ref=f"case:{case.id}",
        title=case.shown_title,
        place=case.address or names.get(case.division_path, ""),
        division=names.get(case.division_path, ""),
        severity=case.severity,
        since=case.opened_at,
        ended=case.closed_at,
        alert=None,
        case=case,
        entity_id=case.entity_id,
    )
