"""Runs the measurements against a platform that is up, in a process of its own; prints one JSON object.

The load generator, the platform and its database share the machine: what it costs to make load is part of the figures.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import django
import numpy as np

django.setup()

from onecity.kernel.telemetry.batch import Batch, Int32s  # noqa: E402 - models exist only now
from onecity.kernel.telemetry.bench import load, peers, processor  # noqa: E402 - same
from onecity.kernel.telemetry.bench.latency import latencies  # noqa: E402 - same
from onecity.kernel.telemetry.bench.load import Mqtt, Plan, Target  # noqa: E402 - same
from onecity.kernel.telemetry.bench.sizes import FULL, QUICK, Sizes  # noqa: E402 - same
from onecity.kernel.telemetry.bench.subject import Registered, Sender, Subject  # noqa: E402 - same

SENDERS = 4
CONNECTIONS = 2
ATTRIBUTES = 5
DAY = 86_400
SECOND = 1_000_000
# how far back the readings of a run begin
SPAN = 60 * DAY
# readings of a day that is filled as history
FILL = 2_000_000
Figures = dict[str, Any]


class Measurement:
    """One run; `clock` is the second after the last one sent, so that every reading is new."""

    def __init__(self, sizes: Sizes, mqtt_port: int, root: int) -> None:
        self.sizes = sizes
        self.subject = Subject()
        self.registered: Registered = self.subject.register(sizes.entities, SENDERS, sizes.probes)
        self.attributes = [attribute.name for attribute in self.subject.kind.attributes[:ATTRIBUTES]]
        self.clock = int(time.time()) // DAY * DAY - SPAN
        self.root, self.mqtt_port = root, mqtt_port
        self.processor: dict[str, dict[str, float]] = {}

    def run(self) -> Figures:
        """Everything, in an order in which nothing disturbs the next."""
        note("raw limit")
        figures: Figures = {"copy_rows_per_s": self.copy()}
        note("NDJSON")
        figures |= self.http("http", load.ndjson, load.NDJSON, self.sizes.request)
        note("Arrow")
        figures |= self.http("arrow", load.arrow, load.ARROW, self.sizes.arrow_request)
        first = {name: figures[name] for name in ("http_obs_per_s", "arrow_obs_per_s")} | {"rows": self.subject.rows()}
        figures["arrow_of_copy"] = round(figures["arrow_obs_per_s"] / figures["copy_rows_per_s"], 3)
        note("MQTT")
        figures |= {"mqtt_msg_per_s": self.mqtt(0), "mqtt_qos1_msg_per_s": self.mqtt(1)}
        note("growth")
        figures["growth"] = [first, *self.growth()]
        note("latency at half load")
        figures |= latencies(self.subject, self.registered, self.plan(), self.sizes, figures["http_obs_per_s"] / 2)
        # no gap: a station that is silent for hours is an alert, thousands of them at once are another measurement
        self.spend(figures["latency_readings"])
        note("peers")
        figures["peers"] = peers.measure(self.plan(), self.sizes)
        figures |= {"processor_us_per_reading": self.processor}
        return figures | {"refused": self.subject.refused(), "rules": self.subject.rules(), "sizes": self.describe()}

    def describe(self) -> Figures:
        """The amounts behind the figures."""
        series = self.sizes.entities * len(self.attributes)
        return {
            "entities": self.sizes.entities,
            "series": series,
            "readings": self.sizes.base,
            "readings_a_request": {"ndjson": self.sizes.request, "arrow": self.sizes.arrow_request},
            "mqtt_messages": self.sizes.messages,
            "connections": {"http": CONNECTIONS, "mqtt": SENDERS},
            "rows_at_the_end": self.subject.rows(),
        }

    def plan(self) -> Plan:
        """What is sent next; its seconds follow those sent before."""
        return Plan(self.registered.entities, self.attributes, self.clock)

    def spend(self, readings: int) -> None:
        """Let the clock pass the seconds that so many readings of the plan fill."""
        self.clock += self.plan().seconds(readings)

    def copy(self) -> int:
        """The raw limit: the same rows by one client with binary COPY."""
        plan, part = self.plan(), self.sizes.base // 10
        series = self.registered.series.reshape(len(self.registered.entities), -1)
        batches = []
        for first in range(0, self.sizes.base, part):
            entity, attribute, second, value = plan.rows(first, part)
            batches.append(Batch(series[entity, attribute], second * SECOND, value))
        return round(self.subject.copy_limit(batches))

    def http(self, name: str, body: Callable[[Plan, int, int], bytes], kind: str, request: int) -> Figures:
        """Readings a second: acknowledged (durable in the log), and stored to the last one with rules judged."""
        bodies = self.bodies(body, request, self.sizes.base)
        before, spent, begin = self.subject.stored(), processor.seconds(self.root), time.perf_counter()
        load.post_all(self.target(kind), bodies, CONNECTIONS)
        acknowledged = time.perf_counter()
        stored = self.subject.wait_stored(before + self.sizes.base)
        self.processor[name] = processor.difference(processor.seconds(self.root), spent, self.sizes.base)
        return {
            f"{name}_obs_per_s": round(self.sizes.base / (stored - begin)),
            f"{name}_acknowledged_per_s": round(self.sizes.base / (acknowledged - begin)),
        }

    def bodies(self, body: Callable[[Plan, int, int], bytes], request: int, readings: int) -> list[bytes]:
        """So many readings as requests; they are used up with that."""
        plan = self.plan()
        self.spend(readings)
        return [body(plan, first, request) for first in range(0, readings, request)]

    def target(self, kind: str) -> Target:
        """The platform's door for a kind of body."""
        sender = self.registered.http
        authorization = f"Bearer {sender.device}.{sender.secret}"
        return Target(self.subject.port, "/ingest", {"Authorization": authorization, "Content-Type": kind})

    def mqtt(self, qos: int) -> int:
        """Messages of a single reading a second until the last is stored, from several devices at once."""
        share = self.sizes.messages // SENDERS
        plan = Plan([sender.entity for sender in self.registered.mqtt], self.attributes, self.clock)
        self.clock += share // len(self.attributes) * load.STEP + load.STEP
        lines = [self.line(sender, plan, number, share, qos) for number, sender in enumerate(self.registered.mqtt)]
        before, spent, begin = self.subject.stored(), processor.seconds(self.root), time.perf_counter()
        pending = iter(lines)
        load.together(lambda: next(pending)(), SENDERS)  # noqa: PLW0108 - each thread takes the next one
        stored = self.subject.wait_stored(before + share * SENDERS)
        spent = processor.difference(processor.seconds(self.root), spent, share * SENDERS)
        self.processor[f"mqtt_qos{qos}"] = spent
        return round(share * SENDERS / (stored - begin))

    def line(self, sender: Sender, plan: Plan, number: int, share: int, qos: int) -> Callable[[], None]:
        """The work of one device: its connection and its packets are made beforehand."""
        connection = Mqtt(self.mqtt_port, sender.device, sender.secret)
        packets = connection.packets(list(load.singles(plan, number, 0, share)), qos)

        def work() -> None:
            (connection.windowed if qos else connection.blast)(packets)
            connection.close()

        return work

    def growth(self) -> list[Figures]:
        """Both ways in again, and all newest readings asked for, at growing amounts of stored rows."""
        found = []
        day = (int(time.time()) - SPAN) // DAY - 4
        for rows in self.sizes.growth:
            begin, before = time.perf_counter(), self.subject.rows()
            while (missing := rows - self.subject.rows()) > 0:
                self.subject.fill(history(self.registered.series, day, min(missing, FILL)))
                day -= 1
            filled = {"history_rows": self.subject.rows() - before, "history_s": round(time.perf_counter() - begin, 1)}
            note(f"growth: {self.subject.rows()} rows")
            figures: Figures = {"rows": self.subject.rows()} | filled
            figures |= self.again("http", load.ndjson, load.NDJSON, self.sizes.request)
            figures |= self.again("arrow", load.arrow, load.ARROW, self.sizes.arrow_request)
            found.append(figures | {"latest_of_all_s": self.subject.time_latest(self.registered.series)})
        return found

    def again(self, name: str, body: Callable[[Plan, int, int], bytes], kind: str, request: int) -> Figures:
        """Readings a second until the last is stored, of a third of a run."""
        bodies = self.bodies(body, request, self.sizes.base // 3)
        sent = len(bodies) * request
        before, begin = self.subject.stored(), time.perf_counter()
        load.post_all(self.target(kind), bodies, CONNECTIONS)
        return {f"{name}_obs_per_s": round(sent / (self.subject.wait_stored(before + sent) - begin))}


def history(series: Int32s, day: int, count: int) -> Batch:
    """About so many readings of one day (days since 1970) of the past, all series evenly, in the order of a sorted day."""
    each = max(count // len(series), 1)
    at = day * DAY * SECOND + np.arange(each) * (DAY * SECOND // each)
    return Batch(np.repeat(np.sort(series), each), np.tile(at, len(series)), np.ones(each * len(series)))


def note(text: str) -> None:
    """Tell whoever waits what is being measured."""
    print(f"… {text}", file=sys.stderr, flush=True)  # noqa: T201 - a program of its own


def main(arguments: Sequence[str]) -> None:
    """Measure; arguments: "full" or "quick", the broker's MQTT port, the process number of the running platform."""
    sizes, mqtt_port, root = QUICK if arguments[0] == "quick" else FULL, int(arguments[1]), int(arguments[2])
    print(json.dumps(Measurement(sizes, mqtt_port, root).run()))  # noqa: T201 - same


if __name__ == "__main__":
    main(sys.argv[1:])
