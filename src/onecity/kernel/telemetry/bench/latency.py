"""From sending to seeing: how long until a single reading is stored, and until its alert is there, under half load."""

import threading
import time
from collections.abc import Callable

import numpy as np

from onecity.kernel.telemetry.bench import load
from onecity.kernel.telemetry.bench.load import Plan, Target
from onecity.kernel.telemetry.bench.sizes import Sizes
from onecity.kernel.telemetry.bench.subject import Registered, Sender, Subject

# a value that no air has
ALARMING = 0.9
POLL_S = 0.002
PATIENCE_S = 20.0
SECOND = 1_000_000


def latencies(
    subject: Subject, registered: Registered, plan: Plan, sizes: Sizes, rate: float
) -> dict[str, float | int | str]:
    """99th percentiles (s) of stored and alert, while NDJSON flows at `rate` readings a second; `latency_readings` of them."""
    ending = threading.Event()
    sent: list[int] = []
    pressure = threading.Thread(
        target=lambda: sent.append(_press(subject, registered, plan, sizes.request // 5, rate, ending))
    )
    pressure.start()
    time.sleep(2.0)
    try:
        stored, alerted = _probe(subject, registered.probes)
        pace = subject.pace()
    finally:
        ending.set()
        pressure.join()
    figures: dict[str, float | int | str] = {"latency_load_obs_per_s": round(rate), "probes": len(stored)}
    figures["latency_readings"] = sum(sent)
    figures |= {f"transaction_{name}": value for name, value in pace.items()}
    figures |= {"stored_p50_s": _percentile(stored, 50), "stored_p99_s": _percentile(stored, 99)}
    if alerted:
        figures |= {"alert_p50_s": _percentile(alerted, 50), "alert_p99_s": _percentile(alerted, 99)}
    else:
        figures["alert_p99_s"] = "no rule is at work on these entities"
    return figures


def _press(
    subject: Subject, registered: Registered, plan: Plan, request: int, rate: float, ending: threading.Event
) -> int:
    """Send readings at a steady rate until told to stop; returns how many. What is sent is made while the last is on its way."""
    headers = {
        "Authorization": f"Bearer {registered.http.device}.{registered.http.secret}",
        "Content-Type": load.NDJSON,
    }
    target = Target(subject.port, "/ingest", headers)
    begin, sent = time.perf_counter(), 0
    while not ending.is_set():
        bodies = [load.ndjson(plan, sent + n * request, request) for n in range(4)]
        time.sleep(max(0.0, begin + sent / rate - time.perf_counter()))
        load.post_all(target, bodies, 1, request / rate)
        sent += 4 * request
    return sent


def _probe(subject: Subject, probes: list[Sender]) -> tuple[list[float], list[float]]:
    """Send one alarming reading for each probe's entity; seconds until stored, and until its alert is there."""
    attribute = subject.kind.attributes[0]
    value = (attribute.maximum or 100.0) * ALARMING
    chance = np.random.default_rng(7)
    judged = subject.rules() > 0
    stored: list[float] = []
    alerted: list[float] = []
    for probe in probes:
        series = subject.series_of(probe.entity, attribute.name)
        at = int(time.time())
        text = f'{{"entity":"{probe.entity}","observed_at":{at},"values":{{"{attribute.name}":{value}}}}}'
        headers = {"Authorization": f"Bearer {probe.device}.{probe.secret}", "Content-Type": load.NDJSON}
        begin = time.perf_counter()
        load.post_all(Target(subject.port, "/ingest", headers), [text.encode()], 1)
        if not _until(lambda series=series: subject.newest(series) > 0):  # type: ignore[misc]  # the loop's own series
            raise RuntimeError(f"a reading was not stored within {PATIENCE_S:.0f} s at {len(stored)} probes")
        stored.append(time.perf_counter() - begin)
        if judged and _until(lambda probe=probe: subject.alerts(probe.entity) > 0):  # type: ignore[misc]  # same
            alerted.append(time.perf_counter() - begin)
        time.sleep(float(chance.uniform(0, 0.05)))
    return stored, alerted


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.perf_counter() + PATIENCE_S
    while not condition():
        if time.perf_counter() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _percentile(values: list[float], percent: float) -> float:
    return round(float(np.percentile(values, percent)), 3)
