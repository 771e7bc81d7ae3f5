"""The evidence of an alert as a chart: readings around it, what the rule looked at, its levels, and when it went on."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from onecity.kernel.core import units
from onecity.kernel.core.clock import now
from onecity.kernel.rules import finding, wording
from onecity.kernel.rules.backtest import Interval, as_readings
from onecity.kernel.rules.baseline_store import load_all
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.logic import windows
from onecity.kernel.rules.logic.baselines import Table, hour_of_week
from onecity.kernel.rules.logic.conditions import Baseline, Condition, Threshold, Window, WindowFunction
from onecity.kernel.rules.logic.features import Context, feature_of
from onecity.kernel.rules.models import Alert
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin import charts as twin_charts

MILLISECOND = 1000
LEAST_AROUND = dt.timedelta(hours=3)
MOST_AROUND = dt.timedelta(days=7)
MOST_RAW = 20_000
# functions of a window whose value stands in the unit of the readings and can share their axis
SAME_AXIS = (WindowFunction.MEAN, WindowFunction.MINIMUM, WindowFunction.MAXIMUM)


def of_alert(alert: Alert) -> dict[str, Any]:
    """The readings around an alert, with its levels and the stretch in which it went on."""
    definition = finding.readable(alert.version)
    end = alert.end or now()
    around = min(max((end - alert.onset) / 2, LEAST_AROUND), MOST_AROUND)
    start, until = alert.onset - around, min(end + around, now())
    band = _band(alert.onset, alert.end, alert.severity)
    title = f"{alert.entity_name} · {twin_charts.attribute_title(alert.entity_type, alert.attribute)}"
    return chart(alert.series_id, title, definition, start, until, [band])


def of_intervals(
    definition: Definition, series_id: int, intervals: Iterable[Interval], start: dt.datetime, end: dt.datetime
) -> dict[str, Any]:
    """The readings of one series over the period of a back-test, with the stretches in which the rule would have fired."""
    mine = [interval for interval in intervals if interval.series_id == series_id]
    bands = [_band(interval.onset, interval.end, interval.severity.value) for interval in mine]
    name = mine[0].entity_name if mine else ""
    title = f"{name} · {twin_charts.attribute_title(definition.entity_type, definition.attribute)}".strip(" ·")
    return chart(series_id, title, definition, start, end, bands)


def chart(
    series_id: int,
    title: str,
    definition: Definition | None,
    start: dt.datetime,
    end: dt.datetime,
    bands: list[dict[str, Any]],
) -> dict[str, Any]:
    """A time series as the charts of the web take it."""
    series = Series.objects.filter(id=series_id).first()
    if series is None:
        return {"title": title, "series": []}
    points = twin_charts.course(series_id, start, end)
    unit, name = units.symbol(series.unit), twin_charts.attribute_title(series.entity_type, series.attribute)
    lines = [{"name": name, "unit": unit, "decimals": series.decimals, "points": points}]
    thresholds: list[dict[str, Any]] = []
    if definition is not None:
        lines += _looked_at(definition, series, unit, start, end)
        thresholds = _levels(definition.condition)
    return {
        "title": title,
        "gap_seconds": twin_charts.gap_seconds(points),
        "series": lines,
        "thresholds": thresholds,
        "bands": bands,
    }


def _looked_at(
    definition: Definition, series: Series, unit: str, start: dt.datetime, end: dt.datetime
) -> list[dict[str, Any]]:
    """What the rule compares with its levels, as a second line where it shares the axis of the readings."""
    condition = definition.condition
    if isinstance(condition, Window) and condition.function in SAME_AXIS:
        points = _window_points(condition, series.pk, start, end)
        name = _("%(function)s of %(span)s") % {
            "function": wording.FUNCTIONS[condition.function],
            "span": wording.span(condition.span),
        }
    elif isinstance(condition, Baseline):
        table = load_all().get((definition.channel, condition.history), Table.empty())
        points, name = _usual_points(table, series.pk, start, end), _("usual at this hour")
    else:
        return []
    return [{"name": name, "unit": unit, "decimals": series.decimals, "points": points}] if points else []


def _window_points(condition: Window, series_id: int, start: dt.datetime, end: dt.datetime) -> list[twin_charts.Point]:
    found = query.range_([series_id], start - condition.span, end, MOST_RAW)
    if not len(found):
        return []
    readings = as_readings(found)
    stretch = windows.Tails(round(condition.span.total_seconds() * 1_000_000)).join(readings)
    values = Context(readings, ZoneInfo(settings.TIME_ZONE), {}, stretch).values(feature_of(condition))
    shown = readings.at >= round(start.timestamp() * 1_000_000)
    step = max(1, int(shown.sum()) // twin_charts.MOST_POINTS)
    return twin_charts.as_points(readings.at[shown][::step], values[shown][::step])


def _usual_points(table: Table, series_id: int, start: dt.datetime, end: dt.datetime) -> list[twin_charts.Point]:
    row = np.flatnonzero(table.series == series_id)
    if not len(row):
        return []
    hour = 3_600_000_000
    at = np.arange(round(start.timestamp()) * 1_000_000 // hour, round(end.timestamp()) * 1_000_000 // hour + 1) * hour
    centre = table.centre[row[0], hour_of_week(at, ZoneInfo(settings.TIME_ZONE))]
    return twin_charts.as_points(at, centre)


def _levels(condition: Condition) -> list[dict[str, Any]]:
    on_axis = isinstance(condition, Threshold) or (isinstance(condition, Window) and condition.function in SAME_AXIS)
    if not on_axis:
        return []
    return [
        {
            "value": level.raise_at,
            "label": f"{wording.COLOURS[level.severity]} {wording.number(level.raise_at)}",
            "severity": level.severity.value,
        }
        for level in condition.levels
    ]


def _band(start: dt.datetime, end: dt.datetime | None, severity: str) -> dict[str, Any]:
    return {
        "from": round(start.timestamp() * MILLISECOND),
        "to": None if end is None else round(end.timestamp() * MILLISECOND),
        "severity": severity,
    }
