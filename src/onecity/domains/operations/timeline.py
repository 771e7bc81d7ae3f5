"""The time line under the map: alerts of the last two days as bars, drawn on the server."""

import datetime as dt
from dataclasses import dataclass

from onecity.domains.operations.logic.history import slots
from onecity.domains.operations.scope import FURTHEST, Scope
from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.core.clock import now
from onecity.kernel.rules.models import Alert

WIDTH = dt.timedelta(minutes=30)
HEIGHT = 32.0
STEP = 10.0
GAP = 2.0


@dataclass(frozen=True)
class Bar:
    """One rectangle of the drawing: the alerts of one severity that began in one slot."""

    x: float
    y: float
    width: float
    height: float
    severity: str


@dataclass(frozen=True)
class Timeline:
    """The drawing, its size, and the moments at its ends."""

    bars: tuple[Bar, ...]
    width: float
    height: float
    start: dt.datetime
    end: dt.datetime
    total: int


def of(scope: Scope) -> Timeline:
    """The alerts that the account may see in the division, by half-hour of their onset, two days back from now."""
    end = now()
    number = FURTHEST // WIDTH
    upper = prefixes.upper_bound(scope.division)
    rows = policy.visible(Alert.objects.all(), scope.account, "alerts.view").filter(
        onset__gt=end - FURTHEST, division_path__gte=scope.division
    )
    rows = rows.filter(division_path__lt=upper) if upper else rows
    found = slots(((a[0], str(a[1])) for a in rows.values_list("onset", "severity")), end, WIDTH, number)
    highest = max((slot.total for slot in found), default=0) or 1
    bars: list[Bar] = []
    for index, slot in enumerate(found):
        y = HEIGHT
        for severity, count in slot.counts:
            height = round(HEIGHT * count / highest, 2)
            y -= height
            bars.append(Bar(index * STEP, round(y, 2), STEP - GAP, height, severity))
    total = sum(slot.total for slot in found)
    return Timeline(tuple(bars), number * STEP, HEIGHT, end - FURTHEST, end, total)
