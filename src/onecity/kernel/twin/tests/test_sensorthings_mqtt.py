"""SensorThings over MQTT as a device sees it: observations published to the topic of a datastream, and to no other's."""

import json
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from django.db import connection

from onecity.kernel.telemetry.gateway import Gateway
from onecity.kernel.telemetry.tests.conftest import Broker, broker, committed, running_broker, until
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.telemetry.tests.sample import T0, station
from onecity.kernel.telemetry.tests.test_mqtt import Client
from onecity.kernel.twin.models import Observation
from onecity.kernel.twin.sensorthings.listening import Listener
from onecity.kernel.twin.tests.test_sensorthings_batch import prepare

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["onecity.kernel.telemetry", "onecity.kernel.twin"])
FIXTURES = (broker, committed, running_broker)
TIME = "2026-03-01T00:00:00Z"


@pytest.fixture
def gateway(broker: Broker, committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("ONECITY_NATS_LOG", str(broker.home / "nats.log"))
    prepare(broker)
    made = Gateway(broker.url, broker.keys, [Listener])

    def run() -> None:
        made.run()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: made.ready)
    yield made
    made.stop()
    thread.join(20)
    assert not thread.is_alive()


def topic(series: int) -> str:
    return f"v1.1/Datastreams({series})/Observations"


def arrived(broker: Broker, count: int) -> bool:
    rows, refusals = logged(broker)
    return len(rows) + len(refusals) >= count


def test_observations_are_published_to_their_datastream(gateway: Gateway, broker: Broker) -> None:
    device, secret, series = station("a")
    _other, _secret, others = station("b")
    until(lambda: gateway.catalogue.device_of(series["pm2_5"]) == str(device.id))
    until(lambda: gateway.catalogue.device_of(others["pm10"]) != "")
    client = Client(broker, device.id, secret)
    assert client.inside
    own, pm = topic(series["pm2_5"]), series["pm2_5"]
    client.send({"result": 1.5, "phenomenonTime": TIME}, 1, own)
    client.send({"result": 2.5, "phenomenonTime": "2026-03-01T00:01:00Z"}, 0, own)
    client.send({"result": 3.5, "phenomenonTime": "2026-03-01T00:02:00Z", "parameters": {"a": 1}}, 1, own)
    until(partial(arrived, broker, 3))
    client.send({"result": 9, "phenomenonTime": TIME}, 1, topic(others["pm10"]))
    client.send({"result": "x", "phenomenonTime": TIME}, 1, own)
    client.send(b"{", 1, own)
    client.send(json.dumps({"result": 4.5, "phenomenonTime": "2026-03-01T00:03:00Z"}).encode(), 1, own)
    until(partial(arrived, broker, 6))
    client.close()
    rows, refusals = logged(broker)
    minutes = [(pm, T0 + 60_000_000 * number, number + 1.5) for number in range(4)]
    assert sorted(rows) == minutes
    assert [refusal.reason for refusal in refusals] == ["wrong_type", "malformed"]
    assert {refusal.device for refusal in refusals} == {str(device.id)}
    kept = Observation.objects.get()
    assert (kept.series_id, kept.document) == (pm, {"result": 3.5, "parameters": {"a": 1}})


def test_what_was_acknowledged_is_taken_after_a_pause(broker: Broker, committed: None, gateway: Gateway) -> None:
    device, secret, series = station("a")
    until(lambda: gateway.catalogue.device_of(series["pm2_5"]) == str(device.id))
    client = Client(broker, device.id, secret)
    [listener] = gateway._companions
    listener.stop()
    client.send({"result": 1.5, "phenomenonTime": TIME}, 1, topic(series["pm2_5"]))
    client.close()
    assert logged(broker) == ([], [])
    again = Listener(broker.url, broker.keys, gateway._watcher)
    again.start()
    until(partial(arrived, broker, 1))
    again.stop()
    assert logged(broker)[0] == [(series["pm2_5"], T0, 1.5)]
