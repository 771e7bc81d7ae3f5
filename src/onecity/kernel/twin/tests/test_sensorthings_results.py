"""Observations of SensorThings that are more than a number: other results, features of their own, what else is sent along."""

from typing import Any
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.core.clock import from_us
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.tests.conftest import Broker, broker, running_broker
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.telemetry.tests.sample import T0
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Entity, Observation
from onecity.kernel.twin.tests.test_sensorthings import ROOM, fill
from onecity.kernel.twin.tests.test_sensorthings_batch import prepare
from onecity.kernel.twin.tests.test_sensorthings_walls import bound
from onecity.kernel.twin.tests.test_sensorthings_writing import (
    HERE,
    PLACE,
    PROPERTY,
    SENSOR,
    STREAM,
    THING,
    Call,
    call,
    caller,
    make,
    plain,
    read,
)

pytestmark = pytest.mark.django_db(transaction=True)
FIXTURES = (broker, running_broker, call, bound)
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"
RIVER = {
    "name": "River", "description": "At the bridge", "encodingType": "application/geo+json",
    "feature": {"type": "Point", "coordinates": [121.1, 30.5]}, "properties": {"reach": 3},
}  # fmt: skip


def stream(call: Call, thing: str, kind: str) -> int:
    body = STREAM | {"observationType": OM + kind, "Sensor": SENSOR, "ObservedProperty": PROPERTY | {"name": kind}}
    return int(make(call, f"{thing}/Datastreams", body).partition("(")[2].rstrip(")"))


def minute(number: int) -> str:
    return f"2026-03-01T00:{number:02}:00Z"


def post(call: Call, number: int, at: int, result: Any, **more: Any) -> tuple[int, str]:
    body = {"result": result, "phenomenonTime": minute(at), **more}
    status, _answer, place = call("POST", f"/Datastreams({number})/Observations", body)
    return status, place


def results(call: Call, address: str) -> list[Any]:
    return [one["result"] for one in read(call, address)["value"]]


def test_every_kind_of_result_is_kept_and_read_back(call: Call, broker: Broker) -> None:
    prepare(broker)
    thing = make(call, "/Things", THING)
    kinds = {kind: stream(call, thing, kind) for kind in (
        "CategoryObservation", "TruthObservation", "CountObservation", "Observation", "Measurement"
    )}  # fmt: skip
    taken: dict[str, list[Any]] = {
        "CategoryObservation": ["http://codes/rain", "雾"], "TruthObservation": [True, False], "CountObservation": [7, 8.0],
        "Observation": [{"a": [1, {"b": None}]}, "text", True, [1, "x"], 2.5], "Measurement": [1, 2.5],
    }  # fmt: skip
    refused: dict[str, list[Any]] = {
        "CategoryObservation": [1, True, {"a": 1}, None], "TruthObservation": [1, "true", None],
        "CountObservation": [1.5, True, "1"], "Observation": [None], "Measurement": ["1", True, [1], None],
    }  # fmt: skip
    for kind, number in kinds.items():
        assert [post(call, number, at, one)[0] for at, one in enumerate(taken[kind])] == [201] * len(taken[kind])
        assert [post(call, number, 30, one)[0] for one in refused[kind]] == [422] * len(refused[kind])
    rows, refusals = logged(broker)
    assert [(s, v) for s, _at, v in rows] == [
        (kinds["TruthObservation"], 1.0), (kinds["TruthObservation"], 0.0), (kinds["CountObservation"], 7.0),
        (kinds["CountObservation"], 8.0), (kinds["Observation"], 2.5), (kinds["Measurement"], 1.0), (kinds["Measurement"], 2.5),
    ]  # fmt: skip
    assert {refusal.reason for refusal in refusals} == {"wrong_type"}
    base = f"/Datastreams({kinds['CategoryObservation']})/Observations"
    assert results(call, base) == taken["CategoryObservation"]
    assert results(call, f"/Datastreams({kinds['Observation']})/Observations") == taken["Observation"][:4]
    assert read(call, f"{base}?$count=true&$top=1")["@iot.count"] == 2
    assert Observation.objects.count() == 6


def test_readings_are_shown_as_the_datastream_says(call: Call) -> None:
    thing = make(call, "/Things", THING)
    for kind, expected in (("TruthObservation", [False, True, True]), ("CountObservation", [0, 1, 2])):
        number = stream(call, thing, kind)
        series = Series.objects.get(id=number)
        entity = Entity.objects.get(id=series.entity_id)
        fill(entity, 3, series.attribute)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE telemetry_observation SET value = value - 400 WHERE series_id = %s", [number])
        found = results(call, f"/Datastreams({number})/Observations")
        assert (found, [type(one) for one in found]) == (expected, [type(one) for one in expected])
        assert results(call, f"/Datastreams({number})/Observations?$filter=result eq {str(expected[0]).lower()}") == [
            expected[0]
        ]


def test_what_is_sent_along_is_kept_and_can_be_filtered_by(call: Call, broker: Broker) -> None:
    prepare(broker)
    thing = make(call, "/Things", THING)
    number = stream(call, thing, "CategoryObservation")
    more = {
        "resultTime": "2026-03-01T01:00:00Z", "resultQuality": {"code": "ok"}, "parameters": {"wind": 3, "by": "x"},
        "validTime": "2026-03-01T00:00:00Z/2026-03-02T00:00:00Z",
    }  # fmt: skip
    status, place = post(call, number, 1, "rain", **more)
    assert status == 201
    assert plain(read(call, place)) == {"result": "rain", "phenomenonTime": "2026-03-01T00:01:00Z"} | more
    post(call, number, 2, "sun")
    base = f"/Datastreams({number})/Observations"
    for text, expected in (
        ("result eq 'rain'", ["rain"]), ("startswith(result,'s')", ["sun"]), ("parameters/wind gt 2", ["rain"]),
        ("parameters/wind eq null", ["sun"]), ("resultQuality/code eq 'ok'", ["rain"]), ("result gt 5", []),
        ("resultTime gt 2026-03-01T00:30:00Z", ["rain"]), ("phenomenonTime gt 2026-03-01T00:01:00Z", ["sun"]),
    ):  # fmt: skip
        assert results(call, f"{base}?$filter={quote(text)}") == expected, text
    assert call("GET", f"{base}?$filter=colour eq 'x'")[0] == 400
    assert results(call, f"{base}?$orderby=phenomenonTime desc&$top=1") == ["sun"]
    first = read(call, f"{base}?$top=1")
    assert results(call, first["@iot.nextLink"].partition("/sta/v1.1")[2]) == ["sun"]
    arrays = read(call, f"{base}?$resultFormat=dataArray")["value"]
    assert [one[3] for one in arrays[0]["dataArray"]] == ["rain", "sun"]
    before = Observation.objects.count()
    bad: dict[str, Any]
    for bad in (
        {"resultTime": "now"}, {"validTime": "2026-03-01T00:00:00Z"}, {"parameters": 3}, {"colour": 1},
        {"parameters": {"a": "b\0"}}, {"parameters": {"a": "x" * 70_000}}, {"FeatureOfInterest": 3}, {"FeatureOfInterest": {}},
    ):  # fmt: skip
        assert post(call, number, 3, "x", **bad)[0] == 400, bad
    assert post(call, number, 3, "x" * 70_000)[0] == 400
    assert Observation.objects.count() == before


def test_an_interval_stands_at_its_end(call: Call, broker: Broker) -> None:
    prepare(broker)
    number = stream(call, make(call, "/Things", THING), "Measurement")
    interval = f"{minute(0)}/{minute(5)}"
    status, _answer, place = call(
        "POST", "/Observations", {"result": 4, "phenomenonTime": interval, "Datastream": {"@iot.id": number}}
    )
    assert (status, read(call, place)["phenomenonTime"]) == (201, interval)
    assert logged(broker)[0] == [(number, T0 + 300_000_000, 4.0)]


def test_a_feature_comes_with_its_observation_or_is_named(call: Call, broker: Broker) -> None:
    prepare(broker)
    thing = make(call, "/Things", THING | {"Locations": [PLACE]})
    number = stream(call, thing, "Measurement")
    assert post(call, number, 0, 1)[0] == 201
    status, place = post(call, number, 1, 2, FeatureOfInterest=RIVER)
    assert (status, plain(read(call, f"{place}/FeatureOfInterest"))) == (201, RIVER)
    key = read(call, f"{place}/FeatureOfInterest")["@iot.id"]
    status, third = post(call, number, 2, 3, FeatureOfInterest={"@iot.id": key})
    assert (status, read(call, f"{third}?$expand=FeatureOfInterest")["FeatureOfInterest"]["@iot.id"]) == (201, key)
    array = [{"Datastream": {"@iot.id": number}, "components": ["result", "phenomenonTime", "FeatureOfInterest/id"],
              "dataArray": [[4, minute(3), key], [5, minute(4), None]]}]  # fmt: skip
    assert call("POST", "/CreateObservations", array)[0] == 201
    assert call("POST", f"/FeaturesOfInterest('{key}')/Observations",
                {"result": 6, "phenomenonTime": minute(5), "Datastream": {"@iot.id": number}})[0] == 201  # fmt: skip
    assert results(call, f"/FeaturesOfInterest('{key}')/Observations") == [2, 3, 4, 6]
    assert results(call, f"/Observations?$filter=FeatureOfInterest/@iot.id eq '{key}'") == [2, 3, 4, 6]
    assert [v for _s, _at, v in logged(broker)[0]] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    # sent again, it makes no second feature
    features = Entity.objects.filter(type="SensorThingsFeature").count()
    assert (
        post(call, number, 1, 2, FeatureOfInterest=RIVER)[0],
        Entity.objects.filter(type="SensorThingsFeature").count(),
    ) == (201, features)
    before = Observation.objects.count()
    for wrong in ({"@iot.id": "00000000-0000-7000-8000-000000000000"}, {"@iot.id": "x"}, RIVER | {"name": None}):
        assert post(call, number, 9, 9, FeatureOfInterest=wrong)[0] == 400
    assert (Observation.objects.count(), len(logged(broker)[0])) == (before, 7)
    assert call("DELETE", f"/FeaturesOfInterest('{key}')")[0] == 200
    assert [call("GET", one)[0] for one in (place, third)] == [404, 404]


def test_without_a_feature_it_is_where_the_thing_stood(call: Call, broker: Broker) -> None:
    prepare(broker)
    thing = make(call, "/Things", THING | {"Locations": [PLACE]})
    number = stream(call, thing, "CategoryObservation")
    roof = read(call, f"{thing}/Locations")["value"][0]
    first = post(call, number, 0, "on the roof")[1]
    feature = read(call, f"{first}/FeatureOfInterest")
    assert (feature["feature"], feature["name"]) == (PLACE["location"], "Roof")
    second = PLACE | {"name": "Cellar", "location": {"type": "Point", "coordinates": [121.6, 30.8]}}
    cellar = make(call, f"{thing}/Locations", second).partition("'")[2].rstrip("')")
    assert call("PUT", f"{thing}/Locations/$ref", {"@iot.id": cellar})[0] == 200
    # a late one is sent from where the thing is now
    moved = post(call, number, 1, "in the cellar")[1]
    assert read(call, f"{moved}/FeatureOfInterest")["feature"] == second["location"]
    assert read(call, f"{first}/FeatureOfInterest")["@iot.id"] == feature["@iot.id"] == roof["@iot.id"]
    assert results(call, f"/FeaturesOfInterest('{cellar}')/Observations") == ["in the cellar"]
    assert results(call, f"/FeaturesOfInterest('{roof['@iot.id']}')/Observations") == ["on the roof"]
    assert {one["name"] for one in read(call, "/FeaturesOfInterest")["value"]} == {"Roof", "Cellar"}
    assert call("DELETE", f"/FeaturesOfInterest('{cellar}')")[0] == 409


def test_readings_of_a_place_are_those_of_the_time_there(call: Call) -> None:
    thing = make(call, "/Things", THING | {"Locations": [PLACE]})
    number = stream(call, thing, "Measurement")
    series = Series.objects.get(id=number)
    fill(Entity.objects.get(id=series.entity_id), 4, series.attribute)
    roof = read(call, f"{thing}/Locations")["value"][0]["@iot.id"]
    history = {"time": minute(2), "Locations": [PLACE | {"name": "Garden"}]}
    make(call, f"{thing}/HistoricalLocations", history)
    Entity.objects.filter(type="SensorThingsHistory").exclude(created_at=from_us(T0 + 120_000_000)).update(
        created_at=from_us(T0)
    )
    garden = next(one["@iot.id"] for one in read(call, "/FeaturesOfInterest")["value"] if one["name"] == "Garden")
    assert results(call, f"/FeaturesOfInterest('{roof}')/Observations") == [400.0, 401.0]
    assert results(call, f"/FeaturesOfInterest('{garden}')/Observations") == [402.0, 403.0]
    assert results(call, f"/FeaturesOfInterest('{garden}')/Observations?$top=1&$skip=1") == [403.0]


def test_things_of_the_platform_take_features_too(call: Call, broker: Broker) -> None:
    prepare(broker)
    room = service.upsert_entity(type=ROOM, key="a", name="Room a", division_path=HERE, lon=121.0, lat=31.0)
    fill(room, 2)
    series = Series.objects.get(entity_id=room.id, attribute="co2").id
    device = Entity.objects.get(pk=room.pk)
    assert results(call, f"/FeaturesOfInterest('{device.id}')/Observations") == [400.0, 401.0]
    assert post(call, series, 0, "x")[0] == 422
    assert post(call, series, 5, 3, FeatureOfInterest=RIVER)[0] == 422  # another device's
    assert (Observation.objects.count(), Entity.objects.filter(type="SensorThingsFeature").count()) == (0, 0)


def test_observations_are_corrected_and_taken_back(call: Call, broker: Broker) -> None:
    prepare(broker)
    thing = make(call, "/Things", THING)
    words, numbers = stream(call, thing, "CategoryObservation"), stream(call, thing, "Measurement")
    series = Series.objects.get(id=numbers)
    fill(Entity.objects.get(id=series.entity_id), 3, series.attribute)
    word = post(call, words, 0, "rain", parameters={"a": 1})[1]
    status, answer, _place = call("PATCH", word, {"result": "snow"})
    assert (status, answer["result"], answer["parameters"]) == (200, "snow", {"a": 1})
    assert call("PUT", word, {"result": "sleet"})[0] == 200
    assert "parameters" not in read(call, word)
    number = f"/Observations('{numbers}~{T0}')"
    assert call("PATCH", number, {"result": 41.5})[0] == 200
    assert results(call, f"/Datastreams({numbers})/Observations") == [41.5, 401.0, 402.0]
    for target, bad in ((word, {"result": 1}), (number, {"result": "x"}), (number, {"phenomenonTime": minute(9)}),
                        (number, {"Datastream": {"@iot.id": words}}), (number, {"FeatureOfInterest": RIVER})):  # fmt: skip
        assert call("PATCH", target, bad)[0] == 400, bad
    stranger = caller("")
    assert [stranger("DELETE", one)[0] for one in (word, number)] == [404, 404]
    assert [call("DELETE", one)[0] for one in (word, number)] == [200, 200]
    assert [call("GET", one)[0] for one in (word, number)] == [404, 404]
    assert read(call, f"/Datastreams({numbers})/Observations?$count=true")["@iot.count"] == 2
    assert results(call, f"/Datastreams({numbers})/Observations") == [401.0, 402.0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM telemetry_observation WHERE series_id = %s", [numbers])
        assert cursor.fetchone() == (3,)
    assert post(call, numbers, 0, 400)[0] == 201
    assert read(call, number)["result"] == 400.0


def test_the_database_keeps_them_behind_the_wall(settings: LazySettings, broker: Broker, bound: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        prepare(broker)
        device, secret = telemetry.create_device("Neighbour", HERE)
        cursor.execute("SET ROLE onecity_app")
    mine, other = caller(bound), caller(f"{device.id}.{secret}")
    number = stream(mine, make(mine, "/Things", THING | {"Locations": [PLACE]}), "CategoryObservation")
    status, place = post(mine, number, 0, "rain", FeatureOfInterest=RIVER)
    assert (status, results(mine, f"/Datastreams({number})/Observations")) == (201, ["rain"])
    assert read(mine, f"{place}/FeatureOfInterest")["name"] == "River"
    assert post(other, number, 1, "sun")[0] == 422
    assert read(other, place)["result"] == "rain"
    assert caller("")("GET", place)[0] == 404
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM twin_observation")
        assert cursor.fetchone() == (0,)  # nobody has said who asks
