"""Messages as they came: the last few of each device, bounded, behind the wall of its division."""

import datetime as dt
import uuid

import pytest
from django.db import connection

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.telemetry import capture, forgetting
from onecity.kernel.telemetry.capture import Capture
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.models import RawMessage
from onecity.kernel.telemetry.service import create_device
from onecity.kernel.telemetry.tests.conftest import COMMITTING, until
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.telemetry.tests.test_mqtt import Shop, shop

pytestmark = COMMITTING
__all__ = ["shop"]


def test_the_last_of_each_device_are_kept(committed: None) -> None:
    device, other = [str(create_device(name, "adm/1/11/")[0].id) for name in ("a", "b")]
    kept = Capture(rate=1e9)
    kept.note("http", other, b"other", outcome="malformed")
    for number in range(30):
        kept.note("mqtt", device, b"%d" % number, port=2, document=b"{}")
    kept.write(database_parameters())
    for number in range(30, 35):
        kept.note("mqtt", device, b"%d" % number)
    kept.note("http", str(uuid.uuid4()), b"of nobody")
    kept.note("http", "no id at all", b"of nobody")
    kept.write(database_parameters())
    rows = RawMessage.objects.filter(device_id=device).order_by("received_at", "id")
    assert [bytes(row.payload) for row in rows] == [b"%d" % number for number in range(15, 35)]
    assert (rows[0].port, bytes(rows[0].document), rows[0].division_path) == (2, b"{}", "adm/1/11/")
    assert RawMessage.objects.get(device_id=other).outcome == "malformed"
    assert RawMessage.objects.count() == 21
    kept.write(database_parameters())
    assert RawMessage.objects.count() == 21


def test_a_flood_costs_no_more_than_its_allowance(committed: None) -> None:
    device = str(create_device("a", "adm/1/11/")[0].id)
    kept = Capture(rate=5)
    for _number in range(1000):
        kept.note("mqtt", device, b"x" * 100_000)
    kept.write(database_parameters())
    sizes = list(RawMessage.objects.values_list("size", flat=True))
    assert len(sizes) <= 6
    assert set(sizes) == {100_000}
    assert {len(bytes(row.payload)) for row in RawMessage.objects.all()} == {capture.MOST_BYTES}


def test_they_go_after_a_week(committed: None) -> None:
    device = str(create_device("a", "adm/1/11/")[0].id)
    kept = Capture()
    with use_clock(FixedClock(now() - dt.timedelta(days=6))):
        kept.note("mqtt", device, b"young")
    kept.write(database_parameters())
    forgetting.forget()
    assert RawMessage.objects.count() == 1
    with use_clock(FixedClock(now() + dt.timedelta(days=2))):
        forgetting.forget()
    assert not RawMessage.objects.exists()


def test_the_wall_around_them(committed: None, request: pytest.FixtureRequest) -> None:
    devices = [create_device("a", path)[0] for path in ("adm/1/11/", "adm/1/12/")]
    kept = Capture()
    for device in devices:
        kept.note("mqtt", str(device.id), b"x")
    kept.write(database_parameters())
    account = uuid.uuid4()
    Grant.objects.create(account_id=account, permission="telemetry.view", path="adm/1/12/", valid_from=now())
    request.getfixturevalue("app_role")
    with acting_as(None):
        assert not RawMessage.objects.exists()
    with acting_as(account):
        assert list(RawMessage.objects.values_list("device_id", flat=True)) == [devices[1].id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('onecity_app', 'telemetry_rawmessage', 'INSERT')")
        assert cursor.fetchone() == (False,)


def test_messages_by_mqtt_are_caught(shop: Shop) -> None:
    device, secret, _series = station("a")
    until(lambda: str(device.id) in shop.gateway.catalogue.devices)
    client = shop(device.id, secret)
    client.send(b'{"entity": "a"}', qos=1)
    client.send(b"not json", qos=1)
    until(lambda: RawMessage.objects.filter(device_id=device.id).count() == 2, 15)
    rows = RawMessage.objects.order_by("received_at", "id")
    assert [(row.way, bytes(row.payload)) for row in rows] == [("mqtt", b'{"entity": "a"}'), ("mqtt", b"not json")]
