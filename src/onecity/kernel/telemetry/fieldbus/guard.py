"""Who knocks at the CoAP door: a device that proves itself by the query, and sends no more than it may."""

import time
from dataclasses import dataclass, field

from aiocoap import Message, error

from onecity.kernel.telemetry.fieldbus.entry import Entry
from onecity.kernel.telemetry.ingest import sign_in
from onecity.kernel.telemetry.logic.bucket import Buckets
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.telemetry.logic.readings import Refusal

Counted = tuple[int, list[Refusal]]


@dataclass
class Guard:
    """Who sends, and whether it may send now."""

    entry: Entry
    buckets: Buckets = field(default_factory=Buckets)

    def device(self, request: Message) -> KnownDevice:
        """The device that proved itself; raises the CoAP errors 4.01, 4.29 and 5.03."""
        if not self.entry.watcher.loaded:
            raise error.ServiceUnavailable
        query = dict(item.partition("=")[::2] for item in request.opt.uri_query)
        name, _separator, secret = query.get("token", "").partition(".")
        device = sign_in.verify(self.entry.watcher.current, name, secret[: sign_in.LONGEST])
        if device is None:
            raise error.Unauthorized
        bucket = self.buckets.of(device.id, device.readings_per_second, time.monotonic())
        if bucket.wait(time.monotonic()) > 0:
            raise error.TooManyRequests
        return device

    def charge(self, device: KnownDevice, counted: Counted) -> None:
        """Count what was sent against the device's allowance."""
        bucket = self.buckets.of(device.id, device.readings_per_second, time.monotonic())
        bucket.take(counted[0] + sum(refusal.readings for refusal in counted[1]), time.monotonic())
