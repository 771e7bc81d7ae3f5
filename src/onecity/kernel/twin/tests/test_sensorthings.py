"""SensorThings as its clients use it: paths, options, pages by key, what is not theirs, and observations that are posted."""

import datetime as dt
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from django import conf
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Day, Latest, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.sensorthings import filtering, options

pytestmark = pytest.mark.django_db
ROOM = EntityType("Room", "Room", (Attribute("co2", "CO2", "[ppm]"), Attribute("noise", "Noise", "dB")))
START = 1_772_323_200_000_000
MINUTE = 60_000_000


@pytest.fixture(autouse=True)
def _nobody_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf.settings, "ONECITY_NGSI_LD_ANONYMOUS", "none")


@pytest.fixture
def rooms(db: None) -> dict[str, Entity]:
    found = {}
    for number, key in enumerate("abc"):
        found[key] = service.upsert_entity(
            type=ROOM, key=key, name=f"Room {key}", division_path="adm/1/", lon=121.0 + number, lat=31.0,
            public=key != "c",
        )  # fmt: skip
    return found


def fill(entity: Entity, count: int, attribute: str = "co2") -> int:
    series = Series.objects.get(entity_id=entity.id, attribute=attribute)
    at = START + MINUTE * np.arange(count)
    batch = Batch(np.full(count, series.id, np.int32), at, np.linspace(400, 399 + count, count))
    with connection.cursor() as cursor:
        for day in store.days(batch):
            start = dt.datetime.combine(day, dt.time(), dt.UTC)
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {store.partition(day)} PARTITION OF telemetry_observation"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{(start + dt.timedelta(days=1)).isoformat()}')"
            )
        Day.objects.get_or_create(day=store.day_of(START), defaults={"readings": count, "changed_at": now()})
    store.append(batch)
    Latest.objects.create(
        series=series, observed_at=dt.datetime.fromtimestamp(int(at[-1]) / 1e6, dt.UTC), value=400.0 + count - 1
    )
    return series.id


def get(path: str, status: int = 200, client: Client | None = None) -> Any:
    with transaction.atomic():  # a refusal ends the request's transaction, not the test's
        answer = (client or Client(headers={"accept-language": "en"})).get(f"/sta/v1.1{path}")
    assert answer.status_code == status, answer.content
    return answer.json() if answer["Content-Type"].startswith("application") else answer.content.decode()


def follow(answer: Any) -> Any:
    parts = urlsplit(answer["@iot.nextLink"])
    return get(f"{parts.path.removeprefix('/sta/v1.1')}?{parts.query}")


def test_the_service_root_names_all_sets(rooms: dict[str, Entity]) -> None:
    root = get("")
    assert [item["name"] for item in root["value"]] == [
        "Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties", "Observations",
        "FeaturesOfInterest",
    ]  # fmt: skip
    assert any(name.endswith("req/datamodel") for name in root["serverSettings"]["conformance"])


def test_things_are_the_entities_that_may_be_seen(rooms: dict[str, Entity]) -> None:
    found = get("/Things?$count=true")
    assert (found["@iot.count"], [row["name"] for row in found["value"]]) == (2, ["Room a", "Room b"])
    one = get(f"/Things('{rooms['a'].id}')")
    assert one["@iot.selfLink"].endswith(f"/sta/v1.1/Things('{rooms['a'].id}')")
    assert one["Datastreams@iot.navigationLink"] == one["@iot.selfLink"] + "/Datastreams"
    assert one["properties"]["urn"] == rooms["a"].urn
    get(f"/Things('{rooms['c'].id}')", 404)
    assert get(f"/Things('{rooms['a'].id}')/name") == {"name": "Room a"}
    assert get(f"/Things('{rooms['a'].id}')/name/$value") == "Room a"
    assert get(f"/Things('{rooms['a'].id}')/Locations")["value"][0]["location"]["coordinates"] == [121.0, 31.0]
    assert get("/Things?$select=name&$top=1")["value"][0].keys() == {"@iot.id", "@iot.selfLink", "name"}


def test_filter_order_and_pages_by_key(rooms: dict[str, Entity]) -> None:
    assert [t["name"] for t in get("/Things?$filter=name eq 'Room b'")["value"]] == ["Room b"]
    assert [t["name"] for t in get("/Things?$filter=not (name eq 'Room b')")["value"]] == ["Room a"]
    assert [t["name"] for t in get("/Things?$filter=substringof('m b',name) or startswith(name,'X')")["value"]] == [
        "Room b"
    ]
    assert [t["name"] for t in get("/Things?$orderby=name desc")["value"]] == ["Room b", "Room a"]
    first = get("/Things?$top=1")
    assert [t["name"] for t in follow(first)["value"]] == ["Room b"]
    assert "@iot.nextLink" not in follow(first)
    ordered = get("/Things?$top=1&$orderby=name desc")
    assert [t["name"] for t in follow(ordered)["value"]] == ["Room a"]
    assert [t["name"] for t in get("/Things?$skip=1")["value"]] == ["Room b"]
    for query, status in (
        ("$filter=name eq", 400), ("$filter=nothing eq 1", 400), ("$orderby=nothing", 400), ("$top=x", 400),
        ("$filter=st_relate(a,b,c)", 501), ("$apply=x", 501), ("colour=red", 400), ("$expand=Nothing", 400),
    ):  # fmt: skip
        assert get(f"/Things?{query}", status)["code"].startswith("sensorthings")


def test_datastreams_lead_to_all_that_belongs_to_them(rooms: dict[str, Entity]) -> None:
    series = fill(rooms["a"], 5)
    found = get(
        f"/Datastreams({series})?$expand=Thing,Sensor,ObservedProperty,Observations($top=2;$orderby=phenomenonTime desc)"
    )
    assert found["unitOfMeasurement"]["name"] == "[ppm]"
    assert found["Thing"]["name"] == "Room a"
    assert (found["Sensor"]["@iot.id"], found["ObservedProperty"]["@iot.id"]) == ("Room", "Room.co2")
    assert [o["result"] for o in found["Observations"]] == [404.0, 403.0]
    nested = get(f"/Things('{rooms['a'].id}')?$expand=Datastreams/ObservedProperty($select=name)")
    assert [d["ObservedProperty"]["name"] for d in nested["Datastreams"]] == ["co2", "noise"]
    assert get(f"/Datastreams({series})/Thing")["name"] == "Room a"
    assert len(get("/Sensors('Room')/Datastreams")["value"]) == 4
    assert len(get("/ObservedProperties('Room.co2')/Datastreams")["value"]) == 2
    hidden = Series.objects.get(entity_id=rooms["c"].id, attribute="co2").id
    get(f"/Datastreams({hidden})", 404)
    get(f"/Datastreams({hidden})/Observations", 404)


def test_observations_by_pages_filters_and_counts(rooms: dict[str, Entity]) -> None:
    series = fill(rooms["a"], 250)
    fill(rooms["c"], 3)
    base = f"/Datastreams({series})/Observations"
    found = get(f"{base}?$count=true")
    assert (found["@iot.count"], len(found["value"])) == (250, 100)
    second = follow(found)
    third = follow(second)
    results = [o["result"] for page in (found, second, third) for o in page["value"]]
    assert results == [400.0 + n for n in range(250)]
    assert "@iot.nextLink" not in third
    newest = get(f"{base}?$orderby=phenomenonTime desc&$top=3")
    assert [o["result"] for o in newest["value"]] == [649.0, 648.0, 647.0]
    assert [o["result"] for o in follow(newest)["value"]] == [646.0, 645.0, 644.0]
    wanted = quote("phenomenonTime ge 2026-03-01T00:10:00Z and phenomenonTime lt 2026-03-01T00:13:00Z")
    assert [o["result"] for o in get(f"{base}?$filter={wanted}")["value"]] == [410.0, 411.0, 412.0]
    assert [o["result"] for o in get(f"{base}?$filter=result gt 640 and result lt 643")["value"]] == [641.0, 642.0]
    assert [o["result"] for o in get(f"{base}?$skip=10&$top=2")["value"]] == [410.0, 411.0]
    one = found["value"][7]
    assert get(f"/Observations('{one['@iot.id']}')")["result"] == 407.0
    assert get(f"/Observations('{one['@iot.id']}')/FeatureOfInterest")["name"] == "Room a"
    assert get(f"/Observations('{one['@iot.id']}')/Datastream")["@iot.id"] == series
    assert len(get("/Observations?$top=1000")["value"]) == 250
    get("/Observations?$count=true", 501)
    get(f"{base}?$orderby=result", 501)
    arrays = get(f"{base}?$resultFormat=dataArray&$top=2")["value"]
    assert arrays[0]["dataArray"][1][3] == 401.0


def test_what_is_not_offered_says_so() -> None:
    client = Client(headers={"accept-language": "en"})
    for method, path, status in (
        ("post", "", 404),
        ("patch", "/Things", 405),
        ("delete", "", 405),
    ):
        with transaction.atomic():
            answer = getattr(client, method)(f"/sta/v1.1{path}", data="{}", content_type="application/json")
        assert answer.status_code == status, answer.content
    get("/Nothing", 404)
    get("/Things(%27x%27)", 404)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abcname()'eqlt and or not 1234.:TZ-,/@", max_size=60))
def test_no_filter_makes_the_reader_fail(text: str) -> None:
    for read in (lambda: filtering.parse(text), lambda: options.read([("$expand", text), ("$orderby", text)])):
        try:
            read()
        except Problem as problem:
            assert problem.status in {400, 501}  # noqa: PT017 - the other outcome is fine too
