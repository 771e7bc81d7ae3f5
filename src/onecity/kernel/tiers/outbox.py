"""The outbox: what waits for the other side, numbered in the order in which it became true, kept until it has arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from onecity.kernel.tiers.logic import envelope
from onecity.kernel.tiers.logic.names import CHANNELS

BATCH = 2_000

# whoever numbers holds the position, so that two cannot give the same number
NUMBER = """
WITH place AS (
    INSERT INTO tiers_position (peer_id, channel, given, confirmed, taken) VALUES (%(peer)s, %(channel)s, 0, 0, 0)
    ON CONFLICT (peer_id, channel) DO UPDATE SET given = tiers_position.given RETURNING given
), fresh AS (
    SELECT id, row_number() OVER (ORDER BY xid, id) AS place FROM (
        SELECT id, xid FROM tiers_outbox WHERE peer_id = %(peer)s AND channel = %(channel)s AND number IS NULL
        AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, id LIMIT %(most)s
    ) next
), numbered AS (
    UPDATE tiers_outbox o SET number = place.given + fresh.place FROM fresh, place WHERE o.id = fresh.id RETURNING o.number
)
SELECT max(number) FROM numbered
"""
UNSENT = """
SELECT id, channel, kind, number, body, data FROM tiers_outbox
WHERE peer_id = %s AND channel = %s AND number IS NOT NULL AND sequence IS NULL ORDER BY number LIMIT %s
"""
WAITING = """
SELECT channel, count(*), coalesce(sum(size), 0), coalesce(extract(epoch FROM now() - min(at)), 0)
FROM tiers_outbox WHERE peer_id = %s GROUP BY channel
"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A numbered row that the broker does not keep yet."""

    id: int
    channel: str
    kind: str
    number: int
    body: Any
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of one channel has not arrived: messages, what they hold (readings or changes), age of the oldest in s."""

    messages: int = 0
    size: int = 0
    seconds: float = 0.0


def number(peer: str) -> None:
    """Give numbers to everything whose place in the order is settled."""
    for channel in CHANNELS:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(NUMBER, {"peer": peer, "channel": channel, "most": BATCH})
            (last,) = cursor.fetchone()
            if last is not None:
                cursor.execute(
                    "UPDATE tiers_position SET given = %s WHERE peer_id = %s AND channel = %s", [last, peer, channel]
                )


def unsent(peer: str, most: int = 500) -> list[Outgoing]:
    """Numbered messages that the broker does not keep yet: changes first, each channel in order."""
    with connection.cursor() as cursor:
        rows: list[Outgoing] = []
        for channel in reversed(CHANNELS):
            cursor.execute(UNSENT, [peer, channel, most])
            for id_, kind_of_channel, kind, given, body, data in cursor.fetchall():
                raw = None if data is None else bytes(data)
                rows.append(Outgoing(id_, kind_of_channel, kind, given, _decoded(body), raw))
    return rows


def kept(rows: Sequence[tuple[int, int]]) -> None:
    """Note at which sequence the broker keeps which rows: (row id, sequence)."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tiers_outbox o SET sequence = n.sequence"
                " FROM unnest(%s::int8[], %s::int8[]) AS n (id, sequence) WHERE o.id = n.id",
                [[row[0] for row in rows], [row[1] for row in rows]],
            )


def forget_beyond(peer: str, sequence: int) -> None:
    """The broker's stream ends at `sequence`: what was noted beyond it is to be published again."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tiers_outbox SET sequence = NULL WHERE peer_id = %s AND sequence > %s", [peer, sequence])


def confirm(peer: str, channel: str, taken: int) -> int:
    """The other side has everything up to number `taken`; returns the last sequence that the broker need not keep."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tiers_position SET confirmed = %s WHERE peer_id = %s AND channel = %s AND confirmed < %s",
            [taken, peer, channel, taken],
        )
        cursor.execute(
            "WITH gone AS (DELETE FROM tiers_outbox WHERE peer_id = %s AND channel = %s AND number <= %s RETURNING sequence)"
            " SELECT coalesce(max(sequence), 0) FROM gone",
            [peer, channel, taken],
        )
        return int(cursor.fetchone()[0])


def waiting(peer: str) -> dict[str, Waiting]:
    """What has not arrived, by channel."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [peer])
        found = {row[0]: Waiting(int(row[1]), int(row[2]), float(row[3])) for row in cursor.fetchall()}
    return {channel: found.get(channel, Waiting()) for channel in CHANNELS}


def _decoded(body: Any) -> Any:
    return envelope.unpack_json(body.encode()) if isinstance(body, str) else body
