"""The check-up: what is found begins, goes on and ends; a silent device is only silent; and only its town sees it."""

import datetime as dt

import numpy as np
import pytest

from onecity.domains.devices import clocks, findings, health
from onecity.domains.devices.models import ClockSample, DeviceModel, Finding, FindingKind
from onecity.domains.devices.tests.fields import HOURS, NOW, measured, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, watcher
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import RawMessage
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin.service import upsert_entity

pytestmark = pytest.mark.django_db
RNG = np.random.default_rng(4)


def course() -> np.ndarray:
    return 50 + 10 * np.sin(np.arange(HOURS) * 2 * np.pi / 24) + RNG.normal(0, 0.5, HOURS)


def check(at: dt.datetime = NOW, *, thorough: bool = True) -> health.Outcome:
    with use_clock(FixedClock(at)):
        return health.check(thorough=thorough)


def open_now() -> set[tuple[object, str]]:
    return {(row.device_id, row.kind) for row in Finding.objects.filter(end__isnull=True)}


def test_each_ailment_is_found_in_one_round_and_nothing_else() -> None:
    records = []
    for place in range(10):
        record, entity = node(f"n{place}", HERE, place=place)
        records.append(record)
        values = course()
        if place == 1:
            values[-72:] += 25
        if place == 2:
            values[-20:] = 47.25
        if place == 3:
            values[-30:] = np.nan
        if place == 4:
            values[-24::2] = np.nan
        measured(entity, "level", values, per_hour=3 if place == 4 else 1)
        if place == 5:
            measured(entity, "battery", 60 - np.arange(HOURS) / 24 * 2.5)
    outcome = check()
    devices = [record.device_id for record in records]
    assert open_now() == {
        (devices[1], "drift"),
        (devices[2], "stuck"),
        (devices[3], "silent"),
        (devices[4], "flapping"),
        (devices[5], "battery"),
    }
    assert (outcome.series, outcome.begun, outcome.ended) == (20, 5, 0)
    drift = Finding.objects.get(kind="drift")
    assert abs(drift.value - 25) < 2
    assert (drift.attribute, drift.unit) == ("level", "m")
    assert abs(drift.onset - (NOW.replace(minute=0) - dt.timedelta(hours=72))) <= dt.timedelta(hours=24)
    assert Finding.objects.get(kind="stuck").value == 20
    assert Finding.objects.get(kind="silent").onset == NOW.replace(minute=0) - dt.timedelta(hours=31)
    assert Finding.objects.get(kind="battery").value == pytest.approx(2.5, abs=0.6)


def test_a_finding_is_kept_once_and_ends_when_it_is_over() -> None:
    _record, entity = node("a", HERE)
    values = course()
    values[-30:] = np.nan
    measured(entity, "level", values)
    assert check().begun == 1
    again = check(NOW + dt.timedelta(hours=1), thorough=False)
    assert (again.begun, again.ended) == (0, 0)
    finding = Finding.objects.get()
    assert finding.seen_at == NOW + dt.timedelta(hours=1)
    measured(entity, "level", np.full(3, 50.0), end=NOW + dt.timedelta(hours=2))
    assert check(NOW + dt.timedelta(hours=2), thorough=False).ended == 1
    assert Finding.objects.get().end == NOW + dt.timedelta(hours=2)


def test_of_a_silent_device_nothing_else_ends() -> None:
    record, entity = node("a", HERE)
    values = course()
    values[-30:] = np.nan
    measured(entity, "level", values)
    old = Finding.objects.create(
        device_id=record.device_id, kind=FindingKind.STUCK, series_id=1, division_path=HERE, value=9, onset=NOW,
        seen_at=NOW,
    )  # fmt: skip
    check()
    old.refresh_from_db()
    assert old.end is None


def test_what_its_model_calls_the_battery_is_judged_by_its_limit() -> None:
    model = DeviceModel.objects.create(
        name="m", title="M", division_path=DISTRICT, battery_attribute="level", battery_minimum=3.1
    )
    record, entity = node("a", HERE, model=model)
    measured(entity, "level", np.full(HOURS, 3.0) + RNG.normal(0, 0.001, HOURS))
    check()
    assert (record.device_id, "battery") in open_now()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"entity":"a","observed_at":"2026-06-29T00:35:00Z","values":{}}', 300.0),
        (b'[{"observed_at":1782692700},{"observed_at":1782693000000}]', 0.0),
        (b'{"observed_at":"yesterday night"}', None),
        (b"\x00\xff\x01", None),
    ],
)
def test_moments_are_read_from_messages_as_they_came(payload: bytes, expected: float | None) -> None:
    assert clocks.offset(payload, NOW) == expected


def test_a_clock_that_is_off_is_found_after_several_messages() -> None:
    record, entity = node("a", HERE)
    measured(entity, "level", course())
    for hour in range(5):
        at = NOW + dt.timedelta(hours=hour)
        stamp = (at + dt.timedelta(seconds=400)).isoformat()
        RawMessage.objects.create(
            device_id=record.device_id, division_path=HERE, way="mqtt", received_at=at, size=1,
            payload=f'{{"entity":"a","observed_at":"{stamp}"}}'.encode(),
        )  # fmt: skip
        with use_clock(FixedClock(at)):
            health.check(thorough=False)
            health.check(thorough=False)  # no message since: no further sample
    assert ClockSample.objects.get().offsets == [400.0] * 5
    assert [(row.kind, row.value) for row in Finding.objects.filter(kind="clock")] == [("clock", 400.0)]


def test_only_its_town_sees_a_finding() -> None:
    record, _entity = node("a", HERE)
    Finding.objects.create(
        device_id=record.device_id, kind="silent", division_path=HERE, value=9, onset=NOW, seen_at=NOW
    )
    assert findings.of(watcher(HERE, "here")).count() == 1
    assert findings.of(watcher(THERE, "there")).count() == 0


def test_what_the_platform_computes_says_nothing_about_a_device() -> None:
    """An index of a station that leaves its neighbours' is no drift; a measured value that does is."""
    kind = EntityType(
        "TestStation",
        "Station",
        (Attribute("index", "Index", "1", derived=True), Attribute("level", "Level", "m")),
        max_age=dt.timedelta(hours=2),
    )
    devices = []
    for place in range(6):
        device, _secret = telemetry.create_device(f"air{place}", HERE)
        entity = upsert_entity(
            type=kind, key=f"air{place}", name=f"air{place}", division_path=HERE, lon=121.4 + 0.005 * place, lat=30.9,
            device_id=device.id,
        )  # fmt: skip
        devices.append(device.id)
        for attribute in ("index", "level"):
            values = course()
            values[-72:] += 25 if place == 2 and attribute == "index" else 0
            values[-72:] += 25 if place == 4 and attribute == "level" else 0
            measured(entity, attribute, values)
    check()
    assert {(row.device_id, row.kind, row.attribute) for row in Finding.objects.all()} == {
        (devices[4], "drift", "level")
    }
