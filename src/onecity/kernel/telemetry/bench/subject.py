"""What is measured: the running platform's database, devices and series, as the measuring process reaches them."""

import json
import os
import time
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import psycopg
from django.conf import settings
from psycopg import sql

from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import query, service, store
from onecity.kernel.telemetry.batch import Batch, Int32s
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.logic import copy
from onecity.kernel.telemetry.types import Attribute, EntityType

DIVISION = "adm/"
UNLIMITED = 100_000_000
POLL_S = 0.005
PATIENCE_S = 600.0
SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Sender:
    """A device with its secret, and the one entity it sends for ("" where it sends for many)."""

    device: str
    secret: str
    entity: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What a run sends for: `http` owns all `entities` (`series` int32 in their order, attribute by attribute)."""

    http: Sender
    entities: list[str]
    series: Int32s
    mqtt: list[Sender]
    probes: list[Sender]


class Subject:
    """The platform under measurement; `kind` is the type of the entities, whose rules are at work."""

    def __init__(self) -> None:
        facts = json.loads(os.environ["ONECITY_BENCH_KIND"])
        self.kind = EntityType(facts["name"], facts["name"], tuple(Attribute(**a) for a in facts["attributes"]))
        self.port = int(settings.ONECITY_BASE_URL.rsplit(":", 1)[1])
        self.database = psycopg.connect(**database_parameters(), autocommit=True)

    def register(self, entities: int, senders: int, probes: int) -> Registered:
        """Register what this run sends for, and wait until that is known everywhere."""
        device, secret = service.create_device("bench", DIVISION, readings_per_second=UNLIMITED)
        names = [f"bench-{number:05d}" for number in range(entities)]
        series = [number for name in names for number in self._series(name, device.id).values()]
        found = Registered(
            Sender(str(device.id), secret, ""),
            names,
            np.array(series, np.int32),
            [self._sender(f"sender-{number}") for number in range(senders)],
            [self._sender(f"probe-{number}") for number in range(probes)],
        )
        time.sleep(SETTLE_S)
        return found

    def stored(self) -> int:
        """How many readings the pipeline has stored so far."""
        return self._number("SELECT coalesce(sum(readings), 0)::int8 FROM telemetry_counter WHERE outcome = 'stored'")

    def refused(self) -> dict[str, int]:
        """How many readings were refused so far, by reason."""
        rows = self.database.execute(
            "SELECT outcome, sum(readings)::int8 FROM telemetry_counter WHERE outcome <> 'stored' GROUP BY 1"
        ).fetchall()
        return {outcome: int(count) for outcome, count in rows}

    def rules(self) -> int:
        """How many rules are at work on entities of this kind (0 where the platform has none)."""
        if not self._number("SELECT (to_regclass('rules_ruleversion') IS NOT NULL)::int"):
            return 0
        row = self.database.execute(
            "SELECT count(DISTINCT r.id) FROM rules_rule r JOIN rules_ruleversion v ON v.rule_id = r.id"
            " WHERE NOT r.paused AND v.state = 'published' AND v.definition->>'entity_type' = %s",
            [self.kind.name],
        ).fetchone()
        return int(row[0]) if row else 0

    def wait_stored(self, wanted: int) -> float:
        """Wait until so many readings are stored; returns when that was (perf_counter)."""
        deadline = time.perf_counter() + PATIENCE_S
        while self.stored() < wanted:
            if time.perf_counter() > deadline:
                raise RuntimeError(f"only {self.stored()} of {wanted} readings were stored; refused: {self.refused()}")
            time.sleep(POLL_S)
        return time.perf_counter()

    def newest(self, series: int) -> int:
        """The time (µs) of a series' newest reading, 0 where there is none."""
        return self._number(
            f"SELECT coalesce((SELECT extract(epoch FROM observed_at) * 1000000 FROM telemetry_latest"  # noqa: S608 - a number
            f" WHERE series_id = {int(series)}), 0)::int8"
        )

    def alerts(self, entity: str) -> int:
        """How many alerts there are about an entity."""
        row = self.database.execute(
            "SELECT count(*) FROM rules_alert WHERE entity_urn = %s", [urn(self.kind.name, entity)]
        ).fetchone()
        return int(row[0]) if row else 0

    def series_of(self, entity: str, attribute: str) -> int:
        """The id of one series."""
        row = self.database.execute(
            "SELECT id FROM telemetry_series WHERE entity_urn = %s AND attribute = %s",
            [urn(self.kind.name, entity), attribute],
        ).fetchone()
        if row is None:
            raise RuntimeError(f"{entity} has no {attribute}")
        return int(row[0])

    def copy_limit(self, batches: list[Batch]) -> float:
        """Rows a second of the raw limit: the same rows by one client with binary COPY into a table like the store's."""
        self.database.execute("DROP TABLE IF EXISTS telemetry_bench")
        self.database.execute("CREATE TABLE telemetry_bench (LIKE telemetry_observation INCLUDING ALL)")
        texts = [copy.rows(batch) for batch in batches]
        begin = time.perf_counter()
        for text in texts:
            statement = f"COPY telemetry_bench ({copy.COLUMNS}) FROM STDIN (FORMAT BINARY)"
            with self.database.transaction(), self.database.cursor() as cursor, cursor.copy(statement) as stream:
                stream.write(text)
        rate = sum(len(batch) for batch in batches) / (time.perf_counter() - begin)
        self.database.execute("DROP TABLE telemetry_bench")
        return rate

    def pace(self) -> dict[str, float]:
        """What the pipeline said last about its transactions: readings in one and seconds for one, on average."""
        row = self.database.execute(
            "SELECT detail->'pace' FROM telemetry_heartbeat WHERE process = 'pipeline'"
        ).fetchone()
        pace = row[0] if row else {}
        count = max(pace.get("transactions", 0), 1)
        return {
            "readings": round(pace.get("readings", 0) / count),
            "seconds": round(pace.get("seconds", 0.0) / count, 4),
        }

    def time_latest(self, series: Int32s) -> float:
        """Seconds for the newest reading of every series, best of three."""
        best = float("inf")
        for _attempt in range(3):
            begin = time.perf_counter()
            query.latest(series.tolist())
            best = min(best, time.perf_counter() - begin)
        return round(best, 4)

    def fill(self, batch: Batch) -> None:
        """Put sorted readings into the store directly, as days that lay there long before: indexed, nothing left to do."""
        for day, part in store.by_day(batch):
            store.create_partition(day)
            name = store.partition(day)
            with self.database.transaction(), self.database.cursor() as cursor:
                statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
                    sql.Identifier(name), sql.SQL(copy.COLUMNS)
                )
                with cursor.copy(statement) as stream:
                    for piece in copy.pieces(part):
                        stream.write(piece)
                cursor.execute(
                    "UPDATE telemetry_day SET readings = readings + %s, changed_at = %s, sorted_at = now(),"
                    " rolled_up_at = now() WHERE day = %s",
                    [len(part), day, day],
                )
            indexes = self.database.execute(
                "SELECT indexrelid FROM pg_index WHERE indrelid = to_regclass(%s)", [name]
            ).fetchall()
            for (index,) in indexes:
                self.database.execute("SELECT brin_summarize_new_values(%s)", [index])

    def rows(self) -> int:
        """How many readings the store holds."""
        return self._number("SELECT coalesce(sum(readings), 0)::int8 FROM telemetry_day")

    def _sender(self, name: str) -> Sender:
        device, secret = service.create_device(name, DIVISION, readings_per_second=UNLIMITED)
        self._series(name, device.id)
        return Sender(str(device.id), secret, name)

    def _series(self, name: str, device_id: UUID) -> dict[str, int]:
        return dict(service.register_series(new_id(), urn(self.kind.name, name), self.kind, DIVISION, device_id, False))

    def _number(self, statement: str) -> int:
        row = self.database.execute(statement).fetchone()
        return int(row[0]) if row else 0


def urn(kind: str, name: str) -> str:
    """The full name of an entity of the measurement."""
    return f"urn:ngsi-ld:{kind}:{name}"
