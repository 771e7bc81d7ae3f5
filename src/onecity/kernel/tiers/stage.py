"""The town's place in its own pipeline: what is stored here and may leave goes to the outbox in the same transaction."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Max

from onecity.kernel.core.clock import from_us
from onecity.kernel.telemetry.batch import Batch, Int64s, StoredBatch
from onecity.kernel.telemetry.models import Series
from onecity.kernel.tiers import peers
from onecity.kernel.tiers.logic import envelope, policies
from onecity.kernel.tiers.logic.policies import Line, Policies
from onecity.kernel.tiers.models import Announced, Policy
from onecity.kernel.tiers.peers import Joined

MICROSECOND = 1_000_000
LOOK_EVERY = 2 * MICROSECOND
MEANS_EVERY = 20 * MICROSECOND
# a mean is sent when its period has been over for so long; what comes later is not in it
GRACE = 60 * MICROSECOND
FURTHEST = 7 * 86_400 * MICROSECOND
WHOLE, MEAN, NOTHING = np.int8(1), np.int8(2), np.int8(3)
SHARES = {policies.ALL: WHOLE, policies.SUMMARY: WHOLE, policies.AGGREGATE: MEAN, policies.NONE: NOTHING}
SEND = "INSERT INTO tiers_outbox (peer_id, channel, kind, body, data, size) VALUES (%s, 'readings', %s, %s, %s, %s)"
MEANS = """
SELECT series_id, (extract(epoch FROM date_bin(make_interval(secs => %(seconds)s), observed_at, 'epoch')) * 1000000)::int8, avg(value)
FROM telemetry_observation WHERE series_id = ANY (%(series)s) AND observed_at >= %(start)s AND observed_at < %(end)s
GROUP BY 1, 2 ORDER BY 1, 2
"""
FACTS = (
    "id", "entity_id", "entity_urn", "entity_type", "attribute", "unit", "decimals", "minimum", "maximum", "max_age",
    "late_after", "division_path", "public",
)  # fmt: skip


class TownStage:
    """See `telemetry.batch.Stage`. Does nothing where no district has been joined."""

    name = "tiers"

    def __init__(self) -> None:
        self._peer: Joined | None = None
        self._known: tuple[object, ...] = ()
        self._shares = np.zeros(0, np.int8)
        self._facts: dict[int, dict[str, Any]] = {}
        self._lines: dict[int, Line] = {}
        self._announced: dict[int, str] = {}
        self._looked = self._meant = 0

    def load(self) -> None:
        """Read who the district is, what may leave, and what has been described."""
        self._peer = peers.parent()
        self._known = _version() if self._peer else ()
        self._facts, self._lines = {}, {}
        self._announced = dict(Announced.objects.values_list("series_id", "digest")) if self._peer else {}
        if self._peer is not None:
            self._decide(self._peer)

    def process(self, batch: StoredBatch) -> None:
        """Send the stored readings that may leave."""
        if self._peer is None or not len(batch):
            return
        if int(batch.series[-1]) >= len(self._shares) or not (self._shares[batch.series] > 0).all():
            self.load()
        chosen = self._shares[batch.series_id] == WHOLE
        leaving = Batch(batch.series_id, batch.observed_at, batch.value).take(chosen)
        self._send(leaving)

    def tick(self, now_us: int) -> None:
        """Take up what changed in links, policies and series; send means whose period is over."""
        if now_us - self._looked >= LOOK_EVERY:
            self._looked = now_us
            if self._peer is None or self._known != _version():
                self.load()
                self._describe(id_ for id_ in self._announced if id_ in self._facts)
        if self._peer is not None and now_us - self._meant >= MEANS_EVERY:
            self._meant = now_us
            self._send_means(now_us)

    def _decide(self, peer: Joined) -> None:
        lines = Policies([Line(*row) for row in Policy.objects.values_list(*_POLICY)])
        rows = list(Series.objects.filter(origin="").values(*FACTS, "entity_key"))
        self._shares = np.full(max((row["id"] for row in rows), default=-1) + 1, NOTHING, np.int8)
        for row in rows:
            key = row.pop("entity_key")
            if not row["division_path"].startswith(peer.division_path):
                continue
            line = lines.of_series(row["entity_type"], row["attribute"], key)
            self._shares[row["id"]] = SHARES[line.sharing]
            self._facts[row["id"]], self._lines[row["id"]] = row, line

    def _send(self, leaving: Batch) -> None:
        if self._peer is None or not len(leaving):
            return
        self._describe(np.unique(leaving.series_id).tolist())
        data = envelope.pack_readings(leaving)
        with connection.cursor() as cursor:
            cursor.execute(SEND, [self._peer.code, "readings", None, data, len(leaving)])

    def _describe(self, series: Iterable[int]) -> None:
        """Tell the district once what a series' number stands for, and again when that changes."""
        told, digests = [], []
        for id_ in series:
            described = _described(self._facts[id_])
            digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
            if self._announced.get(id_) != digest:
                told.append(described)
                digests.append((id_, digest))
        if not told or self._peer is None:
            return
        with connection.cursor() as cursor:
            cursor.execute(SEND, [self._peer.code, "series", json.dumps(told), None, 0])
            cursor.execute(
                "INSERT INTO tiers_announced (series_id, digest, sent_until)"
                " SELECT id, digest, 0 FROM unnest(%s::int4[], %s::text[]) AS n (id, digest)"
                " ON CONFLICT (series_id) DO UPDATE SET digest = excluded.digest",
                [[id_ for id_, _digest in digests], [digest for _id, digest in digests]],
            )
        self._announced |= dict(digests)

    def _send_means(self, now_us: int) -> None:
        by_period: dict[int, list[int]] = {}
        for id_ in np.flatnonzero(self._shares == MEAN).tolist():
            by_period.setdefault(self._lines[id_].period_seconds, []).append(id_)
        for seconds, series in by_period.items():
            end = (now_us - GRACE) // (seconds * MICROSECOND) * (seconds * MICROSECOND)
            self._send_period(series, seconds, end)

    def _send_period(self, series: Sequence[int], seconds: int, end: int) -> None:
        self._describe(series)
        until = dict(Announced.objects.filter(series_id__in=series).values_list("series_id", "sent_until"))
        due = [id_ for id_ in series if until.get(id_, 0) < end]
        if not due:
            return
        start = max(min(until.get(id_, 0) for id_ in due), end - FURTHEST)
        with connection.cursor() as cursor:
            cursor.execute(MEANS, {"seconds": seconds, "series": due, "start": from_us(start), "end": from_us(end)})
            rows = [row for row in cursor.fetchall() if row[1] >= until.get(row[0], 0)]
        Announced.objects.filter(series_id__in=due).update(sent_until=end)
        if rows:
            at: Int64s = np.array([row[1] for row in rows], np.int64)
            self._send(Batch(np.array([r[0] for r in rows], np.int32), at, np.array([r[2] for r in rows], np.float64)))


_POLICY = ("kind", "type_name", "attribute", "key", "sharing", "period_seconds")


def _version() -> tuple[object, ...]:
    """What everything decided here follows from, in short."""
    parent = peers.parent()
    changed = Series.objects.filter(origin="").aggregate(at=Max("changed_at"))["at"]
    return (parent, changed, *sorted(Policy.objects.values_list("id", "changed_at")))


def _described(facts: dict[str, Any]) -> dict[str, Any]:
    spans = {name: facts[name].total_seconds() for name in ("max_age", "late_after")}
    return facts | spans | {"entity_id": str(facts["entity_id"])}
