"""Observations that are more than a reading, kept in the database: what kind their datastream takes, what they are about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from django.db import connection
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Entity, Observation
from onecity.kernel.twin.sensorthings import documents, features, kept, observed, sets, shelf
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.features import Line
from onecity.kernel.twin.sensorthings.observed import MEASUREMENT, Wanted

OWN = service.urn_for(kept.THING, "")
# what was kept first stays; what was taken back may come again
KEEP = """
INSERT INTO twin_observation (series_id, observed_at, feature_id, alone, document)
SELECT series_id, observed_at, feature_id, alone, document FROM jsonb_to_recordset(%s)
    AS r (series_id int, observed_at timestamptz, feature_id uuid, alone bool, document jsonb)
ON CONFLICT (series_id, observed_at) DO UPDATE
    SET feature_id = excluded.feature_id, alone = excluded.alone, document = excluded.document
    WHERE twin_observation.document IS NULL
"""
SHOW_AGAIN = """
DELETE FROM twin_observation o USING jsonb_to_recordset(%s) AS r (series_id int, observed_at timestamptz)
WHERE o.series_id = r.series_id AND o.observed_at = r.observed_at AND o.document IS NULL AND NOT o.alone
"""


@dataclass(frozen=True, slots=True)
class Plans:
    """What is known of datastreams that SensorThings made: the kind of their results, and where their things stood."""

    kinds: Mapping[int, str] = field(default_factory=dict)
    lines: Mapping[int, tuple[str, Line]] = field(default_factory=dict)

    def kind(self, series: int) -> str:
        """The kind of result that a datastream takes."""
        return self.kinds.get(series, MEASUREMENT)

    def whole(self, wanted: Wanted) -> Wanted:
        """An observation with its feature where that has to be said: its thing stood elsewhere at its time."""
        thing, line = self.lines.get(wanted.series, ("", ()))
        if wanted.feature is not None or features.at(thing, line, wanted.at) == features.now(thing, line):
            return wanted
        return replace(wanted, feature=features.now(thing, line))


def plan(numbers: Collection[int]) -> Plans:
    """Look datastreams up; those that the platform declares take numbers and stand where their thing stands."""
    streams = kept.streams(list(numbers))
    kinds = {number: observed.kind_of(kept.facts(one).get("observationType")) for number, one in streams.items()}
    things = {number: str(kept.facts(one).get("thing")) for number, one in streams.items()}
    lines = features.lines(set(things.values()))
    return Plans(kinds, {number: (thing, lines[thing]) for number, thing in things.items()})


def keep(asker: Asker, rows: Sequence[Wanted], seen: Sequence[tuple[int, int]], plans: Plans) -> None:
    """Keep observations that are more than a reading; `seen`: all that were taken, series and time in µs.

    Raises Problem 400, 401 and 403.
    """
    if again := [key for key in seen if key[0] in plans.kinds]:
        with connection.cursor() as cursor:
            cursor.execute(SHOW_AGAIN, [_encoded([_key(*key) for key in again])])
    if not rows:
        return
    divisions = dict(Series.objects.filter(id__in={row.series for row in rows}).values_list("id", "division_path"))
    there = _there(rows)
    records = []
    for row in rows:
        asker.require(divisions.get(row.series, ""))
        if (row.series, row.at) in there:
            continue
        feature = _feature(asker, row, divisions.get(row.series, ""))
        alone = observed.number_of(plans.kind(row.series), row.result) is None
        records.append(_key(row.series, row.at) | {"feature_id": feature, "alone": alone, "document": row.document})
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [_encoded(records)])


def _there(rows: Sequence[Wanted]) -> set[tuple[int, int]]:
    """Which of them are kept already: sent again, they make no second feature."""
    found = Observation.objects.filter(
        series_id__in={row.series for row in rows},
        observed_at__in={clock.from_us(row.at) for row in rows},
        document__isnull=False,
    )
    return {(series, clock.to_us(at)) for series, at in found.values_list("series_id", "observed_at")}


def _feature(asker: Asker, row: Wanted, division: str) -> str | None:
    if row.feature is None or isinstance(row.feature, str):
        return None if row.feature is None else named(asker, row.feature)
    reader = documents.Reader(whole=True, fresh=True)
    document = reader.document("FeaturesOfInterest", dict(row.feature), place=f"{observed.FEATURE}/")
    position = documents.position("FeaturesOfInterest", document.facts)
    return str(shelf.add(asker, "FeaturesOfInterest", document.facts, division, position).id)


def named(asker: Asker, key: str) -> str:
    """The id of a feature that is there. Raises Problem 400."""
    if parse_id(key) is None or not sets.rows_of("FeaturesOfInterest", asker).filter(id=key).exists():
        title = _("What is linked to is not there, or you may not see it")
        raise documents.wrong(f"FeaturesOfInterest({key})", title)
    return key


def hide(keys: Sequence[tuple[int, int]]) -> None:
    """Take observations back: they are not shown any more, their readings stay in the store."""
    with connection.cursor() as cursor:
        records = [_key(*key) | {"feature_id": None, "alone": False, "document": None} for key in keys]
        cursor.execute(HIDE, [_encoded(records)])


def change(key: tuple[int, int], document: Mapping[str, object], feature: str | None, *, alone: bool) -> None:
    """Give an observation other members than it had."""
    record = _key(*key) | {"feature_id": feature, "alone": alone, "document": document}
    with connection.cursor() as cursor:
        cursor.execute(CHANGE, [_encoded([record])])


_INTO = KEEP.partition("DO UPDATE")[0]
HIDE = f"{_INTO} DO UPDATE SET feature_id = NULL, document = NULL"
CHANGE = f"{_INTO} DO UPDATE SET feature_id = excluded.feature_id, document = excluded.document"


def of_feature(entity: Entity) -> list[tuple[int, int]]:
    """The observations that were said to be about a feature."""
    found = Observation.objects.filter(feature_id=entity.id, document__isnull=False)
    return [(series, clock.to_us(at)) for series, at in found.values_list("series_id", "observed_at")]


def _key(series: int, at: int) -> dict[str, object]:
    return {"series_id": series, "observed_at": clock.from_us(at).isoformat()}


def _encoded(records: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(records).decode()
