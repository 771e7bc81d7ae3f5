"""Counts who is turned away at the door: in memory at once, in the database a moment later, and never without bound."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db.models import Q, QuerySet

from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import from_us, now_us
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.telemetry.models import TurnedAway
from onecity.kernel.telemetry.models.door import TurnedAwayReason
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW

# different senders that are told apart between two writes
MOST = 1_000
SHOWN_CLAIM = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was turned away: why, by which way, from where, as whom, with which topic."""

    reason: str
    source: str
    address: str = ""
    claimed: str = ""
    topic: str = ""
    division_path: str = ""


def caller(
    device: KnownDevice | None, claimed: str, source: str, address: str, *, admitted: bool = False, topic: str = ""
) -> Caller:
    """Describe who was turned away: `device` is the one that was named, if there is one of that name.

    `admitted`: the device proved who it is, and was turned away for something else.
    """
    if topic:
        reason = TurnedAwayReason.FOREIGN_TOPIC
    elif admitted:
        reason = TurnedAwayReason.NOT_ALLOWED
    elif device is not None:
        reason = TurnedAwayReason.WRONG_SECRET if device.active else TurnedAwayReason.REVOKED
    else:
        reason = TurnedAwayReason.UNKNOWN_DEVICE if claimed else TurnedAwayReason.NO_CREDENTIAL
    division = device.division_path if device is not None else ""
    return Caller(str(reason), source, _text(address, 64), _claim(claimed), _text(topic, 255), division)


@dataclass
class Turned:
    """Counts callers until they are written."""

    _counts: dict[Caller, tuple[int, int, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def waiting(self) -> bool:
        """Whether there is something to write."""
        return bool(self._counts)

    def count(self, who: Caller, times: int = 1) -> None:
        """Count somebody; beyond MOST different ones they are counted together."""
        at = now_us()
        with self._lock:
            if who not in self._counts and len(self._counts) >= MOST:
                who = Caller(who.reason, who.source)
            before, first, _last = self._counts.get(who, (0, at, at))
            self._counts[who] = (before + times, first, at)

    def write(self, parameters: Mapping[str, Any]) -> None:
        """Write the counts; where the database cannot be reached they are kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            with psycopg.connect(**parameters) as database:
                for who, (times, first, last) in counts.items():
                    database.execute(
                        "SELECT telemetry_turn_away(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                        [
                            who.reason, who.source, who.address, who.claimed, who.topic, who.division_path,
                            times, from_us(first), from_us(last),
                        ],
                    )  # fmt: skip
        except psycopg.Error as error:
            log.warning("who was turned away cannot be written down, trying again: %s", str(error).strip())
            with self._lock:
                for who, (times, first, last) in counts.items():
                    more, _first, newest = self._counts.get(who, (0, first, last))
                    self._counts[who] = (times + more, first, max(last, newest))


def seen(principal: Principal) -> QuerySet[TurnedAway]:
    """Whom the account may know of: callers that named devices of its divisions, and those that named none we have."""
    if not policy.may_somewhere(principal, TELEMETRY_VIEW):
        return TurnedAway.objects.none()
    theirs = policy.visible(TurnedAway.objects.all(), principal, TELEMETRY_VIEW)
    return TurnedAway.objects.filter(Q(division_path="") | Q(pk__in=theirs.values("pk")))


def _claim(claimed: str) -> str:
    """A device id whole; of anything else the beginning, since a secret may stand in the wrong place."""
    text = _text(claimed, 64)
    if parse_id(text) is not None or len(text) <= SHOWN_CLAIM:
        return text
    return f"{text[:SHOWN_CLAIM]}…"


def _text(text: str, width: int) -> str:
    return text[:width].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
