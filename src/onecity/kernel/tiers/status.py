"""How the links stand, in the words of the pages: connected, cut, catching up with so much in about so long."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onecity.kernel.core.clock import now
from onecity.kernel.tiers.models import Link, Peer
from onecity.kernel.tiers.models.peer import Direction, PeerState

# the process that keeps the links writes every second: older than this, it does not run
STALE = dt.timedelta(seconds=15)
# below so much to take a link counts as even: what is on its way in any moment
EVEN = 200
EVEN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One link as it stands now."""

    code: str
    name: str
    division_path: str
    up: bool
    state: str
    title: str
    connected: bool
    heard_at: dt.datetime | None
    since: dt.datetime | None
    waiting: int
    behind: int
    remaining: dt.timedelta | None
    oldest: float
    skew: float | None

    @property
    def catching_up(self) -> bool:
        """Whether the other side has more for us than is on its way in any moment."""
        return self.connected and self.behind > EVEN and self.oldest > EVEN_SECONDS

    @property
    def remaining_seconds(self) -> int:
        """The remaining time in whole seconds, for a sentence."""
        return round(self.remaining.total_seconds()) if self.remaining else 0

    @property
    def belongs(self) -> bool:
        """Whether it is in use."""
        return self.state == PeerState.JOINED


def links() -> list[Standing]:
    """Every link that row-level security shows, by code."""
    states = {row.peer_id: row for row in Link.objects.all()}
    return [_standing(peer, states.get(peer.code)) for peer in Peer.objects.order_by("code")]


def missing(found: Sequence[Standing] | None = None) -> list[Standing]:
    """The towns whose share in counts and maps may be incomplete now: cut off, or not caught up yet."""
    rows = links() if found is None else found
    return [one for one in rows if one.belongs and not one.up and (not one.connected or one.catching_up)]


def as_facts(one: Standing) -> dict[str, Any]:
    """A link for the API."""
    return {
        "code": one.code,
        "name": one.name,
        "division_path": one.division_path,
        "direction": "up" if one.up else "down",
        "state": one.state,
        "connected": one.connected,
        "catching_up": one.catching_up,
        "heard_at": one.heard_at,
        "waiting": one.waiting,
        "behind": one.behind,
        "remaining_seconds": one.remaining.total_seconds() if one.remaining else None,
        "skew_seconds": one.skew,
    }


def _standing(peer: Peer, link: Link | None) -> Standing:
    alive = link is not None and link.heard_at is not None and now() - link.heard_at < STALE
    return Standing(
        code=peer.code,
        name=peer.name,
        division_path=peer.division_path,
        up=peer.direction == Direction.UP,
        state=peer.state,
        title=str(PeerState(peer.state).label),
        connected=bool(link and link.connected and alive),
        heard_at=link.heard_at if link else None,
        since=link.since if link else None,
        waiting=sum(link.waiting.values()) if link else 0,
        behind=link.missing if link else 0,
        remaining=link.remaining if link and alive else None,
        oldest=float(link.said.get("oldest", 0.0)) if link else 0.0,
        skew=link.skew if link else None,
    )


def lost_parent() -> Standing | None:
    """At a town: the district, while it is not reached."""
    return next((one for one in links() if one.belongs and one.up and not one.connected), None)
