"""Baselines in the database: learnt from the stored history by a background job, read by the engine."""

import datetime as dt

import numpy as np
import psycopg
from django.db import connection, transaction

from onecity.kernel.core.clock import now
from onecity.kernel.rules.logic.baselines import SLOTS, Table
from onecity.kernel.rules.models import Baselines

# series in one row: about two megabytes
SERIES_A_PART = 1_000
_INSERT = (
    "INSERT INTO rules_baselines (entity_type, attribute, history, part, series, centre, spread, count, learnt_at)"
    " VALUES (%s, %s, %s, %s, %b, %b, %b, %b, %s)"
)


@transaction.atomic
def store(entity_type: str, attribute: str, history: dt.timedelta, table: Table) -> None:
    """Write the baselines of a channel in the place of those before; an empty table says that it was looked for."""
    Baselines.objects.filter(entity_type=entity_type, attribute=attribute, history=history).delete()
    moment = now()
    # Django's own cursor would write the bytes into the statement as text; this one sends them as they are
    with psycopg.Cursor(connection.connection) as cursor:
        for part, start in enumerate(range(0, max(len(table.series), 1), SERIES_A_PART)):
            rows = slice(start, start + SERIES_A_PART)
            payload = [
                table.series[rows].astype("<i4").tobytes(),
                table.centre[rows].astype("<f4").tobytes(),
                table.spread[rows].astype("<f4").tobytes(),
                table.count[rows].astype("<i2").tobytes(),
            ]
            cursor.execute(_INSERT, [entity_type, attribute, history, part, *payload, moment])


def load_all() -> dict[tuple[str, dt.timedelta], Table]:
    """Return all baselines by the engine's channel and length of history."""
    parts: dict[tuple[str, dt.timedelta], list[Table]] = {}
    for row in Baselines.objects.order_by("entity_type", "attribute", "history", "part"):
        table = Table(
            np.frombuffer(bytes(row.series), "<i4").astype(np.int32),
            np.frombuffer(bytes(row.centre), "<f4").reshape(-1, SLOTS),
            np.frombuffer(bytes(row.spread), "<f4").reshape(-1, SLOTS),
            np.frombuffer(bytes(row.count), "<i2").reshape(-1, SLOTS),
        )
        parts.setdefault((f"{row.entity_type}.{row.attribute}", row.history), []).append(table)
    return {channel: Table.concatenate(tables) for channel, tables in parts.items()}
