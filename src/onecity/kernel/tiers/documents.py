"""What one side says as a whole whenever it changes: rules and kinds of case downwards, indicators upwards.

A document is small and read whole, so that only its newest state matters; how it is written and read is declared where the
layers are put together, since rules stand beside this package.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from onecity.kernel.core.clock import now
from onecity.kernel.tiers.models import Document
from onecity.kernel.tiers.peers import Joined

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: its direction ("down" to towns, "up" to the district), how it is written and taken.

    `take` None: it is only kept and shown.
    """

    name: str
    direction: str
    write: Callable[[Joined], Any]
    take: Callable[[Joined, Any], None] | None = None


_kinds: dict[str, Kind] = {}


def declare(*kinds: Kind) -> None:
    """Exchange these documents from now on."""
    _kinds.update({kind.name: kind for kind in kinds})


def send_changed(peer: Joined) -> int:
    """Send every document of ours that says something new; returns how many."""
    sent = 0
    for kind in _kinds.values():
        if kind.direction != ("up" if peer.up else "down"):
            continue
        body = msgspec.to_builtins(kind.write(peer))
        digest = hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()
        known = Document.objects.filter(peer_id=peer.code, kind=kind.name, incoming=False).values_list(
            "digest", flat=True
        )
        if digest in known:
            continue
        _keep(peer, kind.name, body, digest, incoming=False)
        with connection.cursor() as cursor:
            text = msgspec.json.encode({"name": kind.name, "digest": digest, "content": body}).decode()
            cursor.execute("SELECT tiers_send(%s, 'document', %s)", [peer.code, text])
        sent += 1
    return sent


def apply(peer: Joined, body: dict[str, Any]) -> None:
    """Take a document of the other side."""
    kind = _kinds.get(str(body["name"]))
    if kind is None or kind.direction != ("down" if peer.up else "up"):
        raise ValueError(f"documents {body['name']!r} do not come this way")
    _keep(peer, kind.name, body["content"], str(body["digest"]), incoming=True)
    if kind.take is not None:
        kind.take(peer, body["content"])


def _keep(peer: Joined, kind: str, body: Any, digest: str, *, incoming: bool) -> None:
    Document.objects.bulk_create(
        [Document(peer_id=peer.code, kind=kind, incoming=incoming, digest=digest, body=body, at=now())],
        update_conflicts=True,
        unique_fields=["peer_id", "kind", "incoming"],
        update_fields=["digest", "body", "at"],
    )
