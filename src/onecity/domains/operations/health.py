"""Whether the feeds live: how far the pipeline is behind, and how many places have gone silent."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import F, Max

from onecity.domains.operations.scope import Scope
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.web.indicators import within

QUIET_AFTER = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Health:
    """The newest reading of the division, how many entities report, and how many of them are silent."""

    newest: dt.datetime | None
    entities: int
    silent: int
    quiet: bool

    @property
    def reporting(self) -> int:
        """Entities with at least one reading that is not too old."""
        return self.entities - self.silent


def of(scope: Scope) -> Health:
    """The health of what the account may see in the division now."""
    series = within(Series.objects.filter(active=True), scope.division)
    moment = now()
    rows = series.values("entity_id").annotate(until=Max(F("latest__observed_at") + F("max_age")))
    until = list(rows.values_list("until", flat=True))
    newest = Latest.objects.filter(series__in=series).aggregate(at=Max("observed_at"))["at"]
    silent = sum(1 for end in until if end is None or end <= moment)
    return Health(newest, len(until), silent, newest is None or moment - newest > QUIET_AFTER)
