"""Readings of watched series become changes that subscriptions are told of; of others not a row is written."""

import datetime as dt
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry.batch import NEVER, StoredBatch
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Change, Operation
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver, until
from onecity.kernel.twin.ngsild.subscriptions.tests.test_notifying import subscribe
from onecity.kernel.twin.stage import WatchedStage

STATION = EntityType(
    name="WatchedStation",
    title="Station",
    attributes=(Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000), Attribute("noise", "Noise", "dB", 0, 200)),
    max_age=dt.timedelta(hours=2),
)


def batch(values: dict[int, float], *, previous: float | None = None) -> StoredBatch:
    ids = np.array(sorted(values), np.int32)
    size = len(ids)
    return StoredBatch(
        series_id=ids,
        observed_at=np.full(size, now_us(), np.int64),
        value=np.array([values[one] for one in ids.tolist()]),
        fresh=np.ones(size, np.bool_),
        series=ids,
        starts=np.arange(size + 1, dtype=np.int64),
        previous_at=np.full(size, NEVER if previous is None else now_us() - 60_000_000, np.int64),
        previous_value=np.full(size, np.nan if previous is None else previous),
        received_at=now_us(),
    )


def test_watched_readings_are_told(ngsi: Client, receiver: Receiver, office: Office) -> None:
    entities = [
        service.upsert_entity(
            type=STATION, key=f"s{n}", name="S", division_path="adm/1/", lon=121.5, lat=30.9, properties={}
        )
        for n in range(2)
    ]
    series = {(s.entity_urn, s.attribute): s.id for s in Series.objects.all()}
    stage = WatchedStage()
    stage.load()
    before = Change.objects.count()
    with transaction.atomic():
        stage.process(batch(dict.fromkeys(series.values(), 1.0)))
    assert Change.objects.count() == before
    with CaptureQueriesContext(connection) as asked:
        stage.process(batch(dict.fromkeys(series.values(), 2.0)))
    assert len(asked) == 1
    watched: dict[str, Any] = {"entities": [{"type": "WatchedStation"}], "watchedAttributes": ["pm2_5"]}
    subscribe(ngsi, receiver, **watched, notification={"attributes": ["pm2_5"], "showChanges": True})
    with transaction.atomic():
        stage.process(batch(dict.fromkeys(series.values(), 35.5), previous=30.0))
    assert Change.objects.filter(operation=Operation.MEASURED).count() == 2
    until(lambda: receiver.heard)
    told = {one["id"]: one["pm2_5"] for one in receiver.heard[0].data}
    assert told.keys() == {entity.urn for entity in entities}
    for value in told.values():
        assert value.pop("observedAt").endswith("Z")
        assert value == {"type": "Property", "value": 35.5, "previousValue": 30.0, "unitCode": "ug/m3"}
    with transaction.atomic():
        stage.process(batch({series[entities[0].urn, "noise"]: 50.0}, previous=40.0))
    assert Change.objects.filter(operation=Operation.MEASURED).count() == 2
