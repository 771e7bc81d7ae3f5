"""SensorThings as its clients write: made alone and with all that comes along, changed, linked, taken out, or not at all."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.tests.conftest import Broker, broker, running_broker
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.telemetry.tests.sample import T0
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Change, Entity, Relation
from onecity.kernel.twin.tests.test_sensorthings import ROOM
from onecity.kernel.twin.tests.test_sensorthings_batch import prepare

pytestmark = pytest.mark.django_db(transaction=True)
FIXTURES = (broker, running_broker)
BASE, HERE = "/sta/v1.1", "adm/1/2/"
MEASURED = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
TIME = "2026-03-01T00:00:00Z"
SENSOR = {
    "name": "DHT22",
    "description": "A thermometer",
    "encodingType": "application/pdf",
    "metadata": "http://x/y.pdf",
}
PROPERTY = {"name": "Air Temperature", "description": "Of the air", "definition": "http://qudt.org/T"}
PLACE = {
    "name": "Roof", "description": "On the roof", "encodingType": "application/geo+json",
    "location": {"type": "Point", "coordinates": [121.5, 30.9]},
}  # fmt: skip
STREAM = {
    "name": "Temperature of the roof", "description": "Every minute", "observationType": MEASURED,
    "unitOfMeasurement": {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"},
}  # fmt: skip
THING = {"name": "Station", "description": "On a school", "properties": {"owner": "school", "a:b": [1, None], "id": 7}}
WHOLE = THING | {
    "Locations": [PLACE], "Datastreams": [STREAM | {"Sensor": SENSOR, "ObservedProperty": PROPERTY}]
}  # fmt: skip
Call = Callable[..., Any]


@pytest.fixture
def call(settings: LazySettings) -> Call:
    """Asks as a device of one division; answers (status, document, Location without its host)."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "none"
    made, secret = telemetry.create_device("Gateway", HERE)
    return caller(f"{made.id}.{secret}")


def caller(credential: str) -> Call:
    client = Client(
        headers={"accept-language": "en"} | ({"authorization": f"Bearer {credential}"} if credential else {})
    )

    def ask(method: str, path: str, body: object = None) -> tuple[int, Any, str]:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = client.generic(method, f"{BASE}{path}", content, content_type="application/json")
        place = answer.headers.get("Location", "").partition(BASE)[2]
        return (
            answer.status_code,
            json.loads(answer.content) if "json" in answer["Content-Type"] and answer.content else None,
            place,
        )

    return ask


def rows() -> tuple[int, int, int, int]:
    active = Series.objects.filter(active=True).count()
    return Entity.objects.count(), active, Relation.objects.count(), Change.objects.count()


def make(call: Call, path: str, body: object) -> str:
    status, answer, place = call("POST", path, body)
    assert status == 201, answer
    return str(place)


def read(call: Call, path: str) -> Any:
    status, answer, _place = call("GET", path)
    assert status == 200, answer
    return answer


def plain(row: Any) -> Any:
    return {name: value for name, value in row.items() if "@iot" not in name}


def test_rows_alone_are_read_back_as_they_were_sent(call: Call) -> None:
    feature = PLACE | {"feature": PLACE["location"]}
    del feature["location"]
    for name, body in (
        ("Things", THING), ("Locations", PLACE), ("Sensors", SENSOR), ("ObservedProperties", PROPERTY),
        ("FeaturesOfInterest", feature),
    ):  # fmt: skip
        place = make(call, f"/{name}", body)
        assert place.startswith(f"/{name}('")
        assert plain(read(call, place)) == {"properties": {}} | body
        assert [plain(row) for row in read(call, f"/{name}?$filter=name eq '{body['name']}'")["value"]] == [
            {"properties": {}} | body
        ]
    assert len(read(call, "/Things")["value"]) == 1


def test_a_thing_comes_with_all_that_belongs_to_it(call: Call) -> None:
    place = make(call, "/Things", WHOLE)
    found = read(
        call, f"{place}?$expand=Locations,HistoricalLocations,Datastreams($expand=Sensor,ObservedProperty,Thing)"
    )
    assert [plain(row)["name"] for row in found["Locations"]] == ["Roof"]
    assert len(found["HistoricalLocations"]) == 1
    (stream,) = found["Datastreams"]
    assert plain(stream["Sensor"]) == SENSOR | {"properties": {}}
    assert plain(stream["ObservedProperty"]) == PROPERTY | {"properties": {}}
    assert plain(stream["Thing"]) == THING
    assert {name: stream[name] for name in STREAM} == STREAM
    series = Series.objects.get(id=stream["@iot.id"])
    assert (series.attribute, series.unit, series.division_path) == ("air_temperature", "Cel", HERE)
    thing = Entity.objects.get(id=series.entity_id)
    assert (thing.lon, thing.lat, thing.attributes["name"][0]["value"]) == (121.5, 30.9, "Station")
    assert Change.objects.filter(entity_id=thing.id, operation=1).count() == 1
    for way in (
        f"/Sensors('{stream['Sensor']['@iot.id']}')",
        f"/ObservedProperties('{stream['ObservedProperty']['@iot.id']}')",
    ):
        assert [row["@iot.id"] for row in read(call, f"{way}/Datastreams")["value"]] == [series.id]
    assert read(call, f"/Datastreams({series.id})/Thing/Locations")["value"][0]["location"] == PLACE["location"]
    assert read(call, f"/Datastreams?$filter=name eq '{STREAM['name']}'&$count=true")["@iot.count"] == 1


def test_a_bad_part_changes_nothing(call: Call) -> None:
    before = rows()
    wrong: list[tuple[Any, str]] = [
        (WHOLE | {"Datastreams": [STREAM | {"Sensor": SENSOR, "ObservedProperty": {"name": "x"}}]}, "Datastreams/ObservedProperty/description"),
        (WHOLE | {"Datastreams": [STREAM | {"Sensor": SENSOR}]}, "Datastreams/ObservedProperty"),
        (WHOLE | {"Datastreams": [STREAM | {"Sensor": {"@iot.id": "none"}, "ObservedProperty": PROPERTY}]}, "Sensors(none)"),
        (WHOLE | {"Locations": [PLACE | {"location": {"type": "Point", "coordinates": [500, 0]}}]}, "Locations/location"),
        (WHOLE | {"colour": "red"}, "colour"), ({"description": "x"}, "name"),
        (THING | {"name": "a\0b"}, "/name"), (THING | {"properties": {"n": 2**80}}, "/properties/n"),
    ]  # fmt: skip
    for body, place in wrong:
        status, answer, _place = call("POST", "/Things", body)
        assert (status, answer["code"], answer["detail"]) == (400, "sensorthings-body", place)
    for content in (b"{", b"[]", b"\xff", b"[" * 60_000):
        assert call("POST", "/Things", content)[0] == 400
    assert rows() == before


def test_changes_keep_or_replace_what_is_not_given(call: Call) -> None:
    place = make(call, "/Things", WHOLE)
    status, answer, _place = call("PATCH", place, {"description": "New"})
    assert (status, plain(answer)) == (200, THING | {"description": "New"})
    status, answer, _place = call("PUT", place, {"name": "S", "description": "D"})
    assert (status, plain(answer)) == (200, {"name": "S", "description": "D", "properties": {}})
    assert call("PUT", place, {"name": "S"})[0] == 400
    (stream,) = read(call, f"{place}/Datastreams")["value"]
    unit = {"name": "percent", "symbol": "%", "definition": None}
    status, answer, _place = call("PATCH", f"/Datastreams({stream['@iot.id']})", {"unitOfMeasurement": unit})
    assert (status, answer["unitOfMeasurement"], answer["name"]) == (200, unit, STREAM["name"])
    assert Series.objects.get(id=stream["@iot.id"]).unit == "%"
    sensor = make(call, "/Sensors", SENSOR | {"name": "Other"})
    key = sensor.partition("'")[2].rstrip("')")
    assert call("PATCH", f"/Datastreams({stream['@iot.id']})", {"Sensor": {"@iot.id": key}})[0] == 200
    assert read(call, f"/Datastreams({stream['@iot.id']})/Sensor")["name"] == "Other"
    assert call("PATCH", place, {"Datastreams": [{"@iot.id": 1}]})[0] == 409
    assert call("PATCH", "/Things('00000000-0000-7000-8000-000000000000')", {"name": "x"})[0] == 404


def test_where_a_thing_was_is_remembered(call: Call) -> None:
    place = make(call, "/Things", WHOLE)
    second = PLACE | {"name": "Cellar", "location": {"type": "Point", "coordinates": [121.6, 30.8]}}
    cellar = make(call, f"{place}/Locations", second)
    key = cellar.partition("'")[2].rstrip("')")
    assert call("PUT", f"{place}/Locations/$ref", {"@iot.id": key})[0] == 200
    assert [row["name"] for row in read(call, f"{place}/Locations")["value"]] == ["Cellar"]
    former = read(call, f"{place}/HistoricalLocations?$expand=Locations,Thing&$orderby=id")["value"]
    assert [[row["name"] for row in one["Locations"]] for one in former] == [["Roof"], ["Cellar"], ["Cellar"]]
    assert {one["Thing"]["name"] for one in former} == {"Station"}
    assert len(read(call, f"{cellar}/HistoricalLocations")["value"]) == 2
    status, _answer, _place = call("PATCH", cellar, {"location": {"type": "Point", "coordinates": [121.7, 30.7]}})
    thing = Entity.objects.get(type="Thing")
    assert (status, thing.lon, thing.lat) == (200, 121.7, 30.7)
    history = {"time": "2020-01-01T00:00:00Z", "Locations": [{"@iot.id": key}]}
    old = make(call, f"{place}/HistoricalLocations", history)
    assert read(call, old)["time"].startswith("2020-01-01T00:00:00")
    assert call("DELETE", f"{place}/Locations('{key}')/$ref")[0] == 200
    assert read(call, f"{place}/Locations")["value"] == []
    assert Entity.objects.get(type="Thing").lon is None
    assert [call("DELETE", f"{place}/Datastreams(1)/$ref")[0], call("DELETE", cellar)[0], call("GET", cellar)[0]] == [
        409,
        200,
        404,
    ]
    assert len(read(call, f"{place}/HistoricalLocations")["value"]) == 1


def test_what_cannot_be_without_it_goes_along(call: Call) -> None:
    gone = Change.objects.filter(operation=3).count()
    place = make(call, "/Things", WHOLE)
    (stream,) = read(call, f"{place}/Datastreams?$expand=Sensor,ObservedProperty")["value"]
    assert call("DELETE", f"/Sensors('{stream['Sensor']['@iot.id']}')")[0] == 200
    assert call("GET", f"/Datastreams({stream['@iot.id']})")[0] == 404
    observed = f"/ObservedProperties('{stream['ObservedProperty']['@iot.id']}')"
    again = STREAM | {"Sensor": SENSOR, "ObservedProperty": {"@iot.id": stream["ObservedProperty"]["@iot.id"]}}
    number = make(call, f"{place}/Datastreams", again)
    assert Series.objects.get(active=True).attribute == "air_temperature_2"
    assert call("DELETE", place)[0] == 200
    assert [call("GET", path)[0] for path in (place, number, observed)] == [404, 404, 200]
    assert read(call, "/Locations")["value"][0]["name"] == "Roof"
    assert read(call, "/HistoricalLocations")["value"] == []
    assert Change.objects.filter(operation=3).count() == gone + 5


def test_nobody_changes_what_is_not_his(call: Call) -> None:
    place = make(call, "/Things", WHOLE)
    service.upsert_entity(type=ROOM, key="a", name="Room a", division_path="adm/1/3/", lon=121.0, lat=31.0, public=True)
    room = Entity.objects.get(type="Room")
    made, secret = telemetry.create_device("Stranger", "adm/1/4/")
    stranger, before = caller(f"{made.id}.{secret}"), rows()
    assert [stranger(method, place, {"name": "x"})[0] for method in ("GET", "PATCH", "DELETE")] == [404, 404, 404]
    for asking, status in ((stranger, 403), (caller(""), 401)):
        assert [asking(m, f"/Things('{room.id}')", {"name": "x"})[0] for m in ("PATCH", "DELETE")] == [status] * 2
    assert caller("")("POST", "/Things", THING)[0] == 401
    assert caller(f"{made.id}.wrong")("POST", "/Things", THING)[0] == 401
    series = Series.objects.get(entity_id=room.id, attribute="co2").id
    assert call("PATCH", f"/Datastreams({series})", {"name": "x"})[0] == 409
    assert call("DELETE", "/Sensors('Room')")[0] == 409
    assert rows() == before


def test_observations_of_what_was_made_here(call: Call, broker: Broker) -> None:
    prepare(broker)
    along = [{"result": 1.5, "phenomenonTime": TIME}, {"result": 2, "phenomenonTime": "2026-03-01T00:01:00Z"}]
    stream = STREAM | {"Sensor": SENSOR, "ObservedProperty": PROPERTY, "Observations": along}
    before = rows()
    bad = stream | {"Observations": [{"result": 1, "phenomenonTime": "2999-01-01T00:00:00Z"}]}
    assert call("POST", "/Things", THING | {"Datastreams": [bad]})[0] == 400
    assert (rows(), logged(broker)) == (before, ([], []))
    make(call, "/Things", THING | {"Datastreams": [stream]})
    number = Series.objects.get(active=True).id
    posted = {"result": 3, "phenomenonTime": "2026-03-01T00:02:00Z"}
    assert call("POST", f"/Datastreams({number})/Observations", posted)[0] == 201
    assert [(s, value) for s, _at, value in logged(broker)[0]] == [(number, 1.5), (number, 2.0), (number, 3.0)]
    assert logged(broker)[0][0][1] == T0


def test_a_batch_makes_things_by_names_of_its_own(call: Call) -> None:
    asked = [
        {"id": "t", "atomicityGroup": "g", "method": "post", "url": "Things", "body": THING},
        {"id": "s", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": SENSOR},
        {"id": "d", "atomicityGroup": "g", "method": "post", "url": "$t/Datastreams",
         "body": STREAM | {"Sensor": {"@iot.id": "$s"}, "ObservedProperty": PROPERTY}},
    ]  # fmt: skip
    before = rows()
    broken = [*asked, {"id": "x", "atomicityGroup": "g", "method": "post", "url": "Things", "body": {}}]
    status, answer, _place = call("POST", "/$batch", {"requests": broken})
    assert (status, [one["status"] for one in answer["responses"]]) == (200, [400] * 4)
    assert rows() == before
    status, answer, _place = call("POST", "/$batch", {"requests": asked})
    assert [one["status"] for one in answer["responses"]] == [201, 201, 201]
    assert read(call, "/Things?$expand=Datastreams/Sensor")["value"][0]["Datastreams"][0]["Sensor"]["name"] == "DHT22"


NAMES = ["name", "description", "properties", "Locations", "Datastreams", "Sensor", "ObservedProperty", "Thing", "@iot.id",
         "location", "encodingType", "observationType", "unitOfMeasurement", "metadata", "definition", "time", "Things",
         "type", "coordinates", "Observations", "result", "feature"]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
    | st.sampled_from([MEASURED, "application/geo+json", "Point", PLACE, SENSOR, PROPERTY, STREAM, [1, 2]])
)  # fmt: skip
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=7),
    max_leaves=15,
)
PATHS = st.sampled_from(
    ["/Things", "/Locations", "/Sensors", "/ObservedProperties", "/Datastreams", "/FeaturesOfInterest", "/HistoricalLocations",
     "{thing}", "{thing}/Locations", "{thing}/Datastreams", "{thing}/Locations/$ref", "{stream}", "{stream}/Sensor/$ref",
     "{stream}/Thing", "{stream}/ObservedProperty", "/Things(1)", "/Datastreams('x')", "/$ref", "/", "/Things/$ref", "/Things('x')/y"]
)  # fmt: skip


@trials(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["POST", "PATCH", "PUT"]), PATHS, BODIES, st.sampled_from([{}, THING, PLACE, SENSOR, STREAM]))
def test_no_body_makes_writing_fail(call: Call, method: str, path: str, body: Any, base: dict[str, Any]) -> None:
    if not Entity.objects.filter(type="Thing").exists():
        make(call, "/Things", WHOLE)
    thing = Entity.objects.filter(type="Thing").order_by("id")[0]
    stream = Series.objects.filter(active=True).order_by("id")[0]
    before = rows()
    address = path.format(thing=f"/Things('{thing.id}')", stream=f"/Datastreams({stream.id})")
    status, answer, _place = call(method, address, base | body if isinstance(body, dict) else body)
    assert status < 500, answer
    if status >= 400:
        assert rows() == before
