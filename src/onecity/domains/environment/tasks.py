"""Background work of the domain: deriving the indices of complete hours, once a minute."""

import msgspec
import numpy as np
from django.conf import settings
from procrastinate.contrib.django import app

from onecity.domains.environment import derived
from onecity.domains.environment.derived import Derived
from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys

WAY = "derived"


@app.periodic(cron="* * * * *")
@app.task(name="environment.derive", queueing_lock="environment.derive", lock="environment.derive")
def derive(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Put the indices of hours that are complete into the log; gives how many."""
    found = derived.due()
    if found:
        append(found)
    return sum(len(one.value) for one in found)


def append(found: list[Derived]) -> None:
    """Append derived readings to the durable log; raises LinkError when it is not certain that they are kept."""
    batch = Batch(
        np.concatenate([np.full(len(one.value), one.series_id, dtype=np.int32) for one in found]),
        np.concatenate([one.observed_at for one in found]),
        np.concatenate([one.value for one in found]),
    )
    password = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET).password
    link = Link(settings.ONECITY_NATS_URL, broker.USER, password, name="onecity-derived")
    link.open()
    try:
        for message in wire.messages(WAY, now_us(), batch, []):
            kept = msgspec.json.decode(link.request(f"log.telemetry.{WAY}", message))
            if "error" in kept:
                raise LinkError(f"the log did not keep derived readings: {kept['error']}")
    finally:
        link.close()
