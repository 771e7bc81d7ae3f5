"""The client of the NGSI-LD door, a receiver, and a notifier at work."""

import pytest
from django.conf import LazySettings

from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi
from onecity.kernel.twin.ngsild.subscriptions.tests.conftest import office, receiver

__all__ = ["Client", "ngsi", "office", "receiver"]


@pytest.fixture(autouse=True)
def _open_loopback(settings: LazySettings) -> None:
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)
