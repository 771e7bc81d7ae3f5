"""The outlook of a series: what its past makes likely for the next day, and which of its last hours were odd."""

import datetime as dt
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from onecity.domains.devices.logic.anomaly import onsets, surprise
from onecity.domains.devices.logic.forecast import forecast
from onecity.kernel.core import units
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.batch import Floats
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.charts import attribute_title
from onecity.kernel.twin.models import Entity

PAST_DAYS, SHOWN_DAYS, AHEAD = 28, 4, 24
HOUR = dt.timedelta(hours=1)
HOUR_S = 3600
HOUR_US, HOUR_MS = HOUR_S * 1_000_000, HOUR_S * 1000
# so surprising an hour is shown (see logic.anomaly: about standard deviations)
ODD = 8.0
# an alarm is repeated after so many quiet hours
QUIET = 12


def chart(entity: Entity, attribute: str) -> dict[str, Any]:
    """The chart: hourly means of the last days, the expected course with its bounds of 90 %, odd hours as events."""
    title = attribute_title(entity.type, attribute)
    series = Series.objects.filter(entity_id=entity.id, attribute=attribute, active=True).first()
    if series is None:
        return {"title": title, "series": []}
    end = now().replace(minute=0, second=0, microsecond=0)
    start = end - dt.timedelta(days=PAST_DAYS)
    hourly = _hourly(series.pk, start, end)
    first = int(start.timestamp()) * 1000
    shown = SHOWN_DAYS * 24
    begin = first + (len(hourly) - shown) * HOUR_MS
    facts = {"unit": units.symbol(series.unit), "decimals": series.decimals}
    lines = [{"name": _("Hourly mean"), **facts, "points": _points(begin, hourly[-shown:])}]
    ahead = forecast(_from_its_beginning(hourly)[None, :], 24, AHEAD)
    if np.isfinite(ahead.mean).all():
        after = first + len(hourly) * HOUR_MS
        names = (
            (_("Expected"), ahead.mean),
            (_("Nine in ten above"), ahead.lower),
            (_("Nine in ten below"), ahead.upper),
        )
        lines += [
            {"name": name, **facts, "points": _points(after, _possible(values[0], series))} for name, values in names
        ]
    return {
        "title": f"{entity.name} · {title}",
        "gap_seconds": 2.5 * HOUR_S,
        "series": lines,
        "events": [
            {"at": first + position * HOUR_MS, "label": _("odd"), "severity": "yellow"}
            for position in _odd(hourly)
            if position >= len(hourly) - shown
        ],
    }


def _hourly(series_id: int, start: dt.datetime, end: dt.datetime) -> Floats:
    """Hourly means from start to end, NaN where nothing was measured."""
    values = np.full((end - start) // HOUR, np.nan)
    found = query.aggregate([series_id], start, end, HOUR_S, ("mean",))
    place = (found.bucket_start - int(start.timestamp()) * 1_000_000) // HOUR_US
    values[place] = found.values["mean"]
    return values


def _from_its_beginning(hourly: Floats) -> Floats:
    """The hours since the series began, so that a young one is judged by what it has."""
    known = np.flatnonzero(np.isfinite(hourly))
    return hourly[known[0] :] if len(known) else hourly


def _odd(hourly: Floats) -> list[int]:
    """Positions of hours at which something odd began; gaps are left out, so they surprise nobody."""
    known = np.flatnonzero(np.isfinite(hourly))
    return known[onsets(surprise(hourly[known], HOUR_S), ODD, QUIET)].tolist() if len(known) else []


def _possible(values: Floats, series: Series) -> Floats:
    """The values within what the attribute can be at all."""
    return np.clip(values, series.minimum, series.maximum) if _bounded(series) else values


def _bounded(series: Series) -> bool:
    return series.minimum is not None or series.maximum is not None


def _points(first_ms: int, values: Floats) -> list[list[float | None]]:
    """Pairs of ms since 1970 UTC and value, None in gaps; an hour stands at its beginning."""
    return [
        [first_ms + place * HOUR_MS, value if np.isfinite(value) else None]
        for place, value in enumerate(values.tolist())
    ]
