"""The door as the tests of http have it, over an empty history."""

import pytest
from django.db import connection

from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi

__all__ = ["Client", "door", "ngsi"]


@pytest.fixture
def door(ngsi: Client) -> Client:
    """The door; tables that Django does not manage are emptied."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_evolution, twin_instance, twin_erasure")
    return ngsi
