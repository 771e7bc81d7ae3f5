"""Appending to the durable log from a request: what the desk uploads goes the way of all readings, or not at all."""

from collections.abc import Sequence
from contextlib import closing

import msgspec
from django.conf import settings

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry import broker, limits
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.ingest.log import STREAM_FULL, full, unavailable
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.logic.readings import Refusal


def send(way: str, batch: Batch, refusals: Sequence[Refusal]) -> None:
    """Have a batch and what was refused in the log; raises Problem 503 where that is not certain."""
    password = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET).password
    link = Link(settings.ONECITY_NATS_URL, broker.USER, password, f"onecity-{way}")
    try:
        with closing(link):
            link.open(timeout=3)
            for message in wire.messages(way, now_us(), batch, refusals):
                answer = msgspec.json.decode(
                    link.request(f"log.telemetry.{way}", message, limits.LOG_TIMEOUT_S), type=_Answer
                )
                if answer.error is not None:
                    raise full() if answer.error.err_code in STREAM_FULL else unavailable()
    except (LinkError, msgspec.DecodeError) as error:
        raise unavailable() from error


class _Error(msgspec.Struct):
    err_code: int = 0


class _Answer(msgspec.Struct):
    error: _Error | None = None
