"""The HTTP way of a device into the platform: batches of NDJSON, sent again until they are acknowledged."""

import logging
import threading
import time
from dataclasses import dataclass

import httpx
from django.utils.translation import gettext as _

from onecity.kernel.core.errors import Problem
from onecity.sim.devices import Credentials

log = logging.getLogger(__name__)

NDJSON = "application/x-ndjson"
AGAIN = frozenset({429, 502, 503, 504})
LONGEST_WAIT = 15.0


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

    def send(self, body: bytes, sender: Credentials) -> Answer:
        """Send one batch and wait for its acknowledgement; raises Problem 503 when the gateway stays away."""
        deadline = time.monotonic() + self._patience
        wait = 0.2
        while True:
            reply = self._try(body, sender)
            if reply is not None and reply.status_code not in AGAIN:
                return _answer(reply)
            if time.monotonic() > deadline or self._stop.is_set():
                raise Problem(
                    "gateway-away",
                    _("The gateway does not answer. Start the platform with “onecity up” and run this again."),
                    status=503,
                )
            asked = reply.headers.get("retry-after", "") if reply is not None else ""
            self._stop.wait(min(LONGEST_WAIT, float(asked) if asked.isdigit() else wait))
            wait = min(LONGEST_WAIT, wait * 2)

    def _try(self, body: bytes, sender: Credentials) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {sender.token}", "Content-Type": NDJSON}
        try:
            return self._client.post("/ingest", content=body, headers=headers)
        except httpx.TransportError as error:
            log.debug("gateway not reached: %s", error)
            return None


def _answer(reply: httpx.Response) -> Answer:
    if reply.is_success:
        told = reply.json()
        return Answer(int(told.get("accepted", 0)), int(told.get("quarantined", 0)))
    raise Problem(
        "gateway-refused",
        _("The gateway refused the readings (%(status)s): %(text)s")
        % {"status": reply.status_code, "text": reply.text[:300]},
        status=502,
    )
