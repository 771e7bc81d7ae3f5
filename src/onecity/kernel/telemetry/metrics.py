"""Figures for monitoring in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection
from django.db.models import Sum

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import quarantine
from onecity.kernel.telemetry.health import Health, health
from onecity.kernel.telemetry.models import Counter, Day, LogPosition

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STORED = "stored"

Sample = tuple[Mapping[str, str], float]


def text() -> str:
    """Every figure, one family after the other."""
    state = health()
    families = [
        _family("onecity_readings_total", "counter", "Readings by way and outcome (stored, or the reason)", _counts()),
        *_quarantine(),
        _family("onecity_turned_away_total", "counter", "Callers turned away at the door, by reason", _turned_away()),
        *_logs(state),
        *_processes(state),
        *_store(),
    ]
    return "\n".join(line for family in families for line in family) + "\n"


def _counts() -> Iterator[Sample]:
    rows = Counter.objects.order_by("source", "outcome").values("source", "outcome").annotate(total=Sum("readings"))
    for row in rows:
        yield {"way": row["source"], "outcome": row["outcome"]}, row["total"]


def _quarantine() -> Iterator[Iterable[str]]:
    held = quarantine.held_everywhere()
    yield _family(
        "onecity_quarantine_readings",
        "gauge",
        "Refused readings that are held, by reason",
        [({"reason": one.reason}, one.readings) for one in held],
    )
    yield _family(
        "onecity_quarantine_messages",
        "gauge",
        "Refused messages that are held, by reason",
        [({"reason": one.reason}, one.messages) for one in held],
    )


def _turned_away() -> Iterator[Sample]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, times FROM telemetry_turned_away_total()")
        for reason, times in cursor.fetchall():
            yield {"reason": reason}, float(times)


def _logs(state: Health) -> Iterator[Iterable[str]]:
    yield _family("onecity_broker_up", "gauge", "Whether the broker answers", [({}, float(not state.broker))])
    for name, what, attribute in (
        ("onecity_log_waiting_messages", "Messages of the log that are not stored yet", "waiting"),
        ("onecity_log_bytes", "Bytes that the log holds", "used"),
    ):
        samples = [({"log": log}, float(getattr(figures, attribute))) for log, figures in state.logs.items()]
        yield _family(name, "gauge", what, samples)
    moved = [({"log": p.source}, _age(p.updated_at)) for p in LogPosition.objects.order_by("source")]
    yield _family("onecity_log_position_age_seconds", "gauge", "Time since the log's position was moved", moved)


def _processes(state: Health) -> Iterator[Iterable[str]]:
    beats = sorted(state.processes.items())
    ages = [({"process": name}, age.total_seconds()) for name, (age, _detail) in beats]
    yield _family("onecity_process_silent_seconds", "gauge", "Time since a process gave a sign of life", ages)
    for key, name, what in (
        ("lost", "onecity_readings_lost_total", "QoS 0 readings lost while the log could not take them"),
        ("banned", "onecity_devices_banned", "Devices kept out because they flood"),
        ("connected", "onecity_devices_connected", "Devices that came in and were not shown out"),
    ):
        kind = "counter" if name.endswith("_total") else "gauge"
        yield _family(name, kind, what, [({}, _number(detail[key])) for _p, (_age, detail) in beats if key in detail])
    skipped = [
        ({"stage": stage}, float(count))
        for _process, (_beat, detail) in beats
        for stage, count in sorted(detail.get("skipped", {}).items())
    ]
    yield _family("onecity_stage_skipped_total", "counter", "Batches for which a failing stage was left out", skipped)


def _store() -> Iterator[Iterable[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(readings), 0),"
            " count(*) FILTER (WHERE rolled_up_at IS NULL OR rolled_up_at < changed_at) FROM telemetry_day"
        )
        days, readings, open_days = cursor.fetchone()
    unsorted = Day.objects.filter(sorted_at__isnull=True, day__lt=now().date(), readings__gt=0).count()
    yield _family("onecity_store_days", "gauge", "Days in the store", [({}, days)])
    yield _family("onecity_store_readings", "gauge", "Readings in the store", [({}, readings)])
    yield _family("onecity_store_open_days", "gauge", "Days whose hourly figures do not hold", [({}, open_days)])
    yield _family("onecity_store_unsorted_days", "gauge", "Closed days that are not sorted yet", [({}, unsorted)])


def _age(moment: dt.datetime) -> float:
    return max((now() - moment).total_seconds(), 0.0)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _family(name: str, kind: str, what: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        shown = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
        yield f"{name}{{{shown}}} {value:.17g}" if shown else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
