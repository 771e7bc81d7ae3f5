"""Numbers written through NGSI-LD onto measured attributes: all reach the log of readings, whoever is killed when."""

import datetime as dt
import subprocess
from typing import Any

import pytest
from django.conf import LazySettings

from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.tests.conftest import Broker, broker, running_broker
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Position
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, until
from onecity.kernel.twin.ngsild.subscriptions.tests.test_kill import running, started

__all__ = ["broker", "running", "running_broker"]

STATION = EntityType(
    name="ForwardedStation",
    title="Station",
    attributes=(Attribute("pm2_5", "PM2.5", "ug/m3", 0, 100_000), Attribute("noise", "Noise", "dB", 0, 200)),
    max_age=dt.timedelta(hours=2),
)
BEGUN = dt.datetime(2026, 7, 1, 8, tzinfo=dt.UTC)


@pytest.fixture
def station(ngsi: Client, broker: Broker) -> tuple[str, int]:
    """The URN of an entity with series, and the number of its first."""
    del ngsi, broker
    entity = service.upsert_entity(
        type=STATION, key="f1", name="S", division_path="adm/1/", lon=121.5, lat=30.9, properties={}
    )
    return entity.urn, Series.objects.get(entity_urn=entity.urn, attribute="pm2_5").id


def write(ngsi: Client, urn: str, number: int, name: str = "pm2_5", **more: Any) -> None:
    at = (BEGUN + dt.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {name: {"type": "Property", "value": number, "observedAt": at} | more}
    assert ngsi("POST", f"/entities/{urn}/attrs", body).status == 204


def rows(series: int, numbers: range) -> list[tuple[int, int, float]]:
    begun = int(BEGUN.timestamp())
    return [(series, (begun + number) * 1_000_000, float(number)) for number in numbers]


def test_only_numbers_of_series_are_passed_on(ngsi: Client, broker: Broker, station: tuple[str, int]) -> None:
    urn, series = station
    office = Office().wait()
    write(ngsi, urn, 1)
    write(ngsi, urn, 2, "colour")
    write(ngsi, urn, 3, datasetId="urn:ngsi-ld:dataset:1")
    write(ngsi, urn, 4, value="much")
    write(ngsi, urn, 5)
    other = {"id": "urn:ngsi-ld:Other:1", "type": "Other", "pm2_5": {"type": "Property", "value": 7}}
    assert ngsi("POST", "/entities", other).status == 201
    write(ngsi, urn, 6)
    until(lambda: len(logged(broker)[0]) >= 3)
    office.close()
    assert logged(broker) == ([*rows(series, range(1, 2)), *rows(series, range(5, 7))], [])


def test_what_waits_for_the_log_is_sent_later_and_once(
    ngsi: Client, broker: Broker, station: tuple[str, int], settings: LazySettings
) -> None:
    """Sent, and the process ended before it noted so: the log keeps the repetition once."""
    urn, series = station
    write(ngsi, urn, 1)
    office = Office().wait()
    until(lambda: len(logged(broker)[0]) == 1)
    until(lambda: Position.objects.filter(name="readings").exists())
    office.close()
    sending = Position.objects.get(name="readings.sending")
    Position.objects.filter(name="readings").update(txid="0", number=0, at=sending.at)
    write(ngsi, urn, 2)
    office = Office().wait()
    until(lambda: len(logged(broker)[0]) == 2)
    office.close()
    assert logged(broker)[0] == rows(series, range(1, 3))


def test_killed_three_times_under_writes(
    ngsi: Client, broker: Broker, station: tuple[str, int], running: list[subprocess.Popen[bytes]]
) -> None:
    urn, series = station
    more = {"ONECITY_NATS_URL": broker.url, "ONECITY_BROKER_SECRET": broker.secret}
    running += [started(more), started(more)]
    number = 0
    for _kill in range(3):
        for _step in range(40):
            write(ngsi, urn, number)
            number += 1
        until(lambda before=number: len(logged(broker)[0]) >= before - 39, 60)  # type: ignore[misc]  # bound now
        ended = running.pop(0)
        ended.kill()
        ended.wait()
        running.append(started(more))
    until(
        lambda: {at for _series, at, _value in logged(broker)[0]} >= {at for _s, at, _v in rows(series, range(number))},
        60,
    )
    found = logged(broker)[0]
    assert list(dict.fromkeys(found)) == rows(series, range(number))
    assert len(found) == number
