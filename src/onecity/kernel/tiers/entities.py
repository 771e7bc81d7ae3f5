"""Changes of entities from the other side, field by field; where both sides wrote, the rule of `logic.merging` decides."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.ids import new_id
from onecity.kernel.tiers import entity_rows
from onecity.kernel.tiers.logic.merging import Verdict, Write, judge
from onecity.kernel.tiers.models import Conflict, Stamp
from onecity.kernel.tiers.models.conflict import Winner
from onecity.kernel.tiers.peers import Joined

LATER = "later"
DELETED = ""
# members that tell when something was written, not what
TIMES = frozenset({"createdAt", "modifiedAt", "instanceId"})
CURRENT = """
SELECT id::text, tiers_entity_fields(to_jsonb(e))::text, e.division_path, e.name FROM twin_entity e
WHERE tenant = %s AND urn = %s FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A change as it came: `fields` name → (value, clock of the write it replaced), `whole` all fields afterwards."""

    name: str
    tenant: str
    urn: str
    id: str
    operation: str
    at: int
    node: str
    division: str
    title: str
    fields: Mapping[str, tuple[Any, int]]
    whole: Mapping[str, Any]

    @staticmethod
    def read(body: Mapping[str, Any]) -> "Message":
        """The message in a body; raises KeyError, TypeError or ValueError."""
        fields = {str(key): (value, int(replaced)) for key, (value, replaced) in body["fields"].items()}
        return Message(
            name=str(body["name"]),
            tenant=str(body["tenant"]),
            urn=str(body["urn"]),
            id=str(body["id"]),
            operation=str(body["operation"]),
            at=int(body["at"]),
            node=str(body["node"]),
            division=str(body["division"]),
            title=str(body["title"]),
            fields=fields,
            whole=dict(body["whole"]),
        )


@dataclass
class Merge:
    """What a message does to an entity that both sides have."""

    patch: dict[str, Any] = field(default_factory=dict)
    stamps: dict[str, tuple[int, str]] = field(default_factory=dict)
    conflicts: list[tuple[str, Write, Write, Verdict]] = field(default_factory=list)


def apply(peer: Joined, body: Mapping[str, Any]) -> None:
    """Take a change. Raises ValueError for an entity that does not lie in the town."""
    message = Message.read(body)
    _see(message.at)
    with connection.cursor() as cursor:
        cursor.execute(CURRENT, [message.tenant, message.urn])
        found = cursor.fetchone()
    if not (found[2] if found else message.division).startswith(peer.division_path):
        raise ValueError(f"{message.urn} does not lie in the town {peer.code}")
    stamps = {
        one: (hlc, node)
        for one, hlc, node in Stamp.objects.filter(object_id=message.name).values_list("field", "hlc", "node")
    }
    if found is None:
        _absent(peer, message, stamps)
    elif message.operation == "delete":
        _delete(peer, message, stamps, found[0], json.loads(found[1]))
    else:
        _change(peer, message, stamps, found[0], json.loads(found[1]))


def merge(message: Message, current: Mapping[str, Any], stamps: Mapping[str, tuple[int, str]], home: str) -> Merge:
    """Judge every field of a message against what the entity holds."""
    result = Merge()
    for name, (value, replaced) in message.fields.items():
        if name == DELETED:
            continue
        ours = Write(essence(current.get(name)), *stamps.get(name, (0, "")))
        theirs = Write(essence(value), message.at, message.node)
        verdict = judge(ours, theirs, replaced, home)
        if verdict.is_taken:
            result.patch[name] = value
        if verdict.is_taken or (verdict is Verdict.SAME and message.at > ours.at):
            result.stamps[name] = (message.at, message.node)
        if verdict.is_conflict:
            result.conflicts.append(
                (name, Write(current.get(name), ours.at, ours.node), Write(value, *_by(message)), verdict)
            )
    return result


def essence(value: Any) -> Any:
    """A value without the times at which it was written, so that two writes of the same can be told to be the same."""
    if isinstance(value, list):
        return [essence(one) for one in value]
    if isinstance(value, dict):
        return {key: essence(one) for key, one in value.items() if key not in TIMES}
    return value


def _by(message: Message) -> tuple[int, str]:
    return message.at, message.node


def _change(
    peer: Joined, message: Message, stamps: Mapping[str, tuple[int, str]], identity: str, current: Mapping[str, Any]
) -> None:
    result = merge(message, current, stamps, peer.code)
    if result.patch:
        entity_rows.update(identity, message.tenant, message.urn, result.patch, now_us())
    _stamp(message.name, result.stamps)
    for name, ours, theirs, verdict in result.conflicts:
        _list(peer, message, name, ours, theirs, verdict)


def _absent(peer: Joined, message: Message, stamps: Mapping[str, tuple[int, str]]) -> None:
    if message.operation == "delete":
        _stamp(message.name, {DELETED: _by(message)})
        return
    gone = stamps.get(DELETED)
    if gone is not None and message.operation == "update":
        theirs = Write(message.whole.get("name"), *_by(message))
        verdict = Verdict.KEEP if gone[0] > message.at else Verdict.TAKE_OVER
        _list(peer, message, DELETED, Write(None, *gone), theirs, verdict)
        if verdict is Verdict.KEEP:
            return
    entity_rows.insert(message.id or str(new_id()), message.tenant, message.urn, message.whole, now_us())
    _stamp(message.name, {name: _by(message) for name in (*message.whole, DELETED)})


def _delete(
    peer: Joined, message: Message, stamps: Mapping[str, tuple[int, str]], identity: str, current: Mapping[str, Any]
) -> None:
    """The deletion holds unless something was written here later that it did not know of; then the entity goes back."""
    unknown = {
        name: stamp
        for name, stamp in stamps.items()
        if name != DELETED and stamp[0] > message.fields.get(name, (0, 0))[1]
    }
    last = max(unknown.values(), default=(0, ""))
    if unknown:
        verdict = Verdict.KEEP if last[0] > message.at else Verdict.TAKE_OVER
        _list(peer, message, DELETED, Write(current.get("name"), *last), Write(None, *_by(message)), verdict)
        if verdict is Verdict.KEEP:
            _send_whole(peer, message, current, last[0], identity)
            return
    entity_rows.delete(identity, message.tenant, message.urn, now_us())
    Stamp.objects.filter(object_id=message.name).delete()
    _stamp(message.name, {DELETED: _by(message)})


def _send_whole(peer: Joined, message: Message, current: Mapping[str, Any], at: int, identity: str) -> None:
    body = {
        "name": message.name,
        "tenant": message.tenant,
        "urn": message.urn,
        "id": identity,
        "operation": "insert",
        "at": at,
        "node": peer.node,
        "division": current["division_path"],
        "title": current.get("name", ""),
        "fields": {name: [value, message.at] for name, value in current.items()},
        "whole": current,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiers_send(%s, 'entity', %s)", [peer.code, json.dumps(body, cls=DjangoJSONEncoder)])


def _see(at: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiers_tick(%s)", [at])


def _stamp(name: str, stamps: Mapping[str, tuple[int, str]]) -> None:
    Stamp.objects.bulk_create(
        [Stamp(object_id=name, field=one, hlc=hlc, node=node) for one, (hlc, node) in stamps.items()],
        update_conflicts=True,
        unique_fields=["object_id", "field"],
        update_fields=["hlc", "node"],
    )


def _list(peer: Joined, message: Message, name: str, ours: Write, theirs: Write, verdict: Verdict) -> None:
    """Write a conflict down once, with the newest that each side had written."""
    we_are_town = peer.up
    town, district = (ours, theirs) if we_are_town else (theirs, ours)
    theirs_hold = verdict is Verdict.TAKE_OVER
    town_holds = theirs_hold != we_are_town
    row = Conflict(
        peer_id=peer.code,
        kind="entity",
        division_path=message.division,
        object_id=message.name,
        title=message.title[:300],
        field=name,
        town=town.value,
        district=district.value,
        town_at=town.at,
        district_at=district.at,
        winner=Winner.TOWN if town_holds else Winner.DISTRICT,
        rule="home" if ours.at == theirs.at else LATER,
    )
    same = _same(row, ours_is_town=we_are_town)
    if same is None:
        row.save(force_insert=True)
        return
    for one in ("town", "district", "town_at", "district_at", "winner", "rule"):
        setattr(same, one, getattr(row, one))
    same.save()


def _same(row: Conflict, *, ours_is_town: bool) -> Conflict | None:
    """A conflict of the same field with the same write of ours: the other side wrote several times."""
    ours: Iterable[tuple[str, int]] = (
        (("town_at", row.town_at),) if ours_is_town else (("district_at", row.district_at),)
    )
    rows = Conflict.objects.filter(kind="entity", object_id=row.object_id, field=row.field, **dict(ours))
    return rows.first() if dict(ours).popitem()[1] else None
