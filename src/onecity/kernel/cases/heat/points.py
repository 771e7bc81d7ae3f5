"""Reads the points of many cases as columns: the database joins each column into one value, so that no row becomes an object."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from onecity.kernel.cases.heat.logic.cells import Floats, Ints
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import from_us

UUID_BYTES: Final = 16
COLUMNS: Final = """
SELECT coalesce(string_agg(float8send(lon), ''), ''), coalesce(string_agg(float8send(lat), ''), ''),
    coalesce(string_agg(uuid_send(id), ''), ''),
    coalesce(string_agg(int8send((extract(epoch FROM opened_at) * 1000000)::bigint), ''), ''),
    coalesce(array_agg(type_name), '{}')
FROM ({rows}) found
"""


@dataclass(frozen=True, slots=True)
class Points:
    """Cases with a point, newest first: degrees (WGS-84), when opened (microseconds since 1970 UTC), and the number of each
    one's kind among `kinds`; `ids` holds sixteen bytes for each."""

    lon: Floats
    lat: Floats
    kind: Ints
    kinds: Sequence[str]
    opened: Ints
    ids: bytes

    def id(self, at: int) -> UUID:
        """The id of one case."""
        return UUID(bytes=self.ids[UUID_BYTES * at : UUID_BYTES * (at + 1)])

    def opened_at(self, at: int) -> dt.datetime:
        """When one case was opened."""
        return from_us(int(self.opened[at]))

    def first(self, most: int) -> "Points":
        """The newest so many."""
        return Points(
            self.lon[:most],
            self.lat[:most],
            self.kind[:most],
            self.kinds,
            self.opened[:most],
            self.ids[: UUID_BYTES * most],
        )


def read(rows: QuerySet[Case], most: int) -> Points:
    """The newest `most` cases of a query that have a point."""
    newest = rows.order_by("-opened_at", "-id").values("lon", "lat", "id", "opened_at", "type_name")[:most]
    try:
        query, values = newest.query.sql_with_params()
    except EmptyResultSet:
        # a condition that nothing can fulfil, such as no division at all
        return NONE
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS.replace("{rows}", query), values)
        lon, lat, ids, opened, types = cursor.fetchone()
    kinds, kind = np.unique(np.array(types, dtype=np.str_), return_inverse=True)
    return Points(
        _floats(lon), _floats(lat), kind.ravel().astype(np.int64), kinds.tolist(),
        np.frombuffer(opened, dtype=">i8").astype(np.int64), bytes(ids),
    )  # fmt: skip


NONE: Final = Points(np.array([]), np.array([]), np.array([], dtype=np.int64), [], np.array([], dtype=np.int64), b"")


def _floats(sent: bytes) -> Floats:
    return np.frombuffer(sent, dtype=">f8").astype(np.float64)
