"""Which series and which refused readings an account may see: the first wall, row-level security being the second."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry import permissions
from onecity.kernel.telemetry.models import Quarantine, Series


@dataclass(frozen=True)
class Wanted:
    """Which series; empty members do not narrow. `entity` is an id, a URN or a key."""

    ids: Sequence[int] = ()
    entity: str = ""
    entity_type: str = ""
    attributes: Sequence[str] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing narrows: every series is meant."""
        return not (self.ids or self.entity or self.entity_type or self.attributes)


def series(principal: Principal, wanted: Wanted) -> QuerySet[Series]:
    """The series that fit and that the account may see: those open to everybody, and those of its divisions."""
    rows = Series.objects.filter(_seen(principal))
    if wanted.ids:
        rows = rows.filter(id__in=wanted.ids)
    if wanted.entity:
        identity = parse_id(wanted.entity)
        named = Q(entity_urn=wanted.entity) | Q(entity_key=wanted.entity)
        rows = rows.filter(Q(entity_id=identity) if identity is not None else named)
    if wanted.entity_type:
        rows = rows.filter(entity_type=wanted.entity_type)
    if wanted.attributes:
        rows = rows.filter(attribute__in=wanted.attributes)
    return rows


@dataclass(frozen=True)
class Refused:
    """Which refused readings; empty members do not narrow. `day` is a day of the district."""

    state: str = Quarantine.State.HELD
    reason: str = ""
    source: str = ""
    device_id: UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def quarantine(principal: Principal, wanted: Refused) -> QuerySet[Quarantine]:
    """The refused readings that fit and lie in the account's divisions."""
    rows = policy.visible(Quarantine.objects.all(), principal, permissions.TELEMETRY_VIEW)
    exact = {"state": wanted.state, "reason": wanted.reason, "source": wanted.source, "device_id": wanted.device_id}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.since is not None:
        rows = rows.filter(received_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(received_at__lt=wanted.until)
    return rows


def _seen(principal: Principal) -> Q:
    seen = Q(public=True)
    for path in policy.scopes(principal, permissions.TELEMETRY_VIEW):
        if path == "":
            return Q()
        within, above = Q(division_path__gte=path), prefixes.upper_bound(path)
        seen |= within if above is None else within & Q(division_path__lt=above)
    return seen
