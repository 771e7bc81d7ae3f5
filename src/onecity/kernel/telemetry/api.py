"""Telemetry over HTTP: series, their newest readings, the readings of a span, and what they add up to."""

import datetime as dt
import re
import zoneinfo
from functools import lru_cache
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from onecity.kernel.access.api import public
from onecity.kernel.core.clock import from_us, now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.moments import Moment
from onecity.kernel.core.openapi import CHART_SCHEMA, answers_with, like, may_answer
from onecity.kernel.telemetry import answers, charts, finding, query
from onecity.kernel.telemetry.api_quarantine import router as quarantine
from onecity.kernel.telemetry.api_uploads import router as uploads
from onecity.kernel.telemetry.finding import Wanted
from onecity.kernel.telemetry.models import Series

router = Router(tags=["telemetry"], auth=public)
router.add_router("/quarantine", quarantine)
router.add_router("/uploads", uploads)

MOST_SERIES = 200
MOST_ROWS = 50_000
MOST_BUCKETS = 200_000
LONGEST_RAW = dt.timedelta(days=93)
LONGEST = dt.timedelta(days=3700)
DAY = dt.timedelta(days=1)
BUCKET = re.compile(r"([1-9]\d{0,7})(s|min|h|d|w)?\Z")
SECONDS = {None: 1, "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
CURSOR = re.compile(r"(\d{1,10})~(\d{1,16})\Z")
MOST_ID = 2**31 - 1

Short = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
SeriesId = Annotated[int, Field(ge=1, le=MOST_ID)]
Function = Literal["mean", "minimum", "maximum", "count", "sum", "last"]


class Chosen(Schema):
    """Which series: by their ids, by entity (id, URN or key), by type and attribute. Empty members do not narrow."""

    series: Annotated[list[SeriesId], Field(max_length=MOST_SERIES)] = []
    entity: Short = ""
    type: Annotated[Short, Field(json_schema_extra=like("AirQualityObserved"))] = ""
    attribute: Annotated[list[Short], Field(max_length=50, json_schema_extra=like(["pm2_5"]))] = []

    def wanted(self) -> Wanted:
        """The same for `finding`."""
        return Wanted(self.series, self.entity, self.type, self.attribute)


class Paged(Chosen):
    """The same, by pages."""

    after: Annotated[int, Field(ge=0, le=MOST_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Span(Chosen):
    """The same from `start` to just before `end`; without them the last day. `format` overrides the Accept header."""

    start: Moment | None = None
    end: Moment | None = None
    format: Literal["", "json", "csv"] = ""

    def span(self, longest: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
        """Start and end; raises Problem 422 where they are the wrong way round or too far apart."""
        end = self.end or (self.start + DAY if self.start else now())
        start = self.start or end - DAY
        if start >= end:
            raise _wrong("end", _("The end must be later than the start."))
        if end - start > longest:
            raise _wrong("end", _("Ask for at most %(days)d days at once.") % {"days": longest.days})
        return start, end


class RangeQuery(Span):
    """Readings by pages. `order=newest` begins with the newest reading of each series."""

    order: Literal["oldest", "newest"] = "oldest"
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 5_000
    after: Annotated[str, Field(max_length=40)] = ""


class AggregateQuery(Span):
    """Figures by bucket: `bucket` in seconds or as 5min, 1h, 1d, 1w; days and weeks are those of `zone`."""

    bucket: Annotated[str, Field(max_length=16)] = "1h"
    function: Annotated[list[Function], Field(max_length=6)] = ["mean"]
    zone: Annotated[str, Field(max_length=64)] = ""


class SeriesOut(Schema):
    """One attribute of one entity; `unit` is a UCUM code, a value outside of minimum and maximum is not accepted."""

    id: int
    entity_id: str
    entity: str
    entity_type: str
    attribute: str
    unit: str
    symbol: str
    decimals: int
    minimum: float | None
    maximum: float | None
    division_path: str
    public: bool
    active: bool


class SeriesPage(Schema):
    """One page by id; `next` is the `after` of the next page, null on the last."""

    series: list[SeriesOut]
    next: int | None


class LatestOut(Schema):
    """The newest reading of a series; `stale` where it is older than readings of its kind may be."""

    series: int
    entity_id: str
    entity: str
    attribute: str
    unit: str
    symbol: str
    observed_at: dt.datetime
    value: float
    age_seconds: float
    stale: bool


@router.get("/series", response=SeriesPage, summary="Series, by pages")
def series(request: HttpRequest, wanted: Query[Paged]) -> SeriesPage:
    """The series that the caller may see and that fit, in the order of their ids."""
    rows = finding.series(request.user, wanted.wanted()).filter(id__gt=wanted.after).order_by("id")
    found = list(rows[: wanted.limit + 1])
    more, found = len(found) > wanted.limit, found[: wanted.limit]
    return SeriesPage(series=[_out(one) for one in found], next=found[-1].pk if more else None)


@router.get("/latest", response=list[LatestOut], summary="The newest readings", openapi_extra=may_answer(404))
def latest(request: HttpRequest, wanted: Query[Chosen]) -> list[LatestOut]:
    """The newest reading of each series that has one."""
    chosen = {one.pk: one for one in _chosen(request, wanted)}
    found, moment = query.latest(list(chosen)), now()
    rows = zip(found.series_id.tolist(), found.observed_at.tolist(), found.value.tolist(), strict=True)
    return [_latest(chosen[number], from_us(at), value, moment) for number, at, value in rows]


@router.get(
    "/range",
    response=dict[str, Any],
    summary="The readings of a span",
    openapi_extra=answers_with({"application/json": answers.READINGS_SCHEMA, "text/csv": answers.TABLE_SCHEMA}, 404),
)
def range_(request: HttpRequest, wanted: Query[RangeQuery]) -> HttpResponse:
    """`series[].points` are [time, value]; `next` is the `after` of the next page. CSV holds one page of rows."""
    start, end = wanted.span(LONGEST_RAW)
    chosen = _chosen(request, wanted)
    newest = wanted.order == "newest"
    found, following = query.page(
        [one.pk for one in chosen], start, end, wanted.limit, _cursor(wanted.after), newest_first=newest
    )
    after = None if following is None else f"{following[0]}~{following[1]}"
    if answers.wants_csv(request, wanted.format):
        answer = answers.table(chosen, found.series_id, "observed_at", found.observed_at, {"value": found.value})
        if after:
            answer["X-Next"] = after
        return answer
    return answers.readings_json(chosen, found, after)


@router.get(
    "/aggregate",
    response=dict[str, Any],
    summary="What readings add up to",
    openapi_extra=answers_with({"application/json": answers.AGGREGATES_SCHEMA, "text/csv": answers.TABLE_SCHEMA}, 404),
)
def aggregate(request: HttpRequest, wanted: Query[AggregateQuery]) -> HttpResponse:
    """`series[].points` are [start of the bucket, a value for each function]; only buckets that hold readings."""
    start, end = wanted.span(LONGEST)
    seconds, name = _seconds(wanted.bucket), wanted.zone or settings.TIME_ZONE
    chosen = _chosen(request, wanted)
    if (end - start).total_seconds() / seconds * len(chosen) > MOST_BUCKETS:
        raise _wrong("bucket", _("That would be too many figures: ask for longer buckets, fewer series or less time."))
    ids = [one.pk for one in chosen]
    functions = list(dict.fromkeys(wanted.function)) or ["mean"]
    found = query.aggregate(ids, start, end, seconds, functions, _zone(name))
    if answers.wants_csv(request, wanted.format):
        return answers.table(chosen, found.series_id, "bucket_start", found.bucket_start, found.values)
    return answers.aggregates_json(chosen, found, seconds, name)


@router.get(
    "/charts/timeseries",
    response=dict[str, Any],
    summary="The course of series, as the charts take it",
    openapi_extra=answers_with({"application/json": CHART_SCHEMA}, 404),
)
def timeseries(request: HttpRequest, wanted: Query[Span]) -> dict[str, Any]:
    """One line for each series, thinned to what a screen can show; for `data-chart="timeseries"`."""
    start, end = wanted.span(LONGEST)
    chosen = _chosen(request, wanted)
    if len(chosen) > charts.MOST_LINES:
        raise _wrong("series", _("A chart shows at most %(number)d series.") % {"number": charts.MOST_LINES})
    return charts.timeseries(chosen, start, end)


def _chosen(request: HttpRequest, wanted: Chosen) -> list[Series]:
    """The series asked for, by id; raises Problem: 422 where none or too many are asked for, 404 where none is seen."""
    if wanted.wanted().everything:
        raise _wrong("series", _("Say which series: by series, entity, type or attribute."))
    found = list(finding.series(request.user, wanted.wanted()).order_by("id")[: MOST_SERIES + 1])
    if not found:
        raise Problem("no-series", _("There is no such series that you may see"), status=404)
    if len(found) > MOST_SERIES:
        raise _wrong("series", _("Ask for at most %(number)d series at once.") % {"number": MOST_SERIES})
    return found


def _wrong(field: str, text: object) -> Problem:
    return Problem("invalid", _("Some values are wrong"), status=422, errors=[FieldError(field, text)])


def _seconds(text: str) -> int:
    match = BUCKET.match(text)
    seconds = int(match[1]) * SECONDS[match[2]] if match else 0
    if not seconds or seconds > 366 * 86_400 or (seconds > 86_400 and seconds % 86_400):
        raise _wrong("bucket", _("Give a number of seconds, or a number with s, min, h, d or w: up to a day, or days."))
    return seconds


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> dt.tzinfo:
    if name not in _zones():
        raise _wrong("zone", _("There is no such time zone; give a name like Asia/Shanghai."))
    return zoneinfo.ZoneInfo(name)


def _cursor(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = CURSOR.match(text)
    number, at = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= MOST_ID or at > 8 * 10**15:
        raise _wrong("after", _("This is not a place in a list that we gave you."))
    return number, at


def _out(one: Series) -> SeriesOut:
    more = ("entity_type", "minimum", "maximum", "division_path", "public", "active")
    return SeriesOut(**answers.facts(one), **{name: getattr(one, name) for name in more})


def _latest(one: Series, at: dt.datetime, value: float, moment: dt.datetime) -> LatestOut:
    described = {name: content for name, content in answers.facts(one).items() if name not in {"id", "decimals"}}
    return LatestOut(
        series=one.pk,
        observed_at=at,
        value=value,
        age_seconds=max((moment - at).total_seconds(), 0.0),
        stale=moment - at > one.max_age,
        **described,
    )
