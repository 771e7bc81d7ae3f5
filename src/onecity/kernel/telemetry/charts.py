"""The course of series in the form that the web's charts take (docs/web.md), thinned to what a screen can show."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from onecity.kernel.core import units
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.batch import Floats, Int64s
from onecity.kernel.telemetry.models import Series

MOST_LINES = 12
MOST_POINTS = 1_500
# widths that read well on an axis of time, in seconds
WIDTHS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800)
# two points further apart than this many usual steps are not joined
GAP = 2.5
LONGEST_RAW = dt.timedelta(days=7)
MILLISECOND = 1_000

Point = tuple[int, float]


def timeseries(series: Sequence[Series], start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    """One line for each series: the readings themselves where a screen can show them, else means of even stretches."""
    lines = [course(one.pk, start, end) for one in series]
    several = len({one.entity_urn for one in series}) > 1
    return {
        "title": "" if several else series[0].entity_key,
        "gap_seconds": max((gap_seconds(at) for at, _value in lines), default=0.0),
        "series": [
            {
                "name": f"{one.entity_key} · {one.attribute}" if several else one.attribute,
                "unit": units.symbol(one.unit),
                "decimals": one.decimals,
                "points": points(at, value),
            }
            for one, (at, value) in zip(series, lines, strict=True)
        ],
    }


def course(series_id: int, start: dt.datetime, end: dt.datetime) -> tuple[Int64s, Floats]:
    """Times (µs since 1970 UTC) and values of a series, at most about MOST_POINTS."""
    wanted = (end - start).total_seconds() / MOST_POINTS
    width = next((seconds for seconds in WIDTHS if seconds >= wanted), WIDTHS[-1])
    if end - start <= LONGEST_RAW:
        raw = query.range_([series_id], start, end, MOST_POINTS + 1)
        if len(raw) <= MOST_POINTS:
            return raw.observed_at, raw.value
    found = query.aggregate([series_id], start, end, width, ("mean",))
    return found.bucket_start, found.values["mean"]


def points(at: Int64s, value: Floats) -> list[Point]:
    """Pairs of ms since 1970 UTC and value."""
    return list(zip((at // MILLISECOND).tolist(), value.tolist(), strict=True))


def gap_seconds(at: Int64s) -> float:
    """The distance in seconds beyond which two points are not joined; 0 where there are not two."""
    return float(np.median(np.diff(at))) / 1_000_000 * GAP if len(at) > 1 else 0.0
