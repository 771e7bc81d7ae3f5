"""The door as the tests of http have it, over an empty history."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from django.db import connection, transaction

from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.tests.conftest import drop_partitions
from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi

__all__ = ["Client", "door", "keep", "measured", "ngsi"]


@pytest.fixture
def door(ngsi: Client) -> Client:
    """The door; tables that Django does not manage are emptied."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_evolution, twin_instance, twin_erasure")
    return ngsi


def keep(series: Sequence[int], at: Sequence[int], value: Sequence[float]) -> None:
    """Put readings (times in µs) into the store as the pipeline does, newest ones noted."""
    batch = Batch(np.array(series, np.int32), np.array(at, np.int64), np.array(value, np.float64))
    order = np.lexsort((batch.observed_at, batch.series_id))
    batch = batch.take(order)
    store.Partitions().ensure(store.days(batch))
    last = np.flatnonzero(np.r_[np.diff(batch.series_id) != 0, True])
    newest = batch.take(last)
    with transaction.atomic():
        store.append(batch)
        store.write_newest(newest, np.zeros(len(newest), np.bool_))


@pytest.fixture
def measured(door: Client) -> Iterator[Client]:
    """The door over an empty store of readings."""
    drop_partitions()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE telemetry_day")
    yield door
    drop_partitions()
