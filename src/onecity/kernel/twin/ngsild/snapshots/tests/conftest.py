"""The client of the NGSI-LD door, and a receiver."""

import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi
from onecity.kernel.twin.ngsild.subscriptions.tests.conftest import receiver

__all__ = ["Client", "ngsi", "receiver"]


@pytest.fixture(autouse=True)
def _open_loopback(settings: LazySettings, transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_evolution, twin_instance, twin_erasure")
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)
