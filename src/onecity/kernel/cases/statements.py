"""Runs the fixed statements of the busiest paths as prepared ones: read and planned once for a connection, not at every call.

Django writes parameters into the text of each statement, so that the database reads and plans every one anew; below
row-level security that is most of the work of a short statement. What goes through here is bound by the server. Types of
parameters must not change from call to call, or each combination is a statement of its own: rows go as one JSON value.
"""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.types.json import Jsonb

# statements that are not prepared by name are prepared when they come so often
SOON: Final = 5
Row = tuple[Any, ...]


def run(query: str, values: Sequence[object] = ()) -> list[Row]:
    """The rows of a statement on Django's connection and in its transaction; errors are Django's.

    Times come back in UTC, JSON as text.
    """
    connection.ensure_connection()
    database = connection.connection
    if database.prepare_threshold is None:
        # Django switches it off, since its own statements are different each time; those are not touched by this
        database.prepare_threshold = SOON
    with connection.wrap_database_errors, psycopg.Cursor(database) as cursor:
        cursor.execute(query, values, prepare=True)
        return cursor.fetchall() if cursor.description else []


def as_json(value: object) -> Jsonb:
    """Rows as one parameter: times in ISO 8601 with all their digits, UUIDs as text."""
    return Jsonb(value, dumps=_dumps)


def _dumps(value: Any) -> str:
    return json.dumps(value, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a row")
