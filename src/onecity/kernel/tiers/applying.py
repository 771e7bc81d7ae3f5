"""Takes what the other side sent: every message once, its effects and its number in one transaction."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.pipeline.source import Entry
from onecity.kernel.tiers import acts, case_history, documents, entities, mirrors, saying
from onecity.kernel.tiers.logic import envelope, names
from onecity.kernel.tiers.models import Conflict, Position
from onecity.kernel.tiers.models.conflict import Winner
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.shaping import NOTHING

Handler = Callable[[Joined, Any], None]
# what is applied as it is, and must not be sent back
FOLLOWED: Mapping[str, Handler] = {
    "entity": entities.apply,
    "case": case_history.apply,
    "mirror": partial(mirrors.apply, settle=saying.settle),
    "said": saying.apply,
}
# what makes us do something ourselves, which the other side then has to learn
ASKED: Mapping[str, Handler] = {"act": acts.apply, "answer": acts.answered, "document": documents.apply}
FROM = "SELECT set_config('onecity.tiers_from', %s, true)"

log = logging.getLogger(__name__)


def taken(peer: Joined, channel: str) -> int:
    """The last number of the other side whose effects are here."""
    row = Position.objects.filter(peer_id=peer.code, channel=channel).first()
    return row.taken if row else 0


def take(peer: Joined, entry: Entry) -> None:
    """Apply one message. What cannot be applied is listed with its reason and does not stop what follows.

    Raises OperationalError where the database is away; then nothing was taken, and the message comes again.
    """
    message = envelope.read(entry.payload)
    content: Any = envelope.unpack_json(message.content)
    kind, body = str(content["kind"]), content["body"]
    try:
        with transaction.atomic():
            if _move(peer, message.number):
                _handle(peer, kind, body)
    except OperationalError:
        raise
    except (DatabaseError, Problem, ValueError, KeyError, TypeError) as error:
        log.exception("message %s of %s cannot be applied", message.number, peer.code)
        with transaction.atomic():
            if _move(peer, message.number):
                _list(peer, kind, body, error)


def _handle(peer: Joined, kind: str, body: Any) -> None:
    if kind in FOLLOWED:
        with connection.cursor() as cursor:
            cursor.execute(FROM, [peer.code])
        FOLLOWED[kind](peer, body)
        with connection.cursor() as cursor:
            # what is checked and told at commit still belongs to this message
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(FROM, [""])
    elif kind == NOTHING:
        return
    elif kind in ASKED:
        ASKED[kind](peer, body)
    else:
        raise ValueError(f"messages of the kind {kind!r} are not known here: the other side may be newer")


def _move(peer: Joined, number: int) -> bool:
    """Whether the message is new; the position then stands behind it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tiers_position AS p (peer_id, channel, given, confirmed, taken) VALUES (%s, %s, 0, 0, %s)"
            " ON CONFLICT (peer_id, channel) DO UPDATE SET taken = excluded.taken WHERE p.taken < excluded.taken",
            [peer.code, names.CHANGES, number],
        )
        return bool(cursor.rowcount)


def _list(peer: Joined, kind: str, body: Any, error: Exception) -> None:
    reason = "constraint" if isinstance(error, IntegrityError) else type(error).__name__
    moment = now_us()
    Conflict.objects.create(
        peer_id=peer.code,
        kind="message",
        division_path=peer.division_path,
        object_id=str(body.get("id") or body.get("name") or "") if isinstance(body, dict) else "",
        title=f"{kind}: {reason}",
        field=kind,
        town=body if not peer.up else None,
        district=body if peer.up else None,
        town_at=moment,
        district_at=moment,
        winner=Winner.TOWN if peer.up else Winner.DISTRICT,
        rule="unreadable",
        note=str(error).strip()[:500],
    )
