"""Whether database and broker can be reached now: an answer within a bounded time, whatever state they are in."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from django.conf import settings

from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys

# both are asked at once, and whoever has not answered by then counts as not reached
PATIENCE_S = 1.5
# the least libpq waits for; it ends the asking, not the waiting
CONNECT_S = 2


def reached() -> Mapping[str, bool]:
    """By name, whether database and broker answered within PATIENCE_S."""
    parameters = database_parameters() | {"connect_timeout": CONNECT_S}
    asking: dict[str, Callable[[], bool]] = {"database": lambda: _database(parameters), "broker": _broker}
    found = dict.fromkeys(asking, False)

    def ask(name: str) -> None:
        found[name] = asking[name]()

    threads = [threading.Thread(target=ask, args=(name,), name=f"reach-{name}", daemon=True) for name in asking]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE_S
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return dict(found)


def _database(parameters: Mapping[str, Any]) -> bool:
    try:
        with psycopg.connect(autocommit=True, **parameters) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def _broker() -> bool:
    password = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET).password
    link = Link(settings.ONECITY_NATS_URL, broker.USER, password, "onecity-reach")
    try:
        link.open(PATIENCE_S)
    except LinkError:
        return False
    finally:
        link.close()
    return True
