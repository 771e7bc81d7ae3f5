"""Observations: readings of series, paged by key in whichever direction is asked for, never counted row by row."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.limits import DAY
from onecity.kernel.telemetry.logic import times
from onecity.kernel.twin.sensorthings import filter_rows, filtering, sets
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.options import Options
from onecity.kernel.twin.sensorthings.sets import Page, Row

TIMES = frozenset({"phenomenonTime", "resultTime"})
# series looked through for one page where nothing narrows them, and rows read to find those that pass a filter
AT_ONCE = 200
MOST_READ = 100_000
FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def identify(series: int, at: int) -> str:
    """The id of an observation: its series and its time in µs."""
    return f"{series}~{at}"


def parse_id(text: str) -> tuple[int, int] | None:
    """Series and time of an observation's id, None where it is none."""
    series, mark, at = text.partition("~")
    if not mark or not series.isdigit() or not at.isdigit() or len(series) > 10 or len(at) > 17:
        return None
    return int(series), int(at)


def row(series: int, at: int, value: float) -> Row:
    """A reading as an Observation."""
    text = times.to_text(at)
    return {"@iot.id": identify(series, at), "phenomenonTime": text, "resultTime": text, "result": value}


def one(asker: Asker, key: str) -> Row:
    """One observation. Raises Problem 404."""
    found = parse_id(key)
    if found is None or not sets.streams(asker).filter(id=found[0]).exists():
        raise sets.none_such()
    at = clock.from_us(found[1])
    readings = query.range_([found[0]], at, at + dt.timedelta(microseconds=1))
    if not len(readings):
        raise sets.none_such()
    return row(found[0], found[1], float(readings.value[0]))


def page(asker: Asker, scope: Mapping[str, Any], options: Options) -> Page:
    """Observations of the series that the scope leaves. Raises Problem 400 and 501."""
    streams = sets.streams(asker).filter(**scope).order_by("id")
    descending = _direction(options)
    start, end = filtering.span(options.filter, TIMES)
    start, end = start or FIRST, end or clock.now() + dt.timedelta(days=1)
    after = parse_id(options.after) if options.after else None
    if options.after and after is None:
        raise filtering.wrong(_("The link to the next page is damaged"))
    found: list[Row] = []
    wanted, skipped, last = options.top + 1, options.skip, after[0] - 1 if after else 0
    while len(found) < wanted:
        ids = list(streams.filter(id__gt=last).values_list("id", flat=True)[:AT_ONCE])
        if not ids:
            break
        rows = _through(ids, (start, end), after, options, descending, skipped + wanted - len(found))
        found += rows[skipped:]
        skipped = max(0, skipped - len(rows))
        last, after = ids[-1], None
    more, found = len(found) > options.top, found[: options.top]
    count = _count(streams, options) if options.count else None
    return Page(found, str(found[-1]["@iot.id"]) if more and found else "", count)


def _direction(options: Options) -> bool:
    """Whether the newest come first. Only the order by time is offered: others would read everything."""
    for name, descending in options.order[:1]:
        if name not in TIMES:
            raise filtering.unsupported(f"$orderby={name}: Observations")
        return descending
    return False


def _through(
    ids: Sequence[int],
    span: tuple[dt.datetime, dt.datetime],
    after: tuple[int, int] | None,
    options: Options,
    newest_first: bool,
    wanted: int,
) -> list[Row]:
    """Rows of these series that pass the filter, as many as are wanted."""
    found: list[Row] = []
    read = 0
    while len(found) < wanted and read < MOST_READ:
        readings, after = query.page(ids, *span, max(wanted, 500), after, newest_first=newest_first)
        read += len(readings)
        columns = (readings.series_id.tolist(), readings.observed_at.tolist(), readings.value.tolist())
        found += [row(*facts) for facts in zip(*columns, strict=True) if _passes(options, *facts)]
        if after is None:
            break
    return found[:wanted]


def _passes(options: Options, series: int, at: int, value: float) -> bool:
    if options.filter is None:
        return True
    moment = clock.from_us(at)
    facts = {"result": value, "phenomenonTime": moment, "resultTime": moment, "id": identify(series, at)}
    return filter_rows.holds(options.filter, facts | {"@iot.id": facts["id"], "Datastream/@iot.id": float(series)})


def _count(streams: Any, options: Options) -> int:
    """How many observations one datastream has, from the kept hourly figures; anything else would be counted by reading."""
    ids = list(streams.values_list("id", flat=True)[:2])
    if len(ids) != 1 or options.filter is not None:
        raise filtering.unsupported("$count: Observations of several datastreams, or with $filter")
    newest = query.latest(ids)
    if not len(newest):
        return 0
    end = clock.from_us(int(newest.observed_at[0]) + DAY)
    found = query.aggregate(ids, FIRST + dt.timedelta(days=3650), end, 7 * 86_400, ["count"])
    return int(found.values["count"].sum())
