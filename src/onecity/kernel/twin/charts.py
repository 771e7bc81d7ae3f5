"""The course of an attribute as the charts of the web take it."""

import datetime as dt
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from onecity.kernel.core import units
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Entity, EntityKind

MOST_POINTS = 1500
DAY = dt.timedelta(days=1)
# widths that read well on an axis of time, in seconds
WIDTHS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400)
GAP = 2.5
MILLISECOND = 1000

Point = list[float | None]


def history(
    entity: Entity, attribute: str, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> dict[str, Any]:
    """The readings of an attribute between two moments (the last day without them), thinned to means where many."""
    end = end or now()
    start = start or end - DAY
    series = Series.objects.filter(entity_id=entity.id, attribute=attribute).first()
    title = attribute_title(entity.type, attribute)
    if series is None or start >= end:
        return {"title": f"{entity.name} · {title}", "series": []}
    points = course(series.pk, start, end)
    return {
        "title": f"{entity.name} · {title}",
        "gap_seconds": gap_seconds(points),
        "series": [{"name": title, "unit": units.symbol(series.unit), "decimals": series.decimals, "points": points}],
    }


def course(series_id: int, start: dt.datetime, end: dt.datetime) -> list[Point]:
    """[ms since 1970 UTC, value] of a series: the readings themselves up to MOST_POINTS, else means of even stretches."""
    raw = query.range_([series_id], start, end, MOST_POINTS + 1)
    if len(raw) <= MOST_POINTS:
        return as_points(raw.observed_at, raw.value)
    wanted = (end - start).total_seconds() / MOST_POINTS
    width = next((seconds for seconds in WIDTHS if seconds >= wanted), WIDTHS[-1])
    found = query.aggregate([series_id], start, end, width, ("mean",))
    return as_points(found.bucket_start, found.values["mean"])


def as_points(at: np.ndarray, value: np.ndarray) -> list[Point]:
    """Pairs of ms since 1970 UTC and value, None where it is undefined."""
    pairs = zip((at // MILLISECOND).tolist(), value.tolist(), strict=True)
    return [[moment, number if math.isfinite(number) else None] for moment, number in pairs]


def gap_seconds(points: Sequence[Point]) -> float:
    """The distance beyond which two points are not joined: a good two of the usual steps."""
    steps = sorted((later[0] or 0) - (earlier[0] or 0) for earlier, later in pairwise(points))
    return steps[len(steps) // 2] / MILLISECOND * GAP if steps else 0.0


def attribute_title(type_name: str, attribute: str) -> str:
    """The title of an attribute in the reader's language."""
    kind = EntityKind.objects.filter(name=type_name).first()
    return attribute if kind is None else kind.attribute_title(attribute)
