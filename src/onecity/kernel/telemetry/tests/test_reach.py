"""The health of the web: 503 at once when the database or the broker is not reached."""

import socket
import time

import pytest
from django.conf import LazySettings
from django.test import Client

from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.tests.conftest import Broker, free_ports

pytestmark = pytest.mark.django_db
ASKED = "onecity.kernel.telemetry.reach.database_parameters"


def healthz() -> tuple[int, dict[str, str]]:
    started = time.monotonic()
    answer = Client().get("/healthz")
    assert time.monotonic() - started < 2
    return answer.status_code, answer.json()["checks"]


def test_well_when_both_are_reached(broker: Broker) -> None:
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "broker": "ok"}}


def test_without_the_broker(broker: Broker, settings: LazySettings) -> None:
    settings.ONECITY_NATS_URL = f"nats://127.0.0.1:{free_ports(1)[0]}"
    assert healthz() == (503, {"database": "ok", "broker": "not reached"})


def test_a_broker_that_takes_connections_and_says_nothing(broker: Broker, settings: LazySettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.ONECITY_NATS_URL = f"nats://127.0.0.1:{silent.getsockname()[1]}"
        assert healthz() == (503, {"database": "ok", "broker": "not reached"})


def test_without_the_database(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    known = database_parameters()
    away = known | {"host": "127.0.0.1", "port": free_ports(1)[0]}
    monkeypatch.setattr(ASKED, lambda: away)
    assert healthz() == (503, {"database": "not reached", "broker": "ok"})


def test_a_database_that_takes_connections_and_says_nothing(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    known = database_parameters()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = known | {"host": "127.0.0.1", "port": silent.getsockname()[1]}
        monkeypatch.setattr(ASKED, lambda: away)
        assert healthz() == (503, {"database": "not reached", "broker": "ok"})
