"""The client of the NGSI-LD door, a receiver, and a notifier at work."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver

__all__ = ["ngsi"]


@pytest.fixture(autouse=True)
def _open_loopback(settings: LazySettings) -> None:
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A real HTTP server on this machine."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def office(ngsi: Client) -> Iterator[Office]:
    """A notifier at work over the empty database."""
    del ngsi
    made = Office().wait()
    yield made
    made.close()
