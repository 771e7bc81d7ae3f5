"""Counts what became of replayed readings, in the store and in quarantine, to prove that none is missing."""

import time
from collections.abc import Callable

from django.db import connection
from django.db.models import Sum

from onecity.kernel.telemetry.models import Quarantine, Series
from onecity.kernel.twin.models import Entity
from onecity.sim.devices import Credentials
from onecity.sim.ledger import Ledger
from onecity.sim.recording import Recording

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.1
SETTLED_SECONDS = 2.0
"""After a run that broke, counts must stand still this long: a reading sent twice must not hide one on its way."""

COUNT = """
    SELECT count(*) FROM telemetry_observation
    WHERE series_id = ANY(%s) AND observed_at BETWEEN %s AND %s
"""


def count(entity: Entity, sender: Credentials, moved: Recording) -> tuple[int, int]:
    """Readings of the entity stored within the span of the recording, and readings of its device in quarantine."""
    # what the platform derives of the entity meanwhile is no row of the file
    names = moved.frame["attribute"].unique().to_list()
    series = list(Series.objects.filter(entity_id=entity.id, attribute__in=names).values_list("id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [series, moved.first, moved.last])
        (stored,) = cursor.fetchone()
    refused = Quarantine.objects.filter(device_id=sender.device_id).aggregate(total=Sum("readings"))["total"] or 0
    return int(stored), int(refused)


def wait_for(
    entity: Entity, sender: Credentials, moved: Recording, ledger: Ledger, progress: Callable[[float], None]
) -> tuple[int, int]:
    """Wait until every reading is stored or quarantined; gives both counts, whatever they are, when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    before, still = (-1, -1), 0.0
    while True:
        stored, refused = count(entity, sender, moved)
        stored, refused = stored - ledger.stored_before, refused - ledger.quarantined_before
        still = still + POLL_SECONDS if (stored, refused) == before else 0.0
        settled = ledger.repeated == 0 or still >= SETTLED_SECONDS
        if (stored + refused >= len(moved) and settled) or time.monotonic() > deadline:
            return stored, refused
        before = (stored, refused)
        progress((stored + refused) / max(1, len(moved)))
        time.sleep(POLL_SECONDS)
