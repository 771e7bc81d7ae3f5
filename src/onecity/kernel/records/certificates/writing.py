"""Writes new certificates and their first events: one statement for a batch, whatever its size."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection

from onecity.kernel.records.certificates import opening
from onecity.kernel.records.models import Certificate

TABLE: Final = Certificate._meta.db_table
COLUMNS: Final = tuple(field.attname for field in Certificate._meta.concrete_fields)
# the columns are named by the table's own row type, so that none can be forgotten or mistaken for another
INSERT: Final = (
    f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)} "  # noqa: S608 - names of our own columns
    f"FROM json_populate_recordset(NULL::{TABLE}, %s) ON CONFLICT DO NOTHING RETURNING id"
)
EVENTS: Final = """
INSERT INTO records_certificateevent (certificate_id, step, at, actor_id, action, from_state, to_state, reason)
SELECT id, 1, %s, %s, %s, '', 'valid', %s FROM unnest(%s::uuid[]) AS new (id)
"""


def write(rows: Sequence[Certificate], actor_id: UUID | None, action: str, reason: str = "") -> set[UUID]:
    """Write new certificates, all issued at one moment, with the first event of each; returns the ids of those that are new.

    A row whose source, number or place in a status list is taken is left out: the caller sees that by its id.
    """
    if not rows:
        return set()
    text = msgspec.json.encode([_record(row) for row in rows]).decode()
    with opening.written([row.number for row in rows]), connection.cursor() as cursor:
        cursor.execute(INSERT, [text])
        new = [row[0] for row in cursor.fetchall()]
        cursor.execute(EVENTS, [rows[0].issued_at, actor_id, action, reason, new])
    return set(new)


def _record(row: Certificate) -> dict[str, object]:
    values = {name: getattr(row, name) for name in COLUMNS}
    return values | {"sealed": f"\\x{bytes(row.sealed).hex()}"}
