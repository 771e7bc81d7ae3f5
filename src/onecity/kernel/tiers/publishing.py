"""From the outbox into this installation's own stream, in order, each message once, whatever happens in between.

Only we write to the stream. So every message is published with the sequence that must precede it: if one is not taken,
none after it is either, and after a lost answer the stream itself tells how far it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.tiers import outbox
from onecity.kernel.tiers.logic import envelope, names
from onecity.kernel.tiers.logic.envelope import Envelope
from onecity.kernel.tiers.outbox import Outgoing
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.shaping import Shaper

EXPECT = "Nats-Expected-Last-Sequence"
PATIENCE_S = 10.0
MOST_BYTES = 4 * 1024 * 1024
# what the database holds in any case may wait there where the broker is full
STREAM_BYTES = 2 * 1024**3
NO_LIMIT = -1
# maximum bytes, maximum messages, storage (nats-server errors.json)
FULL = frozenset({10047, 10077, 10023})


class FullError(RuntimeError):
    """The stream takes nothing more until the other side has taken some of it."""


@dataclass
class Publisher:
    """Publishes what goes to one peer; `subjects` by channel."""

    peer: Joined
    stream: str
    subjects: dict[str, str]
    _last: int = -1
    _sid: int = 0
    _link: Link | None = field(default=None, repr=False)

    def publish(self, link: Link) -> int:
        """Number and publish what waits; returns how many messages the broker keeps more. Raises LinkError."""
        outbox.number(self.peer.code)
        if link is not self._link or self._last < 0:
            self._begin(link)
        done = 0
        while rows := _bounded(outbox.unsent(self.peer.code)):
            done += self._send(link, rows)
        return done

    def shorten(self, link: Link, channel: str, taken: int) -> None:
        """The other side has everything up to number `taken`: forget it here and at the broker. Raises LinkError."""
        sequence = outbox.confirm(self.peer.code, channel, taken)
        if sequence:
            body = {"seq": sequence + 1, "filter": self.subjects[channel]}
            _ask(link, f"STREAM.PURGE.{self.stream}", body)

    def _begin(self, link: Link) -> None:
        self._link, self._last = link, -1
        answer = _ask(link, f"STREAM.INFO.{self.stream}", {})
        if "error" in answer:
            settings = names.stream_settings(
                self.stream, list(self.subjects.values()), STREAM_BYTES if self.peer.up else NO_LIMIT
            )
            answer = _ask(link, f"STREAM.CREATE.{self.stream}", settings)
        if "error" in answer:
            raise LinkError(f"the stream {self.stream} cannot be made: {answer['error']}")
        self._last = int(answer["state"]["last_seq"])
        outbox.forget_beyond(self.peer.code, self._last)
        self._sid = link.subscribe(f"{self._answers(link)}.*")

    def _answers(self, link: Link) -> str:
        return f"{link.inbox}.{self.stream}"

    def _send(self, link: Link, rows: Sequence[Outgoing]) -> int:
        start, self._last = self._last, -1
        shaper = Shaper(self.peer)
        for place, row in enumerate(rows):
            header = {EXPECT: str(start + place)}
            subject = self.subjects[row.channel]
            link.publish_with(
                header, subject, _message(row, shaper, self.peer), f"{self._answers(link)}.{start + place + 1}"
            )
        answers: dict[int, Any] = {}
        while len(answers) < len(rows):
            messages = [message for message in link.take(PATIENCE_S) if message.sid == self._sid]
            if not messages:
                raise LinkError(f"the stream {self.stream} does not answer")
            answers |= {int(m.subject.rsplit(b".", 1)[1]): msgspec.json.decode(m.payload) for m in messages}
        good: list[tuple[int, int]] = []
        for place, row in enumerate(rows):
            answer = answers.get(start + place + 1, {})
            if answer.get("seq") != start + place + 1:
                outbox.kept(good)
                reason = f"the stream {self.stream} takes nothing more: {answer.get('error', answer)}"
                raise FullError(reason) if answer.get("error", {}).get("err_code") in FULL else LinkError(reason)
            good.append((row.id, start + place + 1))
        outbox.kept(good)
        self._last = start + len(rows)
        return len(rows)


def _message(row: Outgoing, shaper: Shaper, peer: Joined) -> bytes:
    if row.data is not None:
        return Envelope(peer.installation, row.number, envelope.COLUMNS, row.data).write()
    kind, body = shaper.shape(row)
    content = envelope.pack_json({"kind": kind, "body": body})
    return Envelope(peer.installation, row.number, envelope.JSON, content).write()


def _bounded(rows: Sequence[Outgoing]) -> list[Outgoing]:
    chosen: list[Outgoing] = []
    size = 0
    for row in rows:
        size += len(row.data or b"") + 1_000
        if chosen and size > MOST_BYTES:
            break
        chosen.append(row)
    return chosen


def _ask(link: Link, subject: str, body: object) -> dict[str, Any]:
    answer = msgspec.json.decode(link.request(f"$JS.API.{subject}", msgspec.json.encode(body)))
    if not isinstance(answer, dict):
        raise LinkError(f"unexpected answer to {subject}")
    return answer
