"""The change log, read so that nothing is missed: in the order of (transaction, number), below the oldest one running.

See notify.feed for why. A cursor is the text `<txid>-<id>`; "" is the beginning of what is kept. Readers may LISTEN on
statements.CHANNEL; one notice is sent for each committed flush.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from msgspec.json import decode as loads

from onecity.kernel.core.clock import now

# a partition is looked into only where a change not read yet may lie
LOOK_BACK = dt.timedelta(days=3)
HEAD = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
SINCE = """
SELECT id, txid::text, at, tenant, entity_id, urn, types, operation, changes, previous, division_path, public
FROM twin_change
WHERE (txid, id) > (%s::xid8, %s) AND txid < pg_snapshot_xmin(pg_current_snapshot()) AND at >= %s
ORDER BY txid, id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One write to one entity; see models.Change."""

    id: int
    txid: int
    at: dt.datetime
    tenant: str
    entity_id: UUID
    urn: str
    types: Sequence[str]
    operation: int
    changes: dict[str, Any]
    previous: dict[str, Any] | None
    division_path: str
    public: bool

    @property
    def cursor(self) -> str:
        """The position right after this change."""
        return f"{self.txid}-{self.id}"


def head() -> str:
    """The position after everything committed so far, where who starts anew begins to listen."""
    with connection.cursor() as cursor:
        cursor.execute(HEAD)
        return f"{cursor.fetchone()[0]}-0"


def since(position: str, limit: int = 1000, *, oldest: dt.datetime | None = None) -> list[ChangeRow]:
    """At most `limit` changes after a position, oldest first; go on from the `cursor` of the last.

    `oldest` bounds how far back is looked (default: LOOK_BACK ago), so that old partitions are not touched.
    """
    txid, _dash, number = (position or "0-0").partition("-")
    with connection.cursor() as cursor:
        cursor.execute(SINCE, [txid, int(number or 0), oldest or now() - LOOK_BACK, limit])
        return [_change(row) for row in cursor.fetchall()]


def _change(row: Sequence[Any]) -> ChangeRow:
    id_, txid, at, tenant, entity_id, urn, types, operation, changes, previous, division_path, public = row
    changes, previous = _documents((changes, previous))
    return ChangeRow(
        id_, int(txid), at, tenant, entity_id, urn, types, operation, changes, previous, division_path, public
    )


def _documents(texts: Sequence[Any]) -> list[Any]:
    return [loads(text) if isinstance(text, str | bytes) else text for text in texts]
