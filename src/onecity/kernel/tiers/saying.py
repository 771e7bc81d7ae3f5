"""What both sides may say of a row that one of them writes, such as having seen an alert: whoever said it first holds."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import sql

from onecity.kernel.core.clock import to_us
from onecity.kernel.core.ids import new_id
from onecity.kernel.tiers import mirrors
from onecity.kernel.tiers.logic import envelope
from onecity.kernel.tiers.mirrors import Mirror
from onecity.kernel.tiers.models import Conflict
from onecity.kernel.tiers.models.conflict import Winner
from onecity.kernel.tiers.peers import Joined

FIRST = "first"


def apply(peer: Joined, body: Mapping[str, Any]) -> None:
    """Take what the other side said of a row. Raises ValueError for one that is not here or is not the town's."""
    mirror = mirrors.of(str(body["table"]))
    said = {name: body["said"][name] for name in mirror.said}
    row = _here(mirror, body["id"])
    if row is None or not str(row["division_path"]).startswith(peer.division_path):
        raise ValueError(f"a row of {mirror.table} that is not known here")
    if settle(peer, mirror, said | {"id": body["id"]}):
        names = sql.SQL(", ").join(map(sql.Identifier, mirror.said))
        statement = sql.SQL(
            "UPDATE {table} SET ({names}) = (SELECT {names} FROM json_populate_record(NULL::{table}, %s)) WHERE id = %s"
        ).format(table=sql.Identifier(mirror.table), names=names)
        with connection.cursor() as cursor:
            cursor.execute(statement, [envelope.pack_json(said).decode(), body["id"]])
    if mirror.told is not None:
        mirror.told([body["id"]])


def settle(peer: Joined, mirror: Mirror, row: dict[str, Any]) -> bool:
    """Let the earlier word hold: `row` has it afterwards. Whether it is the one that came; two words are listed."""
    here = _here(mirror, row["id"]) if mirror.said else None
    first = mirror.said[0] if mirror.said else ""
    if here is None or here[first] is None:
        return True
    own, theirs = {name: here[name] for name in mirror.said}, {name: row[name] for name in mirror.said}
    comes_first = theirs[first] is not None and _moment(theirs[first]) < _moment(own[first])
    if theirs[first] is not None and _moment(theirs[first]) != _moment(own[first]):
        _list(peer, mirror, here, own, theirs, comes_first=comes_first)
    if not comes_first:
        row |= own
    return comes_first


def _here(mirror: Mirror, identity: Any) -> dict[str, Any] | None:
    query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t WHERE id = %s FOR UPDATE").format(sql.Identifier(mirror.table))
    with connection.cursor() as cursor:
        cursor.execute(query, [identity])
        found = cursor.fetchone()
    row = envelope.unpack_json(found[0].encode()) if found else None
    return row if isinstance(row, dict) else None


def _moment(text: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))


def _list(
    peer: Joined,
    mirror: Mirror,
    here: Mapping[str, Any],
    own: dict[str, Any],
    theirs: dict[str, Any],
    *,
    comes_first: bool,
) -> None:
    first = mirror.said[0]
    if Conflict.objects.filter(kind=mirror.kind, object_id=str(here["id"]), field=first).exists():
        return
    town, district = (own, theirs) if peer.up else (theirs, own)
    Conflict.objects.create(
        id=new_id(),
        peer_id=peer.code,
        kind=mirror.kind,
        division_path=here["division_path"],
        object_id=str(here["id"]),
        title=str(here.get(mirror.title, ""))[:300],
        field=first,
        town=town,
        district=district,
        town_at=to_us(_moment(town[first])),
        district_at=to_us(_moment(district[first])),
        winner=Winner.TOWN if comes_first != peer.up else Winner.DISTRICT,
        rule=FIRST,
    )
