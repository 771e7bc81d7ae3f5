"""SensorThings with a client of somebody else's: the FROST client of Fraunhofer IOSB, over HTTP to a server that runs."""

import datetime as dt
from typing import Any

import frost_sta_client as frost
import pytest
from django.conf import LazySettings

from onecity.kernel.telemetry.tests.conftest import Broker, broker, running_broker
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.telemetry.tests.sample import T0
from onecity.kernel.twin.tests.test_sensorthings_batch import prepare

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # the client's own affair
    pytest.mark.filterwarnings("ignore:furl.pathstr is deprecated:DeprecationWarning"),
]
FIXTURES = (broker, running_broker)
START = dt.datetime.fromtimestamp(T0 / 1e6, dt.UTC)
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"


@pytest.fixture
def service(settings: LazySettings, live_server: Any, broker: Broker) -> Any:
    """The client, signed in as nobody from this machine, who may write."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "write"
    prepare(broker)
    return frost.SensorThingsService(f"{live_server.url}/sta/v1.1")


def datastream(kind: str) -> Any:
    made = frost.Datastream(
        name=f"Rain as {kind}",
        description="At the bridge",
        observation_type=OM + kind,
        unit_of_measurement=frost.UnitOfMeasurement(name="degree Celsius", symbol="°C", definition="ucum:Cel"),
    )
    made.sensor = frost.Sensor(name="Eye", description="Looks", encoding_type="text/plain", metadata="none")
    made.observed_property = frost.ObservedProperty(name=kind, definition="http://x/rain", description="Rain")
    return made


def station() -> Any:
    thing = frost.Thing(name="Station", description="At the bridge", properties={"owner": "school"})
    thing.locations = [
        frost.Location(
            name="Bridge", description="South", encoding_type="application/geo+json",
            location={"type": "Point", "coordinates": [121.5, 30.9]},
        )
    ]  # fmt: skip
    thing.datastreams = [datastream("CategoryObservation"), datastream("Measurement")]
    return thing


def test_things_with_all_that_belongs_to_them(service: Any) -> None:
    thing = station()
    service.create(thing)
    found = service.things().find(thing.id)
    assert (found.name, found.properties["owner"]) == ("Station", "school")
    streams = found.get_datastreams().query().expand("ObservedProperty,Sensor").list().entities
    assert [one.observation_type for one in streams] == [f"{OM}CategoryObservation", f"{OM}Measurement"]
    assert [one.observed_property.name for one in streams] == ["CategoryObservation", "Measurement"]
    places = found.get_locations().query().list().entities
    assert [one.location["coordinates"] for one in places] == [[121.5, 30.9]]
    found.description = "Moved"
    service.update(found)
    assert service.things().query().filter("name eq 'Station'").list().entities[0].description == "Moved"
    service.delete(found)
    assert service.things().query().count().list().count == 0


def test_observations_of_words_and_numbers_with_their_features(service: Any, broker: Broker) -> None:
    service.create(station())
    words, numbers = service.datastreams().query().orderby("id", "ASC").list().entities
    river = frost.FeatureOfInterest(
        name="River", description="Under it", encoding_type="application/geo+json",
        feature={"type": "Point", "coordinates": [121.6, 30.8]},
    )  # fmt: skip
    for number, text in enumerate(("rain", "sun", "rain")):
        made = frost.Observation(phenomenon_time=START + dt.timedelta(minutes=number), result=text, datastream=words)
        service.create(made)
        assert service.observations().find(made.id).result == text
    about = frost.Observation(phenomenon_time=START, result=4.5, parameters={"wind": 3}, datastream=numbers)
    about.feature_of_interest = river
    service.create(about)
    assert logged(broker)[0] == [(numbers.id, T0, 4.5)]
    found = words.get_observations().query().filter("result eq 'rain'").orderby("phenomenonTime", "DESC").list()
    assert [one.result for one in found] == ["rain", "rain"]
    [own] = numbers.get_observations().query().expand("FeatureOfInterest").list().entities
    assert (own.result, own.parameters, own.feature_of_interest.name) == (4.5, {"wind": 3}, "River")
    bridge = words.get_observations().query().expand("FeatureOfInterest").list().entities[0].feature_of_interest
    assert (bridge.name, bridge.feature["coordinates"]) == ("Bridge", [121.5, 30.9])
    of_bridge = service.features_of_interest().find(bridge.id).get_observations().query().list()
    assert [one.result for one in of_bridge] == ["rain", "sun", "rain"]
    own.result = 4.75
    service.update(own)
    assert service.observations().find(own.id).result == 4.75
    service.delete(own)
    assert list(numbers.get_observations().query().list()) == []
