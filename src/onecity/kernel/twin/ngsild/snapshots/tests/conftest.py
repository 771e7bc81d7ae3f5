"""The client of the NGSI-LD door, a receiver, and a notifier at work."""

import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi
from onecity.kernel.twin.ngsild.subscriptions.tests.conftest import office, receiver

__all__ = ["Client", "ngsi", "office", "receiver"]


@pytest.fixture(autouse=True)
def _open_loopback(settings: LazySettings, transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_evolution, twin_instance, twin_erasure")
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)
