"""The stage as the pipeline runs it, in a database of its own that is dropped afterwards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from django.db import connection, transaction

from onecity.kernel.core.clock import FixedClock, from_us, use_clock
from onecity.kernel.rules import baseline_store
from onecity.kernel.rules.bench import stream
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.models import Alert, AlertState, MemoryRecord, Rule, RuleVersion, VersionState
from onecity.kernel.rules.stage import RulesStage
from onecity.kernel.telemetry.batch import NEVER, StoredBatch

TYPE, ATTRIBUTE, DIVISION = "BenchStation", "value", "adm/000000/000000101/"
_ENTITIES = """
INSERT INTO twin_entity (id, urn, type, key, name, division_path, lon, lat, properties, public, status, created_at, changed_at)
SELECT gen_random_uuid(), 'urn:ngsi-ld:BenchStation:' || n, %s, n::text, 'Station ' || n, %s, 121.5, 30.9, '{}', false,
       'active', now(), now() FROM generate_series(1, %s) AS n
"""
_SERIES = """
INSERT INTO telemetry_series (id, entity_id, entity_urn, entity_key, entity_type, attribute, unit, decimals, max_age,
    late_after, division_path, public, active, created_at, changed_at)
SELECT key::int, id, urn, key, type, %s, 'ug/m3', 1, interval '1 hour', interval '30 days', division_path, false, true,
       now(), now() FROM twin_entity
"""


@contextmanager
def own() -> Iterator[None]:
    """Work in a database made for this measurement, beside the one that is configured."""
    name = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def stage(rules: int, entities: int, share: float, warm_up: int, batches: int, start: int) -> dict[str, object]:
    """Return the median seconds of a batch with alerts, memory and commit (`synchronous_commit` as the server has it)."""
    _clear()
    with use_clock(FixedClock(from_us(start))):
        _fill(rules, entities, share)
        working = RulesStage()
        working.load()
    rounds = list(_run(working, entities, warm_up + batches, start))[warm_up:]
    times = [processed for processed, _ticked in rounds]
    return {
        "rules": rules,
        "entities": entities,
        "share_in_alert": share,
        "seconds": round(float(np.median(times)), 4),
        "slowest_seconds": round(max(times), 4),
        "tick_seconds": round(float(np.median([ticked for _processed, ticked in rounds])), 4),
        "alerts_open": Alert.objects.filter(state=AlertState.OPEN).count(),
        "alerts_written": Alert.objects.count(),
        "memory_bytes": _memory_bytes(),
        "batches": batches,
    }


def _run(working: RulesStage, entities: int, batches: int, start: int) -> Iterator[tuple[float, float]]:
    series = np.arange(1, entities + 1, dtype=np.int32)
    at, before, fresh = np.full(entities, NEVER), np.full(entities, np.nan), np.ones(entities, np.bool_)
    for number, value in zip(range(batches), stream.values(entities), strict=False):
        now = start + number * stream.MINUTE
        moments = np.full(entities, now)
        batch = StoredBatch(series, moments, value, fresh, series, np.arange(entities + 1), at, before, now + 1_000_000)
        with use_clock(FixedClock(from_us(now + 1_000_000))):
            began = time.perf_counter()
            with transaction.atomic():
                working.process(batch)
            processed = time.perf_counter()
            with transaction.atomic():
                working.tick(now + 2_000_000)
            yield processed - began, time.perf_counter() - processed
        at, before = moments, value


def _fill(rules: int, entities: int, share: float) -> None:
    moment = from_us(0)
    with connection.cursor() as cursor:
        cursor.execute(_ENTITIES, [TYPE, DIVISION, entities])
        cursor.execute(_SERIES, [ATTRIBUTE])
        cursor.execute("ANALYZE twin_entity, telemetry_series")
    made = Rule.objects.bulk_create([Rule(name=f"bench.r{n}", division_path=DIVISION) for n in range(rules)])
    versions = [
        RuleVersion(
            rule=rule,
            number=1,
            state=VersionState.PUBLISHED,
            run=rule.pk,
            effective_from=moment,
            published_at=moment,
            definition=Definition({"en": rule.name}, TYPE, ATTRIBUTE, condition).to_data(),
        )
        for rule, condition in zip(made, stream.conditions(rules, share), strict=True)
    ]
    RuleVersion.objects.bulk_create(versions)
    baseline_store.store(TYPE, ATTRIBUTE, stream.HISTORY, stream.table(np.arange(1, entities + 1)))


def _clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE rules_alert, rules_ruleversion, rules_rule, rules_memoryrecord, rules_baselines,"
            " twin_entity, telemetry_series, notify_event CASCADE"
        )


def _memory_bytes() -> int:
    return sum(len(payload) for payload in MemoryRecord.objects.values_list("payload", flat=True))
