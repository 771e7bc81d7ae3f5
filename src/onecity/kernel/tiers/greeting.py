"""Town and district tell each other once a second how far they are: that is the link's state, and what lets memory go.

The town asks, the district answers; a question without an answer is a cut.
"""

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db.models import Sum

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.models import LogPosition
from onecity.kernel.tiers import outbox
from onecity.kernel.tiers.following import origin_of
from onecity.kernel.tiers.logic import envelope, names
from onecity.kernel.tiers.models import Link as LinkState
from onecity.kernel.tiers.models import Position
from onecity.kernel.tiers.outbox import Waiting
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.publishing import Publisher

ANSWER_S = 2.0
# without a word for so long the link counts as cut
SILENCE_S = 6.0
# the pace follows the newest seconds
SMOOTH = 0.3
COUNT_S = 0.5


def numbered(peer: Joined, payload: bytes) -> tuple[str, int] | None:
    """Whose message it is and its number there; None for what does not come from the installation that joined."""
    try:
        message = envelope.read(payload)
    except ValueError:
        return None
    return (peer.code, message.number) if message.sender == peer.installation else None


@dataclass
class Greeter:
    """What one link knows of its other side."""

    peer: Joined
    heard: float = -1e9
    said: dict[str, Any] = field(default_factory=dict)
    skew: float | None = None
    _pace: float = 0.0
    _left: tuple[float, int] | None = None
    _connected: bool | None = None
    _counted: tuple[float, dict[str, Waiting]] | None = None
    _since: dt.datetime = field(default_factory=now)

    def took(self, count: int) -> None:
        """Changes were taken: that the stream flows is a sign of life too."""
        if count:
            self.heard = time.monotonic()

    def state(self) -> dict[str, Any]:
        """What this side says of itself."""
        waiting = self._waiting()
        given = dict(Position.objects.filter(peer_id=self.peer.code).values_list("channel", "given"))
        return {
            "at": now().timestamp(),
            "installation": self.peer.installation.hex,
            "given": given,
            "taken": self.taken(),
            "waiting": {channel: [one.messages, one.size, one.seconds] for channel, one in waiting.items()},
        }

    def taken(self) -> dict[str, int]:
        """How far this side has come with what the other sent."""
        changes = Position.objects.filter(peer_id=self.peer.code, channel=names.CHANGES).aggregate(n=Sum("taken"))["n"]
        readings = LogPosition.objects.filter(source=origin_of(self.peer)).aggregate(n=Sum("sequence"))["n"]
        return {names.CHANGES: changes or 0, names.READINGS: readings or 0}

    def greet(self, publisher: Publisher, link: Link) -> None:
        """The town's question; without an answer nothing is known and nothing is let go. Raises LinkError for our own broker."""
        asking = Link(link.url, link.user, link.password, "onecity-hello", names.town_inbox(self.peer.code))
        try:
            asking.open()
            begun = time.time()
            answer = asking.request(names.hello_subject(self.peer.code), msgspec.json.encode(self.state()), ANSWER_S)
            self.hear(publisher, link, msgspec.json.decode(answer), begun)
        except (LinkError, msgspec.DecodeError):
            return
        finally:
            asking.close()

    def hear(self, publisher: Publisher | None, link: Link, said: dict[str, Any], begun: float | None = None) -> None:
        """Take what the other side says of itself: let go what it has."""
        if said.get("installation") != self.peer.installation.hex:
            return
        self.said, self.heard = said, time.monotonic()
        middle = (begun + time.time()) / 2 if begun else time.time()
        self.skew = round(float(said["at"]) - middle, 3)
        if publisher is not None:
            for channel, number in said["taken"].items():
                if channel in publisher.subjects and number:
                    publisher.shorten(link, channel, int(number))

    def write(self) -> None:
        """Write the state of the link for the pages."""
        connected = time.monotonic() - self.heard < SILENCE_S
        if connected != self._connected:
            self._connected, self._since = connected, now()
        waiting = self._waiting()
        behind = {channel: int(told[1]) for channel, told in self.said.get("waiting", {}).items()}
        self._measure(sum(behind.values()), connected)
        values: dict[str, Any] = {
            "connected": connected,
            "since": self._since,
            "waiting": {channel: one.size for channel, one in waiting.items()},
            "behind": behind,
            "pace": round(self._pace, 1),
            "skew": self.skew,
            "said": {"oldest": max((float(t[2]) for t in self.said.get("waiting", {}).values()), default=0.0)},
        }
        if connected:
            values["heard_at"] = now()
        LinkState.objects.update_or_create(peer_id=self.peer.code, defaults=values)

    def _waiting(self) -> dict[str, Waiting]:
        """What waits here, counted not more often than counting can afford."""
        moment = time.monotonic()
        if self._counted is None or moment >= self._counted[0]:
            waiting = outbox.waiting(self.peer.code)
            took = time.monotonic() - moment
            self._counted = (moment + max(COUNT_S, 20 * took), waiting)
        return self._counted[1]

    def _measure(self, left: int, connected: bool) -> None:
        moment = time.monotonic()
        if self._left is not None and connected and self._left[1] > left:
            pace = (self._left[1] - left) / max(moment - self._left[0], 0.001)
            self._pace = pace if self._pace == 0 else SMOOTH * pace + (1 - SMOOTH) * self._pace
        elif left == 0 or not connected:
            self._pace = 0.0
        self._left = (moment, left)


class Listener:
    """The district's ear for its towns' questions."""

    def __init__(self, link: Link) -> None:
        self._sid = link.subscribe(names.hello_subject("*"))

    def answer(self, link: Link, greeters: dict[str, tuple[Greeter, Publisher]]) -> None:
        """Answer every question that has come."""
        while messages := link.take(0):
            for message in messages:
                if message.sid == self._sid and message.reply:
                    self._one(link, message.subject.decode().split(".")[1], message, greeters)

    @staticmethod
    def _one(link: Link, code: str, message: Any, greeters: dict[str, tuple[Greeter, Publisher]]) -> None:
        found = greeters.get(code)
        if found is None:
            return
        greeter, publisher = found
        try:
            said = msgspec.json.decode(message.payload)
            greeter.hear(publisher, link, said)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return
        link.publish(message.reply.decode(), msgspec.json.encode(greeter.state()))
