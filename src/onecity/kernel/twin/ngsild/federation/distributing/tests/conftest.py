"""A district whose door is open to this machine, and ways to register sources at it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.twin.models import SourceRegistration
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation import reading
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source, town
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

Register = Callable[..., str]


@pytest.fixture
def ngsi(transactional_db: None, settings: LazySettings) -> Iterator[Client]:
    """The door of the district over an empty database."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "write"
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_change, twin_census, twin_evolution, twin_instance, twin_erasure")
    client = Client()
    client.app.services.alias = "district"
    yield client
    client.close()


@pytest.fixture
def register(ngsi: Client) -> Register:
    """Registers a source: `register(url, mode, information, **members)`; answers the registration's id."""

    def made(url: str, mode: str, *information: Any, at: str = "", **members: Any) -> str:
        urn = f"urn:ngsi-ld:ContextSourceRegistration:{SourceRegistration.objects.count()}"
        body = {
            "type": "ContextSourceRegistration",
            "endpoint": url,
            "mode": mode,
            "information": list(information),
            **members,
        }
        SourceRegistration.objects.create(tenant=at, urn=urn, document=reading.read(body, CORE))
        ngsi.app.services.registrations.forget()
        return urn

    return made


@pytest.fixture
def source() -> Iterator[Callable[..., Source]]:
    """Starts sources that answer what they are told."""
    started: list[Source] = []

    def made(say: Any) -> Source:
        found = Source(say if callable(say) else lambda _heard: say if isinstance(say, Said) else Said(200, say))
        started.append(found)
        return found

    yield made
    for one in started:
        one.close()


@pytest.fixture
def other(ngsi: Client) -> Iterator[Server]:
    """Another platform of ours; the tenant `town` is its data."""
    server = town("town")
    yield server
    server.close()
