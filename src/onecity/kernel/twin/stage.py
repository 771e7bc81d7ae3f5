"""The twin's place in the pipeline: tells live pages and subscriptions that the state of the city has moved on."""

import datetime as dt

import numpy as np
from django.db import connection
from django.db.backends.utils import CursorWrapper

from onecity.kernel.core.clock import from_us
from onecity.kernel.notify import feed
from onecity.kernel.telemetry.batch import NEVER, Bools, Int64s, StoredBatch
from onecity.kernel.twin.models import Operation
from onecity.kernel.twin.ngsild.store.statements import CHANNEL, DAY

MICROSECOND = 1_000_000
EVERY = 2 * MICROSECOND

# changes with every subscription that is made, changed or deleted, or runs out, and with every series
STAMP = """
SELECT (SELECT (count(*), max(txid::text::bigint))::text FROM twin_subscription
    WHERE tenant = '' AND is_active AND (expires_at IS NULL OR expires_at > statement_timestamp())), telemetry_series_count()
"""
# the series of which an active subscription may wait, by id, type (any where the selection is more than one name) and
# attribute under the name that NGSI-LD shows
WATCHED = r"""
WITH wanted AS (
    SELECT e.value ->> 'type' AS type, e.value -> 'id' AS ids, s.document -> 'watchedAttributes' AS names
    FROM twin_subscription s LEFT JOIN LATERAL jsonb_array_elements(s.document -> 'entities') e ON true
    WHERE s.tenant = '' AND s.is_active AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp())
        AND NOT s.document ? 'timeInterval'
)
SELECT DISTINCT r.id FROM telemetry_series r
LEFT JOIN twin_entitykind k ON k.name = r.entity_type
JOIN twin_entity e ON e.id = r.entity_id
JOIN wanted w ON (w.type IS NULL OR w.type = '*' OR w.type ~ '[,|;()]' OR w.type = ANY (e.types))
    AND (w.ids IS NULL OR w.ids ? e.urn)
    AND (w.names IS NULL OR w.names ? coalesce(k.model_names ->> r.attribute, r.attribute))
WHERE r.active
"""
TIMES = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
SHOWN = f"""jsonb_strip_nulls(jsonb_build_object('type', 'Property', 'value', {{value}}, 'observedAt',
    to_char({{at}} AT TIME ZONE 'UTC', {TIMES}), 'unitCode', nullif(r.unit, '1'),
    'createdAt', to_char({{at}} AT TIME ZONE 'UTC', {TIMES}), 'modifiedAt', to_char({{at}} AT TIME ZONE 'UTC', {TIMES})))"""
WRITE = f"""
INSERT INTO twin_change (at, entity_id, operation, public, tenant, urn, division_path, types, changes, previous)
SELECT w.at, e.id, w.operation, e.public, e.tenant, e.urn, e.division_path, e.types,
    jsonb_object_agg(n.name, jsonb_build_array({SHOWN.format(value="n.value", at="n.observed_at")})),
    jsonb_object_agg(n.name, CASE WHEN n.previous_at IS NOT NULL THEN
        jsonb_build_array({SHOWN.format(value="n.previous_value", at="n.previous_at")}) END)
FROM (SELECT u.*, coalesce(k.model_names ->> r.attribute, r.attribute) AS name, r.entity_id
    FROM unnest(%s::int[], %s::timestamptz[], %s::float8[], %s::timestamptz[], %s::float8[])
        AS u(series_id, observed_at, value, previous_at, previous_value)
    JOIN telemetry_series r ON r.id = u.series_id LEFT JOIN twin_entitykind k ON k.name = r.entity_type) n
JOIN telemetry_series r ON r.id = n.series_id JOIN twin_entity e ON e.id = n.entity_id,
(SELECT %s::timestamptz AS at, %s::int2 AS operation) w
GROUP BY w.at, w.operation, e.id ORDER BY e.id
"""  # noqa: S608 - nothing in it comes from outside


class StateStage:
    """Publishes that new readings are stored, at most every two seconds, however many there are.

    The change says nothing else: neither what was read nor where. Whoever hears it asks again for what he may see, so
    it can be public, and one row serves everybody.
    """

    name = "state"

    def __init__(self) -> None:
        self._moved = False
        self._told = 0

    def load(self) -> None:
        """Begin anew: what a failed transaction had told was told to nobody."""
        self._told = 0

    def process(self, batch: StoredBatch) -> None:
        """Remember that something newer has come."""
        self._moved = self._moved or bool(batch.fresh.any())
        self._tell(batch.received_at)

    def tick(self, now_us: int) -> None:
        """Tell what has not been told yet."""
        self._tell(now_us)

    def _tell(self, now_us: int) -> None:
        if self._moved and now_us - self._told >= EVERY:
            feed.publish("state", division_path="", ref="", payload={}, public=True)
            self._moved, self._told = False, now_us


class WatchedStage:
    """Writes into the change log the newest readings of those series that a subscription waits for, and of no others.

    Each entity has one change in a batch, with the newest reading of each watched attribute; history is not written
    here, the telemetry store has it whole. Where nothing is watched a batch costs one look at the subscriptions.
    """

    name = "watched"

    def __init__(self) -> None:
        self._stamp: object = None
        self._watched: Bools = np.empty(0, np.bool_)
        self._days: set[str] = set()

    def load(self) -> None:
        """Read anew which series are watched."""
        self._stamp = None

    def process(self, batch: StoredBatch) -> None:
        """Write down what is watched and newer than before."""
        self._refresh(int(batch.series[-1]) if len(batch.series) else 0)
        if not self._watched.any():
            return
        last = batch.starts[1:] - 1
        chosen = batch.fresh[last] & self._watched[batch.series]
        if chosen.any():
            self._write(batch, last[chosen], chosen)

    def tick(self, now_us: int) -> None:
        """Nothing passes with time."""

    def _refresh(self, newest: int) -> None:
        """Read the watched series again where subscriptions or series have changed."""
        with connection.cursor() as cursor:
            cursor.execute(STAMP)
            stamp = cursor.fetchone()
            if stamp == self._stamp and newest < len(self._watched):
                return
            cursor.execute(WATCHED)
            watched = [row[0] for row in cursor.fetchall()]
        self._watched = np.zeros(max([newest, *watched]) + 1, np.bool_)
        self._watched[watched] = True
        self._stamp = stamp

    def _write(self, batch: StoredBatch, rows: Int64s, chosen: Bools) -> None:
        at = from_us(batch.received_at)
        records = [
            batch.series[chosen].tolist(),
            [from_us(moment) for moment in batch.observed_at[rows].tolist()],
            batch.value[rows].tolist(),
            [None if moment == NEVER else from_us(moment) for moment in batch.previous_at[chosen].tolist()],
            batch.previous_value[chosen].tolist(),
        ]
        with connection.cursor() as cursor:
            self._ensure_day(cursor, at)
            cursor.execute(WRITE, [*records, at, int(Operation.MEASURED)])
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])

    def _ensure_day(self, cursor: CursorWrapper, at: dt.datetime) -> None:
        day = f"{at:%Y-%m-%d}"
        if day not in self._days:
            cursor.execute(DAY, [day])
            self._days = {day}
