"""Messages of many devices, taken together: who sent each, what it holds, what may enter, and who sends too much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry import limits
from onecity.kernel.telemetry.batch import Batch, Int32s
from onecity.kernel.telemetry.ingest.formats import window
from onecity.kernel.telemetry.logic import admission, ndjson
from onecity.kernel.telemetry.logic.bucket import Buckets
from onecity.kernel.telemetry.logic.catalogue import NO_DEVICE, Catalogue
from onecity.kernel.telemetry.logic.readings import Refusals

# messages of one device beyond so many times its allowance are not even looked into
UNREAD_BEYOND = 2
FLOOD_SAMPLE = 20


@dataclass(slots=True)
class Collector:
    """Turns messages into a batch; remembers what each device has sent lately."""

    buckets: Buckets = field(default_factory=Buckets)

    def collect(
        self, catalogue: Catalogue, messages: Sequence[tuple[str, bytes]], now_us: int
    ) -> tuple[Batch, Refusals, dict[str, int]]:
        """What may enter, the refusals, and how many messages or readings of each flooding device were turned away.

        `messages`: (device id, payload). `now_us` is when they came: it judges future times and fills allowances.
        """
        refusals = Refusals()
        floods: dict[str, int] = {}
        lines, devices = self._lines(catalogue, messages, now_us, refusals, floods)
        if not lines:
            return Batch.empty(), refusals, floods
        readings, units = ndjson.parse(b"\n".join(lines), refusals, devices)
        number_of = {name: device.number for name, device in catalogue.devices.items() if device.active}
        numbers = np.array([number_of.get(name, NO_DEVICE) for name in devices], np.int32)
        sender = numbers[readings.line]
        batch = admission.admit(catalogue, readings, sender, window(now_us), refusals, units)
        return self._limited(catalogue, batch, now_us, refusals, floods), refusals, floods

    def _lines(
        self,
        catalogue: Catalogue,
        messages: Sequence[tuple[str, bytes]],
        now_us: int,
        refusals: Refusals,
        floods: dict[str, int],
    ) -> tuple[list[bytes], list[str]]:
        """The readings' texts, one a line, and the device each came from."""
        counts: dict[str, int] = {}
        for name, _payload in messages:
            counts[name] = counts.get(name, 0) + 1
        room = {name: self._room(catalogue, name, count, now_us) for name, count in counts.items()}
        closed = {name for name, count in counts.items() if room[name] < count}
        lines: list[bytes] = []
        devices: list[str] = []
        for name, payload in messages:
            if name in closed:
                if room[name] <= 0:
                    _turn_away(catalogue, name, payload, refusals, floods)
                    continue
                room[name] -= 1
            if payload.startswith(b"{") and b"\n" not in payload and len(payload) <= limits.MAX_MQTT_MESSAGE:
                lines.append(payload)
                devices.append(name)
            else:
                for line in _split(name, payload, refusals):
                    lines.append(line)
                    devices.append(name)
        return lines, devices

    def _room(self, catalogue: Catalogue, name: str, count: int, now_us: int) -> int:
        """How many messages of a device are looked into: none when it may not send at all."""
        device = catalogue.devices.get(name)
        if device is None or not device.active:
            return 0
        bucket = self.buckets.of(name, device.readings_per_second, now_us / limits.SECOND)
        waiting = bucket.wait(now_us / limits.SECOND) > 0
        return min(count, 0 if waiting else int(bucket.level) * UNREAD_BEYOND + 1)

    def _limited(
        self, catalogue: Catalogue, batch: Batch, now_us: int, refusals: Refusals, floods: dict[str, int]
    ) -> Batch:
        """The batch without what exceeds its senders' allowances; every reading is counted against them."""
        if not len(batch):
            return batch
        owner: Int32s = catalogue.owner_of(batch.series_id)
        counts = np.bincount(owner, minlength=len(catalogue.device_ids))
        keep = np.ones(len(batch), np.bool_)
        for number in np.flatnonzero(counts).tolist():
            name = catalogue.device_ids[number]
            bucket = self.buckets.of(name, catalogue.devices[name].readings_per_second, now_us / limits.SECOND)
            passed = bucket.take_up_to(int(counts[number]), now_us / limits.SECOND)
            if passed < counts[number]:
                beyond = np.flatnonzero(owner == number)[passed:]
                keep[beyond] = False
                floods[name] = floods.get(name, 0) + len(beyond)
                sample = admission.render_batch(catalogue, batch.take(beyond[:FLOOD_SAMPLE]))
                refusals.add("flood", sample, count=len(beyond), device=name)
        return batch if keep.all() else batch.take(keep)


def _turn_away(catalogue: Catalogue, name: str, payload: bytes, refusals: Refusals, floods: dict[str, int]) -> None:
    """Refuse a message: whole, except of a flood, of which the first few are kept as a sample."""
    device = catalogue.devices.get(name)
    reason = "flood" if device is not None and device.active else "unknown_device"
    turned_away = floods.get(name, 0)
    floods[name] = turned_away + 1
    if reason == "flood":
        sample = [payload[:4096].replace(b"\n", b" ")] if turned_away < FLOOD_SAMPLE else []
        refusals.add(reason, sample, count=1, device=name)
        return
    for line in _split(name, payload, refusals):
        refusals.add(reason, [line], count=1, device=name, detail="" if device is not None else name[:80])


def _split(name: str, payload: bytes, refusals: Refusals) -> Iterator[bytes]:
    """The readings of a message that is not simply one object on one line."""
    text = payload.strip()
    if not text or len(payload) > limits.MAX_MQTT_MESSAGE:
        reason = "too_large" if text else "malformed"
        refusals.add(reason, [payload.replace(b"\n", b" ")], count=1, detail=f"{len(payload)} B", device=name)
        return
    if text.startswith(b"["):
        lines = ndjson.split_array(text)
        if lines is not None:
            yield from (line for line in lines.split(b"\n") if line)
            return
        text = text.replace(b"\n", b" ")
    elif b"\n" in text:
        text = ndjson.single(text) or text
    yield from (line for line in text.split(b"\n") if line.strip())
