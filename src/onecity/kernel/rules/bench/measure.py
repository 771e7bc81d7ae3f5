"""Measures the rules: the engine alone with its memory kept up, and the stage with alerts and memory in the database."""

import os
import platform
import resource
import time
from zoneinfo import ZoneInfo

import numpy as np
from django.db import OperationalError

from onecity.kernel.rules.bench import database, stream
from onecity.kernel.rules.logic.arrays import NEVER, Readings
from onecity.kernel.rules.logic.engine import Engine, Watcher
from onecity.kernel.rules.logic.scope import Scope

RULES, ENTITIES = 1_000, 100_000
# alerts open at a time, as a share of all pairs of rule and entity; the first is the headline
SHARES = (1e-3, 1e-4, 1e-2)
# with the database: a thousand and ten thousand alerts going on at once
SHARES_WITH_DATABASE = (1e-5, 1e-4)
WARM_UP, BATCHES = 12, 9
START = 1_767_225_600_000_000
ZONE = ZoneInfo("Asia/Shanghai")

Figures = dict[str, object]


def run(*, quick: bool = False) -> Figures:
    """Return the figures; `seconds` is the median time of a batch in the engine alone, its memory kept up, nothing written.

    Every rule watches every entity. `seconds_with_database` adds what the pipeline does: alerts, memory and commit on a
    running PostgreSQL (None where none runs), with about a thousand alerts open. `growth` repeats the engine's figure at smaller sizes.
    """
    rules, entities = (RULES // 10, ENTITIES // 10) if quick else (RULES, ENTITIES)
    by_share = [engine(rules, entities, share) for share in SHARES]
    head = by_share[0]
    return {
        "rules": rules,
        "entities": entities,
        "seconds": head["seconds"],
        "cpu_seconds": head["cpu_seconds"],
        "evaluations_per_s": round(rules * entities / float(str(head["seconds"]))),
        "includes": "evaluation and state in memory; database writes are in seconds_with_database",
        "by_share": by_share,
        "growth": [
            engine(rules // 10, entities, SHARES[0]),
            engine(rules, entities // 10, SHARES[0]),
            engine(rules // 10, entities // 10, SHARES[0]),
        ],
        **_with_database(rules, entities),
        "goal_seconds": 1.0,
        "memory_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}",
    }


def engine(rules: int, entities: int, share: float) -> Figures:
    """Return the median seconds of a batch (one reading of every entity) with `share` of all pairs in alert."""
    scope = Scope(np.arange(1, entities + 1, dtype=np.int32))
    watchers = [Watcher(n, "bench", c, scope) for n, c in enumerate(stream.conditions(rules, share), start=1)]
    working = Engine(watchers, ZONE, {("bench", stream.HISTORY): stream.table(scope.series)})
    times, used, changed, live = [], [], [], np.ones(entities, np.bool_)
    at, before = np.full(entities, NEVER), np.full(entities, np.nan)
    for number, value in enumerate(stream.values(entities)):
        if number == WARM_UP + BATCHES:
            break
        now = np.full(entities, START + number * stream.MINUTE)
        readings = Readings(scope.series, np.arange(entities + 1), now, value, at, before)
        began, spent = time.perf_counter(), time.process_time()
        report = working.process(readings, live)
        swept = working.sweep(int(now[0]))
        times.append(time.perf_counter() - began)
        used.append(time.process_time() - spent)
        changed.append(len(report.changes) + len(swept))
        at, before = now, value
    return {
        "rules": rules,
        "entities": entities,
        "share_in_alert": share,
        "seconds": round(float(np.median(times[WARM_UP:])), 4),
        "slowest_seconds": round(max(times[WARM_UP:]), 4),
        "cpu_seconds": round(float(np.median(used[WARM_UP:])), 4),
        "alerts_changed_per_batch": int(np.median(changed[WARM_UP:])),
        "batches": BATCHES,
    }


def _with_database(rules: int, entities: int) -> Figures:
    try:
        with database.own():
            measured = [
                database.stage(rules, entities, share, WARM_UP, BATCHES, START) for share in SHARES_WITH_DATABASE
            ]
    except OperationalError as error:
        return {"seconds_with_database": None, "database": f"not measured: {str(error).splitlines()[0]}"}
    return {"seconds_with_database": measured[0]["seconds"], "database": measured}
