"""Stations, rules and stored batches for tests of the stage."""

import datetime as dt
from collections.abc import Sequence

import numpy as np

from onecity.kernel.cases import service as cases
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import to_us
from onecity.kernel.places.models import Division
from onecity.kernel.rules import publishing
from onecity.kernel.rules.models import RuleVersion
from onecity.kernel.rules.stage import RulesStage
from onecity.kernel.rules.types import Condition, RuleDecl, Severity
from onecity.kernel.telemetry.batch import NEVER, StoredBatch
from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
DISTRICT, TOWN, OTHER_TOWN = "adm/990000/", "adm/990000/990101/", "adm/990000/990102/"
STATION = EntityType(
    name="TestStation",
    title="Station",
    attributes=(Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000), Attribute("wind", "Wind", "m/s", 0, 75)),
    max_age=dt.timedelta(hours=2),
)
CASE_TYPE = CaseTypeDecl(name="test_exceedance", title="Bad air")


def station(key: str = "s1", division_path: str = TOWN) -> Entity:
    return twin.upsert_entity(
        type=STATION, key=key, name=f"Station {key}", division_path=division_path, lon=121.5, lat=30.9
    )


def series_of(entity: Entity, attribute: str = "pm2_5") -> int:
    return Series.objects.get(entity_id=entity.id, attribute=attribute).pk


def rule(condition: Condition, name: str = "test.pm_high", *, case: bool = False, **more: object) -> RuleVersion:
    decl = RuleDecl(
        name=name,
        title="PM2.5 too high",
        entity_type=STATION.name,
        attribute=str(more.get("attribute", "pm2_5")),
        condition=condition,
        case_type=CASE_TYPE.name if case else None,
        case_from=Severity.YELLOW,
    )
    if case:
        cases.publish(CASE_TYPE)
    publishing.declare(decl, "test")
    return RuleVersion.objects.filter(rule__name=name).latest("number")


def ready() -> RulesStage:
    stage = RulesStage()
    stage.load()
    return stage


class Store:
    """Stands where the pipeline stands: sorts a batch, knows what came before, keeps the newest readings."""

    def batch(self, rows: Sequence[tuple[int, dt.datetime, float]], received: dt.timedelta = MINUTE) -> StoredBatch:
        ordered = sorted(rows)
        series, starts = np.unique([row[0] for row in ordered], return_index=True)
        known = {one.series_id: one for one in Latest.objects.filter(series_id__in=series.tolist())}
        before = [to_us(known[s].observed_at) if s in known else NEVER for s in series.tolist()]
        values = [known[s].value if s in known else float("nan") for s in series.tolist()]
        at = np.array([to_us(row[1]) for row in ordered], np.int64)
        bounds = np.append(starts, len(ordered))
        fresh = at > np.repeat(np.array(before, np.int64), np.diff(bounds))
        for s, when, value in ordered:
            if s not in known or when > known[s].observed_at:
                Latest.objects.update_or_create(series_id=s, defaults={"observed_at": when, "value": value})
        return StoredBatch(
            series_id=np.array([row[0] for row in ordered], np.int32),
            observed_at=at,
            value=np.array([row[2] for row in ordered], np.float64),
            fresh=fresh,
            series=series.astype(np.int32),
            starts=bounds.astype(np.int64),
            previous_at=np.array(before, np.int64),
            previous_value=np.array(values, np.float64),
            received_at=int(at.max()) + received // dt.timedelta(microseconds=1),
        )


def district() -> Division:
    return Division.objects.create(
        tree="adm", code="990000", name="Test district", level="district", path=DISTRICT, valid_from=dt.date(2020, 1, 1)
    )
