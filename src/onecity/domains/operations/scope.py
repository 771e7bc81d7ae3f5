"""Which part of the district is looked at, by whom, and when: now, or a moment of the past."""

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from onecity.domains.operations.permissions import VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE

FURTHEST = dt.timedelta(hours=48)


@dataclass(frozen=True)
class Choice:
    """One division in the place selector."""

    path: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class Scope:
    """A division and a moment; `at` None is now, and moves."""

    account: Account
    division: str
    at: dt.datetime | None = None

    @property
    def moment(self) -> dt.datetime:
        """The moment that is shown."""
        return self.at or now()


def of(request: HttpRequest) -> Scope:
    """The scope that a request asks for by `division` and `at`; raises Problem 400 or 403."""
    if not isinstance(request.user, Account):
        raise policy.refusal(VIEW)
    paths = [choice.path for choice in choices(request.user)]
    division = request.GET.get("division", "") or (paths[0] if paths else "")
    if division not in paths:
        raise policy.refusal(VIEW, division)
    return Scope(request.user, division, _moment(request.GET.get("at", "")))


def choices(account: Account, chosen: str = "") -> list[Choice]:
    """The district and its towns, as far as the account may look: the widest first."""
    mine = policy.scopes(account, VIEW)
    places = [p for p in snapshot.take(ADMINISTRATIVE).places if p.depth <= 2 and prefixes.covers(mine, p.path)]
    if not places:
        # somebody who may look at a village only
        places = [p for p in snapshot.take(ADMINISTRATIVE).places if p.path in mine]
    return [Choice(p.path, p.name, p.path == chosen) for p in places]


def _moment(text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        detail = _("Write it like 2026-11-25T14:00:00+08:00.")
        raise Problem("bad-moment", _("This moment cannot be read"), status=400, detail=detail)
    return max(at, now() - FURTHEST) if at < now() else None
