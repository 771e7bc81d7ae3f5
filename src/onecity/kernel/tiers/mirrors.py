"""Rows that one side alone writes and the other shows as they are, such as alerts: which tables, and how names are kept.

A row of another package may point to rows by numbers that mean something else on the other side; a mirror says by which
names such a row is found there. Mirrors are declared where the layers are put together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import connection
from psycopg import sql

from onecity.kernel.tiers.peers import Joined


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that points to a row of `table` by its id; there it is known by `names`, of which the first may point on.

    `optional`: 0 stands where there is no such row yet. `least`: so many of the names suffice where not all fit.
    """

    column: str
    table: str
    names: Sequence[str]
    optional: bool = False
    least: int = 0


@dataclass(frozen=True, slots=True)
class Mirror:
    """A table with columns `id` and `division_path` whose rows go `up` or `down`; `fixed`: what columns hold there.

    `said`: columns that the other side may write too, once: the first holds when (see tiers.saying); `kind` and `title`
    (a column) name such a row where both did. `told`: is called with the ids of rows of which something was said there.
    """

    table: str
    direction: str
    references: Sequence[Reference] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    said: Sequence[str] = ()
    kind: str = "row"
    title: str = ""
    told: Callable[[Sequence[Any]], None] | None = None


_mirrors: dict[str, Mirror] = {}


def declare(*mirrors: Mirror) -> None:
    """Have these tables mirrored from now on."""
    _mirrors.update({mirror.table: mirror for mirror in mirrors})


def declared() -> list[Mirror]:
    """All mirrors."""
    return list(_mirrors.values())


def of(table: str) -> Mirror:
    """The mirror of a table; raises ValueError where it is none."""
    mirror = _mirrors.get(table)
    if mirror is None:
        raise ValueError(f"rows of {table!r} are not mirrored")
    return mirror


def outgoing(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is sent: with the names of what it points to."""
    mirror = _mirrors[kind]
    found = row | dict(mirror.fixed)
    with connection.cursor() as cursor:
        for reference in mirror.references:
            columns = sql.SQL(", ").join(map(sql.Identifier, reference.names))
            query = sql.SQL("SELECT {} FROM {} WHERE id = %s").format(columns, sql.Identifier(reference.table))
            cursor.execute(query, [row[reference.column]])
            found[reference.column] = list(cursor.fetchone() or ())
    return {"table": kind, "row": found}


def apply(peer: Joined, body: dict[str, Any], settle: Callable[[Joined, Mirror, dict[str, Any]], bool]) -> None:
    """Write a row of the other side, `settle` what both may say of it. Raises ValueError where it is not theirs to write."""
    mirror = _mirrors.get(str(body["table"]))
    if mirror is None or mirror.direction != ("down" if peer.up else "up"):
        raise ValueError(f"rows of {body['table']!r} do not come this way")
    row = dict(body["row"])
    if not str(row["division_path"]).startswith(peer.division_path):
        raise ValueError("a row that lies outside the town")
    for reference in mirror.references:
        row[reference.column] = _find(reference, row, mirror)
    if mirror.said:
        settle(peer, mirror, row)
    columns = [name for name in _columns(mirror.table) if name in row]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    sets = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in columns if name != "id"
    )
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_record(NULL::{table}, %s)"
        " ON CONFLICT (id) DO UPDATE SET {sets}"
    ).format(table=sql.Identifier(mirror.table), names=names, sets=sets)
    with connection.cursor() as cursor:
        cursor.execute(statement, [_json(row)])


def _find(reference: Reference, row: dict[str, Any], mirror: Mirror) -> Any:
    """The id here of what the other side knows by these names."""
    values = list(row[reference.column])
    owners = {other.table: other.column for other in mirror.references}
    for place, name in enumerate(reference.names):
        # a name that is itself a pointer means what was found for it before
        if name in owners.values():
            values[place] = row[name]
    found = _look(reference, len(reference.names), values)
    if found is None and reference.least:
        found = _look(reference, reference.least, values)
    if found is None and not reference.optional:
        raise ValueError(f"{reference.table} {'/'.join(map(str, values))} is not known here")
    return found or 0


def _look(reference: Reference, most: int, values: Sequence[Any]) -> int | None:
    names = reference.names[:most]
    conditions = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in names)
    query = sql.SQL("SELECT id FROM {} WHERE {} ORDER BY id DESC LIMIT 1").format(
        sql.Identifier(reference.table), conditions
    )
    with connection.cursor() as cursor:
        cursor.execute(query, list(values[:most]))
        found = cursor.fetchone()
    return None if found is None else int(found[0])


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = '' ORDER BY attnum",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


def _json(row: dict[str, Any]) -> str:
    return msgspec.json.encode(row).decode()
