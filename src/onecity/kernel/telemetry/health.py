"""How telemetry is: broker, log and the processes behind it, for `onecity doctor` and for the metrics page."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.conf import settings

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.models import Heartbeat, LogPosition

SILENT_AFTER = dt.timedelta(seconds=20)
BEHIND = 1_000
FULL_ENOUGH = 0.8
# the streams by the name their position is kept under
STREAMS = {"log": broker.LOG_STREAM, "mqtt": broker.MQTT_STREAM}

Finding = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class LogState:
    """One log: messages not yet stored, bytes it holds, bytes it may hold (-1: no limit of its own)."""

    waiting: int
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Health:
    """The state of telemetry; `broker` is empty when the broker answers, else why not."""

    broker: str
    logs: Mapping[str, LogState] = field(default_factory=dict)
    processes: Mapping[str, tuple[dt.timedelta, Mapping[str, Any]]] = field(default_factory=dict)


def health() -> Health:
    """Ask broker and database; an unreachable broker is part of the answer."""
    moment = now()
    beats = {beat.process: (moment - beat.at, beat.detail) for beat in Heartbeat.objects.all()}
    try:
        return Health("", _logs(), beats)
    except LinkError as error:
        return Health(str(error), {}, beats)


def examine() -> Iterator[Finding]:
    """What a doctor would say: (ok, warning or fault; what was seen; how to mend it)."""
    state = health()
    if state.broker:
        yield "fault", f"the broker cannot be reached: {state.broker}", "start the platform, or check ONECITY_NATS_URL"
    else:
        yield "ok", f"the broker answers; the log is synced to disk {settings.ONECITY_LOG_SYNC}", ""
    for name, log in state.logs.items():
        yield _log_finding(name, log)
    for process in ("gateway", "pipeline"):
        yield _process_finding(process, state)


def _log_finding(name: str, log: LogState) -> Finding:
    text = f"log {name}: {log.waiting} messages wait to be stored, {log.used / 1e6:.0f} MB used"
    if log.limit > 0 and log.used > FULL_ENOUGH * log.limit:
        return "fault", text, "the log is nearly full and will refuse readings: see why the pipeline does not keep up"
    if log.waiting > BEHIND:
        return "warning", text, "the pipeline is behind: see its log file"
    return "ok", text, ""


def _process_finding(process: str, state: Health) -> Finding:
    age, detail = state.processes.get(process, (None, {}))
    if age is None or age > SILENT_AFTER:
        seen = "never gave a sign of life" if age is None else f"was silent for {age.total_seconds():.0f} s"
        return "fault", f"{process} {seen}", f"start it with `onecity serve {process}` and see its log file"
    if detail.get("skipped"):
        stages = ", ".join(f"{name} ({count})" for name, count in detail["skipped"].items())
        return "fault", f"{process}: stages failed and were left out: {stages}", "see the pipeline's log file"
    if detail.get("lost"):
        return "warning", f"{process}: {detail['lost']} QoS 0 readings were lost while the log was full", "see above"
    return "ok", f"{process} is alive", ""


def _logs() -> dict[str, LogState]:
    password = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET).password
    link = Link(settings.ONECITY_NATS_URL, broker.USER, password, "onecity-health")
    try:
        link.open(timeout=3)
        return dict(_states(link))
    finally:
        link.close()


def _states(link: Link) -> Iterator[tuple[str, LogState]]:
    positions = dict(LogPosition.objects.values_list("source", "sequence"))
    for name, stream in STREAMS.items():
        answer = msgspec.json.decode(link.request(f"$JS.API.STREAM.INFO.{stream}", b"{}", 3))
        if "error" in answer:
            continue
        stored = positions.get(f"{name}@{answer['created']}", 0)
        state = answer["state"]
        # sequence numbers are shared with subjects that are not ours, so what is held bounds what waits
        waiting = min(max(state["last_seq"] - stored, 0), state["messages"])
        yield name, LogState(waiting, state["bytes"], answer["config"].get("max_bytes", -1))
