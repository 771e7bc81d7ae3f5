"""Row-level security of telemetry alone, with no filter of the application's before it."""

import uuid
from collections.abc import Callable

import pytest
from django.db import ProgrammingError, connection, transaction

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import from_us, now
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.models import Device, Latest, Quarantine, Series
from onecity.kernel.telemetry.tests.sample import SECOND, T0, station
from onecity.kernel.telemetry.tests.test_commit import Desk

pytestmark = pytest.mark.django_db
HERE, THERE = "adm/1/11/", "adm/1/12/"


@pytest.fixture
def readings(known: Callable[[], Catalogue]) -> list[int]:
    """Two towns with a station each, and a public one in the second: series ids."""
    ids = [
        station("a", HERE)[2]["pm2_5"],
        station("b", THERE)[2]["pm2_5"],
        station("c", THERE, public=True)[2]["pm2_5"],
    ]
    desk = Desk(known)
    desk.commit(*[(number, T0, 1.0) for number in ids])
    desk.commit(*[(number, T0, 2.0) for number in ids])
    return ids


def grant(path: str) -> uuid.UUID:
    account = uuid.uuid4()
    Grant.objects.create(account_id=account, permission="telemetry.view", path=path, valid_from=now())
    return account


def seen() -> list[int]:
    rows = query.range_(list(Series.objects.values_list("id", flat=True)), from_us(T0), from_us(T0 + SECOND))
    with connection.cursor() as cursor:
        cursor.execute("SELECT series_id FROM telemetry_observation ORDER BY 1")
        unfiltered = [series for (series,) in cursor.fetchall()]
    assert unfiltered == rows.series_id.tolist() == sorted(Latest.objects.values_list("series_id", flat=True))
    return unfiltered


def test_everybody_sees_public_series_only(readings: list[int], app_role: None) -> None:
    with acting_as(None):
        assert seen() == [readings[2]]
        assert not Device.objects.exists()
        assert not Quarantine.objects.exists()


def test_a_town_sees_its_own_and_the_public(readings: list[int], request: pytest.FixtureRequest) -> None:
    account = grant(HERE)
    request.getfixturevalue("app_role")
    with acting_as(account):
        assert seen() == [readings[0], readings[2]]
        assert list(Device.objects.values_list("division_path", flat=True)) == [HERE]
        assert list(Quarantine.objects.values_list("division_path", flat=True)) == [HERE]


def test_aggregates_stop_at_the_same_wall(readings: list[int], request: pytest.FixtureRequest) -> None:
    account = grant(HERE)
    request.getfixturevalue("app_role")
    with acting_as(account):
        found = query.aggregate(readings, from_us(T0), from_us(T0 + 3600 * SECOND), 3600, ["count"])
        assert found.series_id.tolist() == [readings[0], readings[2]]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO telemetry_observation VALUES ('2026-03-01', 1, 1)",
        "INSERT INTO telemetry_latest (series_id, observed_at, value) VALUES (1, now(), 1)",
        "SELECT * FROM telemetry_observation_20260301",
        "UPDATE telemetry_counter SET readings = 0",
        "DELETE FROM telemetry_device",
        "DELETE FROM telemetry_quarantine",
        "UPDATE telemetry_series SET public = true",
    ],
)
def test_the_application_writes_nothing_here(readings: list[int], app_role: None, statement: str) -> None:
    def state() -> tuple[int, ...]:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE onecity_owner")
            cursor.execute(
                "SELECT (SELECT count(*) FROM telemetry_observation), (SELECT count(*) FROM telemetry_device),"
                " (SELECT count(*) FROM telemetry_quarantine), (SELECT sum(readings) FROM telemetry_counter),"
                " (SELECT count(*) FROM telemetry_series WHERE public)"
            )
            row: tuple[int, ...] = cursor.fetchone()
            cursor.execute("SET ROLE onecity_app")
            return row

    before = state()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            assert cursor.rowcount == 0
    except ProgrammingError as refused:
        if "permission denied" not in str(refused) and "row-level security" not in str(refused):
            raise
    assert state() == before


def test_gateways_in_the_web_process_know_every_series_all_the_same(
    readings: list[int], known: Callable[[], Catalogue], app_role: None
) -> None:
    catalogue = known()
    assert len(catalogue.frame) == 6
    assert len(catalogue.devices) == 3
