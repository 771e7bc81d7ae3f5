"""Baselines in the database: learnt from the stored history by a background job, read by the engine."""

import datetime as dt

import numpy as np

from onecity.kernel.core.clock import now
from onecity.kernel.rules.logic.baselines import SLOTS, Table
from onecity.kernel.rules.models import Baselines


def store(entity_type: str, attribute: str, history: dt.timedelta, table: Table) -> None:
    """Write the baselines of a channel in the place of those before."""
    Baselines.objects.update_or_create(
        entity_type=entity_type,
        attribute=attribute,
        history=history,
        defaults={
            "series": table.series.astype("<i4").tobytes(),
            "centre": table.centre.astype("<f8").tobytes(),
            "spread": table.spread.astype("<f8").tobytes(),
            "count": table.count.astype("<i8").tobytes(),
            "learnt_at": now(),
        },
    )


def load_all() -> dict[tuple[str, dt.timedelta], Table]:
    """Return all baselines by the engine's channel and length of history."""
    tables = {}
    for row in Baselines.objects.all():
        series, shape = np.frombuffer(bytes(row.series), "<i4"), (-1, SLOTS)
        tables[f"{row.entity_type}.{row.attribute}", row.history] = Table(
            series.astype(np.int32),
            np.frombuffer(bytes(row.centre), "<f8").reshape(shape),
            np.frombuffer(bytes(row.spread), "<f8").reshape(shape),
            np.frombuffer(bytes(row.count), "<i8").reshape(shape),
        )
    return tables
