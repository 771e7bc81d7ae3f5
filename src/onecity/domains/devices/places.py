"""Models of places: which series belong to one, learnt by the worker in bulk, kept, and shown beside what is measured."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from onecity.domains.devices.logic.anomaly import onsets, surprise
from onecity.domains.devices.logic.baseline import DAY, WEEK, Floats, score, usual
from onecity.domains.devices.logic.forecast import forecast
from onecity.domains.devices.models import PlaceModel, SeriesModel
from onecity.domains.devices.permissions import VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core import units
from onecity.kernel.core.clock import now, to_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series

WEEKS = 4
HOURS = WEEKS * WEEK
HOUR_S = 3600
HOUR_US, HOUR_MS = HOUR_S * 1_000_000, HOUR_S * 1000
AT_ONCE = 2_000
ODD, QUIET, SHOWN_ODD = 8.0, 12, 7 * DAY
SHOWN = 3 * DAY
WRITTEN = ("division_path", "learnt_at", "baseline", "ahead", "ahead_from", "error", "naive_error", "scored", "odd")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over `series` series: the share by which the forecast's error lies below that of "as a day before" (None: unknown)."""

    series: int
    better: float | None


def visible(account: Principal) -> QuerySet[PlaceModel]:
    """The models of places that an account may see."""
    return policy.visible(PlaceModel.objects.all(), account, VIEW)


def one(account: Principal, place_id: UUID) -> PlaceModel:
    """One of them; raises Problem 404."""
    found = visible(account).filter(id=place_id).first()
    if found is None:
        raise Problem("no-place", _("There is no such model of a place"), status=404)
    return found


def series_of(place: PlaceModel) -> QuerySet[Series]:
    """The series that belong to a place: those of its thing, or of all things in its division."""
    rows = Series.objects.filter(active=True, origin="", division_path__startswith=place.division_path)
    return (rows.filter(entity_id=place.entity_id) if place.entity_id else rows).order_by("id")


def learn() -> int:
    """Learn all series of all places anew; gives how many. A series of several places is learnt once."""
    moment = now()
    wanted: dict[int, str] = {}
    listed = list(PlaceModel.objects.all())
    for place in listed:
        wanted |= dict(series_of(place).values_list("id", "division_path"))
    ids = sorted(wanted)
    for begin in range(0, len(ids), AT_ONCE):
        part = ids[begin : begin + AT_ONCE]
        rows = _learnt(part, [wanted[number] for number in part], moment)
        SeriesModel.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["series_id"], update_fields=list(WRITTEN)
        )
    SeriesModel.objects.exclude(series_id__in=ids).delete()
    PlaceModel.objects.filter(id__in=[place.id for place in listed]).update(learnt_at=moment)
    return len(ids)


def accuracy(series_ids: Sequence[int]) -> Accuracy:
    """How much better than "as a day before" the forecasts of these series were."""
    rows = SeriesModel.objects.filter(series_id__in=series_ids, error__isnull=False, naive_error__gt=0)
    found = np.array(list(rows.values_list("error", "naive_error")), np.float64).reshape(-1, 2)
    if not len(found):
        return Accuracy(0, None)
    return Accuracy(len(found), float(1 - np.median(found[:, 0] / found[:, 1])))


def chart(series: Series) -> dict[str, Any]:
    """What was measured in the last days, the band of the usual, the next day, and odd hours as events."""
    model = SeriesModel.objects.filter(series_id=series.pk).first()
    if model is None:
        return {"title": series.attribute, "series": []}
    end = model.ahead_from
    start = end - dt.timedelta(hours=SHOWN)
    facts = {"unit": units.symbol(series.unit), "decimals": series.decimals}
    hourly = _hourly([series.pk], start, SHOWN)[0]
    band, ahead = _unpacked(model.baseline, WEEK), _unpacked(model.ahead, DAY)
    first = int(start.timestamp()) * 1000
    place = (_hour_of_week(start) + np.arange(SHOWN + DAY)) % WEEK
    names = [_("Usually above"), _("Usual"), _("Usually below")]
    lines = [{"name": _("Hourly mean"), **facts, "points": _points(first, hourly)}]
    lines += [{"name": name, **facts, "points": _points(first, band[i][place])} for i, name in enumerate(names)]
    lines += [{"name": _("Expected"), **facts, "points": _points(first + SHOWN * HOUR_MS, ahead[0])}]
    return {
        "title": f"{series.entity_key} · {series.attribute}",
        "gap_seconds": 2.5 * HOUR_S,
        "series": lines,
        "events": [{"at": at, "label": _("odd"), "severity": "yellow"} for at, _size in model.odd if at >= first],
    }


def _learnt(ids: list[int], paths: list[str], moment: dt.datetime) -> list[SeriesModel]:
    end = moment.replace(minute=0, second=0, microsecond=0)
    start = end - dt.timedelta(hours=HOURS)
    values = _hourly(ids, start, HOURS)
    band = usual(values, _hour_of_week(start))
    told, scored = forecast(values, DAY, DAY), score(values)
    ahead = np.stack([told.mean, told.lower, told.upper], axis=1)
    return [
        SeriesModel(
            series_id=number,
            division_path=paths[row],
            learnt_at=moment,
            baseline=band[row].astype("<f4").tobytes(),
            ahead=ahead[row].astype("<f4").tobytes(),
            ahead_from=end,
            error=_number(scored.error[row]),
            naive_error=_number(scored.naive[row]),
            scored=DAY if np.isfinite(scored.error[row]) else 0,
            odd=_odd(values[row], int(start.timestamp()) * 1000),
        )
        for row, number in enumerate(ids)
    ]


def _odd(hourly: Floats, first_ms: int) -> list[list[float]]:
    """Odd hours of the last week: [ms since 1970 UTC, how odd]."""
    known = np.flatnonzero(np.isfinite(hourly))
    if len(known) < DAY:
        return []
    found = surprise(hourly[known], HOUR_S)
    places = onsets(found, ODD, QUIET)
    recent = [place for place in places.tolist() if known[place] >= len(hourly) - SHOWN_ODD]
    return [[first_ms + int(known[place]) * HOUR_MS, round(float(found[place]), 1)] for place in recent]


def _hourly(ids: list[int], start: dt.datetime, hours: int) -> Floats:
    """Hourly means of series (ascending ids), [s, hours]; NaN where nothing was measured."""
    values = np.full((len(ids), hours), np.nan)
    found = query.aggregate(ids, start, start + dt.timedelta(hours=hours), HOUR_S, ("mean",))
    row = np.searchsorted(np.array(ids), found.series_id)
    values[row, (found.bucket_start - to_us(start)) // HOUR_US] = found.values["mean"]
    return values


def _hour_of_week(at: dt.datetime) -> int:
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    return local.weekday() * DAY + local.hour


def _unpacked(content: bytes | memoryview, width: int) -> Floats:
    return np.frombuffer(bytes(content), "<f4").astype(np.float64).reshape(3, width)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _points(first_ms: int, values: Floats) -> list[list[float | None]]:
    return [
        [first_ms + place * HOUR_MS, round(value, 4) if np.isfinite(value) else None]
        for place, value in enumerate(values.tolist())
    ]
