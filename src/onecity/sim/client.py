"""The HTTP way of a device into the platform: batches of NDJSON, sent again until they are acknowledged."""

import logging
import threading
import time
from dataclasses import dataclass

import httpx
from django.utils.translation import gettext as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.sim.devices import Credentials

log = logging.getLogger(__name__)

NDJSON = "application/x-ndjson"
BUSY = frozenset({429, 502, 503, 504})
FIRST_WAIT = 0.2
LONGEST_WAIT = 15.0
NEW_DEVICE_SECONDS = 15.0
"""How long a device that was registered a moment ago may still be unknown to the gateway."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said about one batch: readings taken into the log, and readings refused on sight."""

    accepted: int
    quarantined: int


class GatewayClient:
    """Sends batches of one or many devices; `patience` is how long (s) it keeps trying before it gives up."""

    def __init__(self, base_url: str, patience: float = 120.0, stop: threading.Event | None = None) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=60.0)
        self._patience = patience
        self._stop = stop or threading.Event()

    def __enter__(self) -> "GatewayClient":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._client.close()

    def send(self, body: bytes, sender: Credentials, key: str = "") -> Answer:
        """Send one batch until it is acknowledged; the same `key` (default: one of its own) makes repetitions count once.

        Raises Problem 503 when the gateway stays away, Problem 502 when it will never take the batch.
        """
        headers = {
            "Authorization": f"Bearer {sender.token}",
            "Content-Type": NDJSON,
            "Idempotency-Key": key or str(new_id()),
        }
        began = time.monotonic()
        wait = FIRST_WAIT
        while True:
            reply = self._try(body, headers)
            spent = time.monotonic() - began
            if reply is not None and not _again(reply, spent):
                return _answer(reply)
            if spent > self._patience or self._stop.is_set():
                raise Problem(
                    "gateway-away",
                    _("The gateway does not answer. Start the platform with “onecity up” and run this again."),
                    status=503,
                )
            asked = reply.headers.get("retry-after", "") if reply is not None else ""
            self._stop.wait(min(LONGEST_WAIT, float(asked) if asked.isdigit() else wait))
            wait = min(LONGEST_WAIT, wait * 2)

    def _try(self, body: bytes, headers: dict[str, str]) -> httpx.Response | None:
        try:
            return self._client.post("/ingest", content=body, headers=headers)
        except httpx.TransportError as error:
            log.debug("gateway not reached: %s", error)
            return None


def _again(reply: httpx.Response, spent: float) -> bool:
    """Whether the same request may do better later: the platform is busy, or does not know a new device yet."""
    return reply.status_code in BUSY or (reply.status_code == 401 and spent < NEW_DEVICE_SECONDS)


def _answer(reply: httpx.Response) -> Answer:
    told = reply.json() if "json" in reply.headers.get("content-type", "") else {}
    if reply.is_success or told.get("type", "").endswith("/all_refused"):
        return Answer(int(told.get("accepted", 0)), int(told.get("quarantined", 0)))
    raise Problem(
        "gateway-refused",
        _("The gateway refused the readings (%(status)s): %(text)s")
        % {"status": reply.status_code, "text": reply.text[:300]},
        status=502,
    )
