"""Observations: readings of series and what is kept beside them, paged by key in whichever direction is asked for."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.limits import DAY
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Observation
from onecity.kernel.twin.sensorthings import features, filter_rows, filtering, kept, observed, sets
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.features import About, Book
from onecity.kernel.twin.sensorthings.options import Options
from onecity.kernel.twin.sensorthings.sets import Page, Row

TIMES = frozenset({"phenomenonTime", "resultTime"})
FEATURE_IDS = frozenset({"FeatureOfInterest/@iot.id", "FeatureOfInterest/id"})
# what a filter may name of observations that were sent without it
NOTHING: Mapping[str, Any] = {"resultQuality": None, "validTime": None, "parameters": {}}
# series looked through for one page where nothing narrows them, and rows read to find those that pass a filter
AT_ONCE = 200
MOST_READ = 100_000
FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Key = tuple[int, int]
"""Series and time in µs."""
Span = tuple[dt.datetime, dt.datetime]


def identify(series: int, at: int) -> str:
    """The id of an observation: its series and its time in µs."""
    return f"{series}~{at}"


def parse_id(text: str) -> Key | None:
    """Series and time of an observation's id, None where it is none."""
    series, mark, at = text.partition("~")
    if not mark or not series.isdigit() or not at.isdigit() or len(series) > 10 or len(at) > 17:
        return None
    return int(series), int(at)


def row(key: Key, value: float | None, kind: str, beside: Observation | None) -> Row:
    """A reading, and what is kept beside it, as an Observation."""
    text = times.to_text(key[1])
    made: Row = {"@iot.id": identify(*key), "_feature": None, "phenomenonTime": text, "resultTime": text}
    if beside is not None and beside.document is not None:
        feature = None if beside.feature_id is None else str(beside.feature_id)
        return made | {"_feature": feature, **beside.document}
    return made | {"result": observed.shown(kind, value or 0.0)}


def one(asker: Asker, key: str) -> Row:
    """One observation. Raises Problem 404."""
    found = parse_id(key)
    if found is None or not sets.streams(asker).filter(id=found[0]).exists():
        raise sets.none_such()
    at = clock.from_us(found[1])
    beside = Observation.objects.filter(series_id=found[0], observed_at=at).first()
    readings = query.range_([found[0]], at, at + dt.timedelta(microseconds=1))
    if (beside is None and not len(readings)) or (beside is not None and beside.document is None):
        raise sets.none_such()
    return row(found, float(readings.value[0]) if len(readings) else None, _kinds([found[0]]).get(found[0], ""), beside)


def _kinds(numbers: Collection[int]) -> dict[int, str]:
    """The kinds of results of datastreams that SensorThings made."""
    streams = kept.streams(list(numbers)).items()
    return {number: observed.kind_of(kept.facts(entity).get("observationType")) for number, entity in streams}


def page(asker: Asker, scope: Mapping[str, Any], options: Options, book: Book) -> Page:
    """Observations of the series that the scope leaves. Raises Problem 400 and 501."""
    rest = dict(scope)
    about = features.about(str(rest.pop("feature"))) if "feature" in rest else None
    streams = sets.streams(asker).filter(**rest)
    streams = (streams if about is None else streams.filter(about.series())).order_by("id")
    after = parse_id(options.after) if options.after else None
    if options.after and after is None:
        raise filtering.wrong(_("The link to the next page is damaged"))
    # of a reading alone the time of the result is the time observed
    spans = _span(options, TIMES), _span(options, frozenset({"phenomenonTime"}))
    search = _Search(*spans, _direction(options), about, _test(options, about, book))
    found: list[Row] = []
    wanted, skipped, last = options.top + 1, options.skip, after[0] - 1 if after else 0
    while len(found) < wanted:
        ids = list(streams.filter(id__gt=last).values_list("id", flat=True)[:AT_ONCE])
        if not ids:
            break
        book.know(ids if about is not None else ())
        rows, reached = search.through(ids, after, skipped + wanted - len(found))
        found += rows[skipped:]
        skipped = max(0, skipped - len(rows))
        if reached is not None and len(found) < wanted:
            # enough was read for one answer: the next page goes on where this one ended
            return Page(found, identify(*reached), _count(streams, options) if options.count else None)
        last, after = ids[-1], None
    more, found = len(found) > options.top, found[: options.top]
    count = _count(streams, options) if options.count else None
    return Page(found, str(found[-1]["@iot.id"]) if more and found else "", count)


def _span(options: Options, names: frozenset[str]) -> Span:
    start, end = filtering.span(options.filter, names)
    return start or FIRST, end or clock.now() + dt.timedelta(days=1)


def _direction(options: Options) -> bool:
    """Whether the newest come first. Only the order by time is offered: others would read everything."""
    for name, descending in options.order[:1]:
        if name not in TIMES:
            raise filtering.unsupported(f"$orderby={name}: Observations")
        return descending
    return False


def _test(options: Options, about: About | None, book: Book) -> Callable[[Key, Row], bool] | None:
    """Whether an observation passes; None where all do."""
    node = options.filter
    if node is None and about is None:
        return None
    named = node is not None and bool(FEATURE_IDS & filtering.names(node))

    def passes(key: Key, found: Row) -> bool:
        feature = book.of(*key, found["_feature"]) if named or about is not None else ""
        if about is not None and feature != about.feature:
            return False
        return node is None or filter_rows.holds(node, _facts(key, found, feature))

    return passes


def _facts(key: Key, found: Row, feature: str) -> Mapping[str, Any]:
    """What a filter may ask of an observation; times as times."""
    moments: dict[str, Any] = {"phenomenonTime": clock.from_us(key[1]), "resultTime": clock.from_us(key[1])}
    if (told := times.from_one(str(found["resultTime"]))) is not None:
        moments["resultTime"] = clock.from_us(told)
    result = found["result"]
    number = float(result) if isinstance(result, int) and not isinstance(result, bool) else result
    ids = {"id": found["@iot.id"], "Datastream/@iot.id": float(key[0]), "Datastream/id": float(key[0])}
    return {**NOTHING, **found, **moments, "result": number, **ids, **dict.fromkeys(FEATURE_IDS, feature)}


@dataclass(slots=True)
class _Search:
    """Looks for readings and what is kept beside them within spans; `about`: of one feature; `test`: those that pass."""

    span: Span
    span_beside: Span
    newest_first: bool
    about: About | None
    test: Callable[[Key, Row], bool] | None

    def through(self, ids: Sequence[int], after: Key | None, wanted: int) -> tuple[list[Row], Key | None]:
        """Observations of these series, as many as are wanted; and where reading had to end before there were as many."""
        found: list[Row] = []
        read, kinds, measured = 0, _kinds(ids), self._measured(ids)
        while len(found) < wanted:
            keys, after = self._page(ids, measured, kinds, after, max(wanted, 500))
            read += len(keys)
            found += [one for key, one in keys if one and (self.test is None or self.test(key, one))]
            if after is None:
                return found[:wanted], None
            if read >= MOST_READ:
                break
        return found[:wanted], after if len(found) < wanted else None

    def _measured(self, ids: Sequence[int]) -> Sequence[int]:
        """The series whose readings count; of a feature those whose thing stood there."""
        if self.about is None:
            return ids
        rows = Series.objects.filter(id__in=ids, entity_id__in=self.about.things)
        return list(rows.values_list("id", flat=True))

    def _page(
        self, ids: Sequence[int], measured: Sequence[int], kinds: Mapping[int, str], after: Key | None, most: int
    ) -> tuple[list[tuple[Key, Row]], Key | None]:
        """Readings and what is kept beside them, in order; an empty row stands for what was taken back."""
        readings, more = query.page(measured, *self._when(), most, after, newest_first=self.newest_first)
        beside = self._beside(ids, measured, after, most)
        rows: dict[Key, Row] = {}
        columns = (readings.series_id.tolist(), readings.observed_at.tolist(), readings.value.tolist())
        for series, at, value in zip(*columns, strict=True):
            rows[series, at] = row((series, at), value, kinds.get(series, ""), None)
        for one in beside:
            key = one.series_id, clock.to_us(one.observed_at)
            rows[key] = row(key, None, "", one) if one.document is not None else {}
        sign = -1 if self.newest_first else 1
        keys = sorted(rows, key=lambda key: (key[0], sign * key[1]))
        whole = more is None and len(beside) <= most and len(keys) <= most
        keys = keys[:most]
        return [(key, rows[key]) for key in keys], None if whole or not keys else keys[-1]

    def _when(self) -> Span:
        start, end = self.span
        if self.about is None:
            return start, end
        return max(start, self.about.start or start), min(end, self.about.end or end)

    def _beside(self, ids: Sequence[int], measured: Sequence[int], after: Key | None, most: int) -> list[Observation]:
        """What is kept beside readings, at most one more than asked for."""
        start, end = self.span_beside
        rows = Observation.objects.filter(series_id__in=ids, observed_at__gte=start, observed_at__lt=end)
        if self.about is not None:
            rows = rows.filter(Q(feature_id=self.about.feature) | Q(series_id__in=measured))
        if after is not None:
            at = clock.from_us(after[1])
            behind = Q(observed_at__lt=at) if self.newest_first else Q(observed_at__gt=at)
            rows = rows.filter(Q(series_id__gt=after[0]) | (Q(series_id=after[0]) & behind))
        return list(rows.order_by("series_id", "-observed_at" if self.newest_first else "observed_at")[: most + 1])


def _count(streams: Any, options: Options) -> int:
    """How many observations one datastream has, from the kept hourly figures; anything else would be counted by reading."""
    ids = list(streams.values_list("id", flat=True)[:2])
    if len(ids) != 1 or options.filter is not None:
        raise filtering.unsupported("$count: Observations of several datastreams, or with $filter")
    beside = Observation.objects.filter(series_id=ids[0])
    more = beside.filter(alone=True, document__isnull=False).count()
    more -= beside.filter(alone=False, document__isnull=True).count()
    newest = query.latest(ids)
    if not len(newest):
        return max(0, more)
    end = clock.from_us(int(newest.observed_at[0]) + DAY)
    found = query.aggregate(ids, FIRST + dt.timedelta(days=3650), end, 7 * 86_400, ["count"])
    return int(found.values["count"].sum()) + more
