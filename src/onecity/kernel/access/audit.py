"""The audit trail: what was done by whom to what for which purpose, chained so that a change shows.

An event is written in the transaction of the act itself: both hold or neither. Whoever can rewrite the whole database
can also rewrite a chain from some event to its head; against that, keep the heads of a report elsewhere and give them
to the next `verify` as anchors.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from onecity.kernel.access.logic import chain
from onecity.kernel.access.models import AuditEvent, AuditHead
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id

LOCK_SPACE = 0x0A0D17  # the first key of this package's advisory locks; the second is the chain
BATCH = 5_000
FIELDS = tuple(chain.Event.__dataclass_fields__)


@dataclass(frozen=True)
class AuditReport:
    """What `verify` saw: how many events in which chains ending where, and each break by name."""

    checked: int
    heads: Mapping[int, chain.Head]
    faults: tuple[chain.Finding, ...] = field(default=())

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, removed or inserted."""
        return not self.faults


def record(
    action: str,
    *,
    actor_id: UUID | None,
    object_type: str = "",
    object_id: object = "",
    division_path: str = "",
    purpose: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Add one event to its chain and return it; `detail` must be JSON. Others of the chain wait until this commits."""
    place = chain.chain_of(actor_id, str(object_id))
    with transaction.atomic():
        head = _lock_head(place)
        event = chain.Event(
            id=new_id(), chain=place, seq=head.seq + 1, at=now(), actor_id=actor_id, action=action,
            object_type=object_type, object_id=str(object_id), division_path=division_path, purpose=purpose,
            detail=chain.canonical(detail or {}), algorithm=algorithm(), prev_hash=head.hash,
        )  # fmt: skip
        row = AuditEvent(**{name: getattr(event, name) for name in FIELDS}, hash=chain.digest(event))
        row.save(force_insert=True)
    return row


def algorithm() -> str:
    """The hash for new events: the setting ONECITY_AUDIT_HASH (sha256 or sm3); raises ValueError where it is missing here."""
    name: str = settings.ONECITY_AUDIT_HASH
    if name not in chain.ALGORITHMS or name not in hashlib.algorithms_available:
        raise ValueError(f"ONECITY_AUDIT_HASH: this machine has no {name!r}; use {chain.DEFAULT_ALGORITHM!r}")
    return name


def verify(anchors: Mapping[int, chain.Head] | None = None) -> AuditReport:
    """Read the whole trail once and name every changed, removed or inserted event.

    `anchors`: heads of an earlier report, kept outside the database; an event that no longer has the anchored hash is a
    chain rewritten since. Reads one snapshot, so writers may go on. Memory does not grow with the trail.
    """
    counter = _Counter(dict(anchors or {}))
    with transaction.atomic():
        _freeze_snapshot()
        heads = {head.chain: chain.Head(head.seq, head.hash) for head in AuditHead.objects.all()}
        found = list(chain.findings(counter.watch(_stored()), heads))
    found += counter.rewritten
    return AuditReport(counter.checked, heads, tuple(sorted(found, key=lambda f: (f.chain, f.seq, f.what))))


class _Counter:
    """Counts the rows that pass and compares the anchored ones."""

    def __init__(self, anchors: dict[int, chain.Head]) -> None:
        self.checked = 0
        self.anchors = anchors
        self.rewritten: list[chain.Finding] = []

    def watch(self, rows: Iterator[chain.Stored]) -> Iterator[chain.Stored]:
        for row in rows:
            self.checked += 1
            anchor = self.anchors.get(row.event.chain)
            if anchor and anchor.seq == row.event.seq:
                del self.anchors[row.event.chain]
                if anchor.hash != row.hash:
                    self._rewritten(
                        row.event.chain, anchor.seq, row.event.id, "it differs from the anchor kept elsewhere"
                    )
            yield row
        for number, anchor in self.anchors.items():
            if anchor.seq:
                self._rewritten(number, anchor.seq, None, "the anchored event is gone")

    def _rewritten(self, number: int, seq: int, identity: UUID | None, detail: str) -> None:
        self.rewritten.append(chain.Finding("rewritten", number, seq, identity, detail))


def _lock_head(place: int) -> chain.Head:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, place])
        # a new statement: it sees what the transaction before has committed
        cursor.execute("SELECT seq, hash FROM access_audithead WHERE chain = %s", [place])
        row = cursor.fetchone()
    return chain.Head(*row) if row else chain.Head(0, "")


def _stored() -> Iterator[chain.Stored]:
    rows = AuditEvent.objects.order_by("chain", "seq", "id").values_list(*FIELDS, "hash")
    for row in rows.iterator(chunk_size=BATCH):
        yield chain.Stored(chain.Event(*row[:-1]), row[-1])


def _freeze_snapshot() -> None:
    if len(connection.savepoint_ids) == 0:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
