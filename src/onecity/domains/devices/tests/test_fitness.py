"""Which devices send as they should: the rule for many at once, and what an account sees of its own."""

import datetime as dt

import numpy as np
import pytest
from django.test import Client

from onecity.domains.devices import fitness
from onecity.domains.devices.logic.fitness import NEVER, Fitness, judge
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.models import Latest, Quarantine, Series
from onecity.kernel.telemetry.service import create_device, register_series, revoke_device
from onecity.kernel.telemetry.types import Attribute, EntityType

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MINUTE = 60_000_000
METER = EntityType("TestMeter", "Meter", (Attribute("level", "Level", "m"),), max_age=dt.timedelta(minutes=10))


def test_each_state_at_its_edge() -> None:
    newest = np.array([0, -10, -11, -30, -31, 5, NEVER, -5], np.int64)
    newest[newest != NEVER] *= MINUTE
    ages = np.full(8, 10 * MINUTE, np.int64)
    active = np.array([True] * 7 + [False])
    well, late, silent = Fitness.WELL, Fitness.LATE, Fitness.SILENT
    expected = [well, well, late, late, silent, well, Fitness.UNHEARD, Fitness.REVOKED]
    assert judge(newest, ages, active, 0).tolist() == expected


def device(name: str, division: str, minutes: float | None) -> None:
    made, _secret = create_device(name, division)
    entity = new_id()
    register_series(entity, f"urn:ngsi-ld:TestMeter:{name}", METER, division, made.id)
    if minutes is not None:
        series = Series.objects.get(entity_id=entity)
        Latest.objects.create(series=series, observed_at=NOW - dt.timedelta(minutes=minutes), value=1.0)


@pytest.mark.django_db
def test_those_in_trouble_come_first() -> None:
    device("a", "adm/1/", 1)
    device("b", "adm/1/", 45)
    device("c", "adm/1/", None)
    device("d", "adm/1/", 20)
    device("e", "adm/2/", 1)
    by_key = {series.entity_key: series.device_id for series in Series.objects.all()}
    first, silent = by_key["a"], by_key["b"]
    assert first is not None
    Quarantine.objects.create(
        received_at=NOW, source="http", reason="late", device_id=silent, readings=7, kept=0, raw=b""
    )
    old = NOW - dt.timedelta(hours=25)
    Quarantine.objects.create(
        received_at=old, source="http", reason="late", device_id=silent, readings=9, kept=0, raw=b""
    )
    root = Account.objects.create_superuser("root", password="long-enough-password")
    with use_clock(FixedClock(NOW)):
        revoke_device(first)
        found = fitness.states(root, "adm/1/")
    assert [(s.device.name, s.fitness, s.refused) for s in found] == [
        ("b", Fitness.SILENT, 7),
        ("c", Fitness.UNHEARD, 0),
        ("d", Fitness.LATE, 0),
        ("a", Fitness.REVOKED, 0),
    ]
    assert len(fitness.states(root)) == 5


@pytest.mark.django_db
def test_the_page_lists_and_narrows(client: Client) -> None:
    device("pump-7", "adm/1/", 45)
    device("pump-8", "adm/1/", 1)
    client.force_login(Account.objects.create_superuser("root", password="long-enough-password"))
    with use_clock(FixedClock(NOW)):
        page = client.get("/desk/devices").content.decode()
        silent = client.get("/desk/devices?state=silent").content.decode()
        nobody = client.get("/desk/devices?state=unheard").content.decode()
    assert page.index("pump-7") < page.index("pump-8")
    assert ("pump-7" in silent, "pump-8" in silent) == (True, False)
    assert "没有设备" in nobody


@pytest.mark.django_db
def test_nobody_sees_devices_without_the_right(client: Client) -> None:
    device("pump-7", "adm/1/", 1)
    assert client.get("/desk/devices").status_code == 302
    client.force_login(Account.objects.create_user("resident", password="long-enough-password"))
    refused = client.get("/desk/devices")
    assert refused.status_code == 403
    assert "pump-7" not in refused.content.decode()
