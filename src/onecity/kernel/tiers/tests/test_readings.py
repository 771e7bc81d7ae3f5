"""Readings on their way: what a town's pipeline sends by its policy, and what the district's makes of it."""

import datetime as dt
from uuid import UUID

import numpy as np
import polars as pl
import pytest

from onecity.kernel.core.clock import FixedClock, to_us, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch, StoredBatch
from onecity.kernel.telemetry.logic.catalogue import SERIES_SCHEMA, build
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.pipeline.source import Entry
from onecity.kernel.telemetry.service import register_series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.tiers.following import TownFollower, origin_of
from onecity.kernel.tiers.logic import envelope
from onecity.kernel.tiers.logic.envelope import Envelope
from onecity.kernel.tiers.models import Outbox, Peer, Policy, TownSeries
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.stage import TownStage

pytestmark = pytest.mark.django_db
CODE, PATH = "990101001", "adm/990101/990101001/"
KIND = EntityType("TierMeter", "Meter", (Attribute("flow", "Flow", "m3/h"), Attribute("level", "Level", "m")))
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
HOUR = 3_600_000_000


def peer(direction: str) -> Joined:
    installation = new_id()
    Peer.objects.create(
        code=CODE,
        direction=direction,
        name="North",
        division_path=PATH,
        state="joined",
        installation=installation,
        slot=0,
    )
    return Joined(CODE, direction == "up", PATH, installation)


def meter(key: str, path: str = PATH) -> dict[str, int]:
    return dict(register_series(new_id(), f"urn:ngsi-ld:TierMeter:{key}", KIND, path))


def stored(*rows: tuple[int, int, float]) -> StoredBatch:
    ordered = sorted(rows)
    series = np.array(sorted({row[0] for row in ordered}), np.int32)
    ids = np.array([row[0] for row in ordered], np.int32)
    return StoredBatch(
        series_id=ids,
        observed_at=np.array([row[1] for row in ordered], np.int64),
        value=np.array([row[2] for row in ordered], np.float64),
        fresh=np.ones(len(ordered), np.bool_),
        series=series,
        starts=np.append(np.searchsorted(ids, series), len(ids)).astype(np.int64),
        previous_at=np.zeros(len(series), np.int64),
        previous_value=np.zeros(len(series)),
        received_at=to_us(NOON),
    )


def working() -> TownStage:
    stage = TownStage()
    stage.load()
    return stage


def sent() -> list[tuple[int, int, float]]:
    rows = []
    for row in Outbox.objects.filter(kind="readings").order_by("id"):
        batch = envelope.unpack_readings(bytes(row.data or b""))
        rows += list(zip(batch.series_id.tolist(), batch.observed_at.tolist(), batch.value.tolist(), strict=True))
    return rows


def test_what_is_stored_is_sent_and_each_series_is_described_once_before_it() -> None:
    peer("up")
    flow = meter("m-1")["flow"]
    stage = working()
    stage.process(stored((flow, 1, 2.5)))
    stage.process(stored((flow, 2, 3.5)))
    kinds = list(Outbox.objects.order_by("id").values_list("kind", "channel", "size"))
    assert kinds == [("series", "readings", 0), ("readings", "readings", 1), ("readings", "readings", 1)]
    assert sent() == [(flow, 1, 2.5), (flow, 2, 3.5)]
    described = Outbox.objects.get(kind="series").body[0]
    assert (described["entity_urn"], described["attribute"]) == ("urn:ngsi-ld:TierMeter:m-1", "flow")


def test_a_policy_keeps_readings_in_the_town() -> None:
    peer("up")
    series, other = meter("m-1"), meter("m-2")
    Policy.objects.create(kind="readings", type_name="TierMeter", attribute="level", sharing="none")
    Policy.objects.create(kind="entities", type_name="TierMeter", key="m-2", sharing="none")
    working().process(stored((series["flow"], 1, 1.0), (series["level"], 1, 2.0), (other["flow"], 1, 3.0)))
    assert sent() == [(series["flow"], 1, 1.0)]


def test_what_lies_outside_the_town_and_what_came_from_elsewhere_is_not_sent() -> None:
    peer("up")
    outside = meter("m-3", "adm/990101/990101002/")["flow"]
    foreign = meter("m-4")["flow"]
    Series.objects.filter(id=foreign).update(origin="another")
    working().process(stored((outside, 1, 1.0), (foreign, 1, 1.0)))
    assert sent() == []


def test_of_what_leaves_as_means_only_whole_periods_are_sent_each_once() -> None:
    peer("up")
    flow = meter("m-1")["flow"]
    Policy.objects.create(kind="readings", type_name="TierMeter", sharing="aggregate", period_seconds=3600)
    noon = to_us(NOON)
    rows = [(flow, noon - HOUR + step * 600_000_000, float(step)) for step in range(6)] + [(flow, noon + 1, 50.0)]
    batch = Batch(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows]),
    )
    store.create_partition(NOON.date())
    store.append(batch)
    stage = working()
    stage.process(stored(*rows))
    assert sent() == []
    with use_clock(FixedClock(NOON)):
        stage.tick(noon + 30_000_000)
        assert sent() == []
        stage.tick(noon + 90_000_000)
        stage.tick(noon + 180_000_000)
    assert sent() == [(flow, noon - HOUR, 2.5)]


def test_without_a_district_nothing_is_written() -> None:
    flow = meter("m-1")["flow"]
    stage = working()
    stage.process(stored((flow, 1, 1.0)))
    stage.tick(to_us(NOON))
    assert Outbox.objects.count() == 0


def describe(entity: UUID, urn: str, path: str = PATH, number: int = 7) -> bytes:
    facts = {
        "id": number, "entity_id": str(entity), "entity_urn": urn, "entity_type": "TierMeter", "attribute": "flow", "unit": "m3/h",
        "decimals": 1, "minimum": None, "maximum": None, "max_age": 3600.0, "late_after": 86400.0, "division_path": path,
        "public": False,
    }  # fmt: skip
    return envelope.pack_json({"kind": "series", "body": [facts]})


def entry(town: Joined, number: int, form: int, content: bytes) -> Entry:
    payload = Envelope(town.installation, number, form, content).write()
    return Entry("town@birth", number, 0, b"town.x.readings", payload, (origin_of(town), number))


def readings(series: int) -> bytes:
    return envelope.pack_readings(Batch(np.array([series], np.int32), np.array([5], np.int64), np.array([1.5])))


def test_the_district_reads_a_towns_numbers_by_its_descriptions() -> None:
    town, follower = peer("down"), TownFollower()
    follower.logs()
    empty = build(pl.DataFrame(schema=dict(SERIES_SCHEMA)), [])
    identity = new_id()
    assert (
        follower.interpret(entry(town, 1, envelope.JSON, describe(identity, "urn:ngsi-ld:TierMeter:m-9")), empty)
        is None
    )
    series = Series.objects.get(entity_urn="urn:ngsi-ld:TierMeter:m-9")
    assert (series.origin, series.entity_id, series.device_id) == (CODE, identity, None)
    found = follower.interpret(entry(town, 2, envelope.COLUMNS, readings(7)), empty)
    assert found is not None
    assert (found[0].series_id.tolist(), found[0].value.tolist()) == ([series.id], [1.5])
    with pytest.raises(ValueError, match="not described"):
        follower.interpret(entry(town, 3, envelope.COLUMNS, readings(8)), empty)


def test_a_town_cannot_describe_what_is_not_its_own() -> None:
    town, follower = peer("down"), TownFollower()
    follower.logs()
    empty = build(pl.DataFrame(schema=dict(SERIES_SCHEMA)), [])
    elsewhere = describe(new_id(), "urn:ngsi-ld:TierMeter:m-9", "adm/990101/990101002/")
    with pytest.raises(ValueError, match="does not lie in it"):
        follower.interpret(entry(town, 1, envelope.JSON, elsewhere), empty)
    own = meter("m-5")["flow"]
    Series.objects.filter(id=own).update(device_id=new_id())
    with pytest.raises(ValueError, match="measured elsewhere"):
        follower.interpret(entry(town, 2, envelope.JSON, describe(new_id(), "urn:ngsi-ld:TierMeter:m-5")), empty)
    assert TownSeries.objects.count() == 0
    assert Series.objects.get(id=own).origin == ""
