"""How a town comes to belong: the district invites it with a token that works once, the town redeems it, either can end it.

The token carries the district's address and a secret; redeeming it hands over the key of the town's place at the district's
broker, the divisions it needs, and its number. The key is never shown again.
"""

import base64
import binascii
import datetime as dt
import hashlib
import json
import secrets
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.places import service as places
from onecity.kernel.places.models import Division
from onecity.kernel.telemetry.models import LogPosition
from onecity.kernel.tiers import following, peers
from onecity.kernel.tiers.logic import keys, names
from onecity.kernel.tiers.membership import Place, Welcome
from onecity.kernel.tiers.models import Away, Document, Outbox, Peer, Position, Shared, TownSeries
from onecity.kernel.tiers.models.peer import Direction, PeerState

PREFIX = "onecity-town."
VALID_FOR = dt.timedelta(hours=24)


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token carries: the district's address, the town's code, and the secret."""

    address: str
    town: str
    secret: str

    def write(self) -> str:
        """The token as one word to copy."""
        return PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Invitation:
    """A fresh invitation: the link, and the token that is shown this once."""

    peer: Peer
    token: str


def read_token(text: str) -> Token:
    """The token in a word; raises Problem 422."""
    try:
        # what does not begin like a token is none, however it goes on
        data = text.strip().removeprefix(PREFIX) if text.strip().startswith(PREFIX) else "?"
        return msgspec.json.decode(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)), type=Token)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        detail = _("Copy the whole word that `onecity tiers enrol` printed at the district.")
        raise Problem("tier-token", _("This is no invitation."), status=422, detail=detail) from None


@transaction.atomic
def invite(code: str, *, actor_id: UUID | None = None) -> Invitation:
    """Invite the town with this division code, or invite it anew; an earlier token then no longer works.

    Raises Problem 404 for a code that is no division, 409 for a town that belongs already, and 507 when no place is left.
    """
    division = Division.objects.filter(tree="adm", code=code, valid_to=None).exclude(parent=None).first()
    if division is None:
        raise Problem("tier-division", _("There is no division with this code."), status=404, detail=code)
    names.check(code)
    peer = Peer.objects.select_for_update().filter(code=code).first()
    if peer is not None and peer.state == PeerState.JOINED:
        detail = _("End its link first if it is to be set up anew.")
        raise Problem("tier-joined", _("This town belongs already."), status=409, detail=detail)
    secret = secrets.token_urlsafe(32)
    values = {
        "direction": Direction.DOWN,
        "name": division.name,
        "division_path": division.path,
        "state": PeerState.INVITED,
        "slot": _free_slot(),
        "token_hash": hashlib.sha256(secret.encode()).digest(),
        "token_until": now() + VALID_FOR,
        "installation": None,
        "invited_at": now(),
        "joined_at": None,
        "revoked_at": None,
    }
    peer, _created = Peer.objects.update_or_create(code=code, defaults=values)
    _audit("tiers.invited", peer, actor_id)
    return Invitation(peer, Token(settings.ONECITY_BASE_URL, code, secret).write())


@transaction.atomic
def redeem(secret: str, installation: UUID) -> Welcome:
    """Let a town in for its token; the token is used up. Raises Problem 403 for one that does not work (any more)."""
    digest = hashlib.sha256(secret.encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, name, division_path, slot FROM tiers_redeem(%s, %s, %s)", [digest, installation, now()]
        )
        found = cursor.fetchone()
    if found is None:
        detail = _("It was used, is older than a day, or another one was made. Ask the district for a new one.")
        raise Problem("tier-token", _("This invitation does not work."), status=403, detail=detail)
    code, name, path, slot = found
    seed = keys.seed(settings.ONECITY_BROKER_SECRET, slot)
    return Welcome(code, name, path, slot, seed, installation, _places(path))


@transaction.atomic
def revoke(code: str, *, actor_id: UUID | None = None) -> None:
    """End a town's link: its key opens nothing any more, within seconds. Raises Problem 404. What it sent stays."""
    peer = Peer.objects.select_for_update().filter(code=code).first()
    if peer is None:
        raise Problem("tier-unknown", _("There is no such town among the links."), status=404, detail=code)
    if peer.state == PeerState.REVOKED:
        return
    peer.state, peer.revoked_at, peer.token_hash = PeerState.REVOKED, now(), None
    peer.save(update_fields=["state", "revoked_at", "token_hash"])
    _audit("tiers.revoked", peer, actor_id)


@transaction.atomic
def settle(welcome: Welcome) -> None:
    """At the town: remember the district that let us in, and offer it everything that it is to know."""
    Peer.objects.filter(direction=Direction.UP).exclude(code=welcome.town).delete()
    values = {
        "direction": Direction.UP,
        "name": _district_name(),
        "division_path": welcome.division_path,
        "state": PeerState.JOINED,
        "slot": welcome.slot,
        "installation": welcome.installation,
    }
    known = Peer.objects.filter(code=welcome.town).first()
    if known is not None and known.installation == welcome.installation:
        return
    forget(welcome.town)
    Peer.objects.update_or_create(code=welcome.town, defaults=values | {"joined_at": now()})


def forget(code: str) -> None:
    """Nothing that was numbered for an earlier installation of a town means anything for a new one."""
    for model in (Outbox, Position, TownSeries, Document, Shared):
        model.objects.filter(peer_id=code).delete()
    Away.objects.filter(peer_id=code).delete()
    origins = [following.origin_of(peer) for peer in peers.joined() if peer.code == code]
    LogPosition.objects.filter(source__startswith=f"{following.PREFIX}{code}:").exclude(source__in=origins).delete()


def _free_slot() -> int:
    # a key that was given away once is not given to another town
    used = set(Peer.objects.exclude(slot=None).values_list("slot", flat=True))
    last = max((slot for slot in used if slot is not None), default=-1)
    if last + 1 >= keys.SLOTS:
        detail = _("A district takes in so many towns: %(n)d.") % {"n": keys.SLOTS}
        raise Problem("tier-full", _("No place is left for another town."), status=507, detail=detail)
    return last + 1


def _places(path: str) -> list[Place]:
    """The divisions above, the town, and everything below it."""
    above = [path[: i + 1] for i, char in enumerate(path) if char == "/"]
    rows = Division.objects.filter(tree="adm", valid_to=None).select_related("parent")
    chosen = [row for row in rows.order_by("path") if row.path in above or row.path.startswith(path)]
    return [
        Place(
            row.code,
            row.name,
            row.level,
            row.parent.code if row.parent else "",
            row.lon,
            row.lat,
            row.located,
            row.approximate,
            row.source,
            bytes(row.geometry).hex() if row.geometry else "",
        )
        for row in chosen
    ]


def _district_name() -> str:
    root = places.root()
    return root.name if root else ""


def _audit(action: str, peer: Peer, actor_id: UUID | None) -> None:
    audit.record(
        action, actor_id=actor_id, object_type="tier", object_id=peer.code, division_path=peer.division_path,
        detail=json.loads(json.dumps({"name": peer.name})),
    )  # fmt: skip


def as_json(welcome: Welcome) -> dict[str, object]:
    """A welcome as it is answered."""
    data: dict[str, object] = msgspec.to_builtins(welcome)
    return data
