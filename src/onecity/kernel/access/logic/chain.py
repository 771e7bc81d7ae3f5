"""The audit chain: how an event is hashed onto the one before it, and how a chain read back is judged."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

CHAINS = 16  # writers of different chains do not wait for each other
DEFAULT_ALGORITHM = "sha256"
ALGORITHMS = frozenset({"sha256", "sm3"})  # SM3: GB/T 32905-2016, where OpenSSL offers it


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is hashed; `detail` is canonical JSON text, `at` aware."""

    id: UUID
    chain: int
    seq: int
    at: dt.datetime
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: str
    division_path: str
    purpose: str
    detail: str
    algorithm: str
    prev_hash: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An event with the hash that was stored beside it."""

    event: Event
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ended when it was last written: sequence number and hash."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One break of a chain. `what` is changed, removed, inserted or rewritten; `id` is None where the row is gone."""

    what: str
    chain: int
    seq: int
    id: UUID | None
    detail: str

    def __str__(self) -> str:
        name = f"event {self.id}" if self.id else "event"
        return f"{self.what}: {name} (chain {self.chain}, number {self.seq}): {self.detail}"


def canonical(value: Mapping[str, Any]) -> str:
    """JSON text with sorted keys and no spaces; raises TypeError for what JSON cannot hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def chain_of(actor_id: UUID | None, object_id: str) -> int:
    """The chain of an event: by actor, so that one person's acts stay in one order; by object where nobody acted."""
    source = actor_id.bytes if actor_id else object_id.encode()
    return hashlib.sha256(source).digest()[0] % CHAINS


def digest(event: Event) -> str:
    """The hash (hexadecimal) over every field of the event and the hash before it; raises ValueError for an unknown one."""
    if event.algorithm not in ALGORITHMS:
        raise ValueError(f"unknown hash {event.algorithm!r}")
    body = {
        "id": str(event.id),
        "chain": event.chain,
        "seq": event.seq,
        "at": event.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "actor_id": str(event.actor_id) if event.actor_id else None,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "division_path": event.division_path,
        "purpose": event.purpose,
        "detail": event.detail,
        "algorithm": event.algorithm,
        "prev_hash": event.prev_hash,
    }
    return hashlib.new(event.algorithm, canonical(body).encode()).hexdigest()


def findings(rows: Iterable[Stored], heads: Mapping[int, Head]) -> Iterator[Finding]:
    """Every break, read in one pass over rows ordered by chain and sequence number; memory does not grow with them."""
    unseen = dict(heads)
    for chain, chain_rows in groupby(rows, key=lambda row: row.event.chain):
        yield from _chain_findings(chain, chain_rows, unseen.pop(chain, None))
    for chain, head in sorted(unseen.items()):
        yield _removed(chain, 1, head.seq, tail=True)


def _chain_findings(chain: int, rows: Iterable[Stored], head: Head | None) -> Iterator[Finding]:
    last: Stored | None = None
    sound = True
    for row in rows:
        expected = last.event.seq + 1 if last else 1
        found = list(_row_findings(row, last, expected, sound=sound))
        yield from found
        sound = not any(f.seq == row.event.seq for f in found)
        last = row
    if last is not None:
        yield from _tail_findings(chain, last, head, sound=sound)


def _row_findings(row: Stored, last: Stored | None, expected: int, *, sound: bool) -> Iterator[Finding]:
    """Judge one row against the last; `sound`: nothing was found in the last row, so its hash can be relied on."""
    event = row.event
    if event.seq < expected:
        yield Finding("inserted", event.chain, event.seq, event.id, "its place in the chain does not exist")
        return
    if event.seq > expected:
        yield _removed(event.chain, expected, event.seq - 1)
    if not _hash_holds(row):
        yield Finding("changed", event.chain, event.seq, event.id, "its content no longer has the hash stored with it")
    elif event.seq == expected and event.prev_hash != (last.hash if last else ""):
        yield from _link_findings(row, last, sound=sound)


def _link_findings(row: Stored, last: Stored | None, *, sound: bool) -> Iterator[Finding]:
    if last is None:
        yield Finding("changed", row.event.chain, row.event.seq, row.event.id, "the first event follows another one")
    elif sound:
        yield Finding(
            "changed", last.event.chain, last.event.seq, last.event.id,
            "it was given a new hash, which the event after it does not name",
        )  # fmt: skip


def _tail_findings(chain: int, last: Stored, head: Head | None, *, sound: bool) -> Iterator[Finding]:
    seq, identity = last.event.seq, last.event.id
    if head is None:
        yield Finding("removed", chain, 0, None, "the head of this chain is gone")
    elif head.seq > seq:
        yield _removed(chain, seq + 1, head.seq, tail=True)
    elif head.seq < seq:
        yield Finding("inserted", chain, seq, identity, f"it stands after the head of its chain, which is {head.seq}")
    elif head.hash != last.hash and sound:
        yield Finding(
            "changed", chain, seq, identity, "it was given a new hash, which the head of its chain does not name"
        )


def _removed(chain: int, first: int, last: int, *, tail: bool = False) -> Finding:
    place = "at the end" if tail else "in between"
    return Finding("removed", chain, first, None, f"events {first} to {last} are missing {place}")


def _hash_holds(row: Stored) -> bool:
    try:
        return digest(row.event) == row.hash
    except ValueError:
        return False
