"""Measures decisions: as many as two processes manage, then the time from sending to the certificate at a steady rate."""

import multiprocessing
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.queues import Queue

import numpy as np
from django.db import connection, transaction

from onecity.domains.services.applying import deciding, filing
from onecity.domains.services.applying.bench import district
from onecity.domains.services.applying.filing import Submission
from onecity.domains.services.applying.models import Application, Decision
from onecity.domains.services.registers import connected
from onecity.domains.services.registers.port import Source, Subject
from onecity.kernel.access.models import AuditEvent
from onecity.kernel.cases.models import CaseEvent
from onecity.kernel.core.ids import new_id
from onecity.kernel.records.models import Certificate

PROCESSES, GROUP = 2, 100
SATURATED, STEADY_SECONDS = 12_000, 20.0
# the rate that must be kept
WANTED = 500.0


def run(*, quick: bool = False, registers: Source, people: Sequence[Subject]) -> dict[str, object]:
    """`decisions_per_s` when all are there at once; `p95_s` from sending to the committed certificate at 500 a second.

    Each is a whole application: the case with its history, the application, the table's decision with its explanation, the
    signed certificate and the trail, in groups of at most 100. Works in a database of its own, dropped afterwards.
    """
    total, seconds = (2_000, 4.0) if quick else (SATURATED, STEADY_SECONDS)
    with _own_database(), connected.connected_to(registers):
        models = district.build(people)
        many = _many(models, total)
        began = time.perf_counter()
        _work([many[n::PROCESSES] for n in range(PROCESSES)], None)
        took = time.perf_counter() - began
        burnt = resource.getrusage(resource.RUSAGE_CHILDREN)
        rate = min(WANTED, 0.9 * total / took)
        steady = _many(models, int(rate * seconds))
        waits = _work([steady[n::PROCESSES] for n in range(PROCESSES)], rate / PROCESSES)
        return {
            "bench": "decisions",
            "decisions_per_s": round(total / took, 1),
            "p95_s": round(float(np.percentile(waits, 95)), 3),
            "p50_s": round(float(np.percentile(waits, 50)), 3),
            "steady_rate_per_s": round(rate, 1),
            "python_cpu_ms_each": round((burnt.ru_utime + burnt.ru_stime) / total * 1000, 2),
            "applications": total + len(steady),
            "people": len(people),
            "processes": PROCESSES,
            "group": GROUP,
            **_written(),
            "compared_with": "nothing: the first measurement of its kind",
        }


def _many(models: Sequence[Submission], count: int) -> list[Submission]:
    return [replace(models[n % len(models)], key=str(new_id())) for n in range(count)]


def _work(shares: Sequence[Sequence[Submission]], rate: float | None) -> np.ndarray:
    """Let each process do its share; returns the seconds that each application waited."""
    context = multiprocessing.get_context("fork")
    results: Queue[list[float]] = context.Queue()
    # a connection must not be shared with a child
    connection.close()
    start = time.perf_counter() + 0.2
    workers = [context.Process(target=_do, args=(share, rate, start, results)) for share in shares]
    for one in workers:
        one.start()
    waits = [wait for _worker in workers for wait in results.get()]
    for one in workers:
        one.join()
    if any(one.exitcode for one in workers):
        raise RuntimeError("a process of the measurement failed")
    return np.array(waits)


def _do(share: Sequence[Submission], rate: float | None, start: float, results: "Queue[list[float]]") -> None:
    """Take what has arrived, at most a group at once, until all is done."""
    waits: list[float] = []
    time.sleep(max(0.0, start - time.perf_counter()))
    done = 0
    while done < len(share):
        arrived = len(share) if rate is None else min(len(share), int((time.perf_counter() - start) * rate) + 1)
        group = share[done : min(arrived, done + GROUP)]
        if not group:
            time.sleep(0.002)
            continue
        _file_and_decide(group)
        end = time.perf_counter()
        waits += [end - start - (place / rate if rate else 0.0) for place in range(done, done + len(group))]
        done += len(group)
    connection.close()
    results.put(waits)


def _file_and_decide(group: Sequence[Submission]) -> None:
    """Two transactions, since numbers of cases are given one after the other: others open theirs while we decide."""
    with transaction.atomic():
        made = [one.id for one in filing.submit_many(group)]
    with transaction.atomic():
        deciding.decide_many(list(Application.objects.select_for_update().filter(id__in=made)))


def _written() -> dict[str, int]:
    """What is in the database afterwards."""
    return {
        "cases": Application.objects.exclude(outcome="").count(),
        "history_entries": CaseEvent.objects.count(),
        "decisions": Decision.objects.count(),
        "certificates": Certificate.objects.count(),
        "audit_events": AuditEvent.objects.count(),
        "sampled": Decision.objects.filter(sampled=True).count(),
    }


@contextmanager
def _own_database() -> Iterator[None]:
    name = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
