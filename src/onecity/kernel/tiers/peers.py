"""The links of this installation as the processes need them: who is linked, and how its broker is reached."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from onecity.kernel.telemetry.link import Link
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.tiers.logic import names
from onecity.kernel.tiers.models import Peer
from onecity.kernel.tiers.models.peer import Direction, PeerState


@dataclass(frozen=True, slots=True)
class Joined:
    """One link that is in use. `installation` is the town's, at both ends."""

    code: str
    up: bool
    division_path: str
    installation: UUID

    @property
    def node(self) -> str:
        """Who we are on this link."""
        return self.code if self.up else names.DISTRICT

    @property
    def other(self) -> str:
        """Who the other side is."""
        return names.DISTRICT if self.up else self.code


def joined() -> list[Joined]:
    """The links in use, by code."""
    rows = Peer.objects.filter(state=PeerState.JOINED, installation__isnull=False).order_by("code")
    return [
        Joined(code, direction == Direction.UP, path, installation)
        for code, direction, path, installation in rows.values_list(
            "code", "direction", "division_path", "installation"
        )
        if installation is not None
    ]


def parent() -> Joined | None:
    """The town's link to its district, if this is a town that has joined one."""
    return next((peer for peer in joined() if peer.up), None)


def connect(name: str, inbox: str = "_INBOX") -> Link:
    """A connection, not yet open, to this installation's broker in the account that the tiers share."""
    keys = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET)
    return Link(settings.ONECITY_NATS_URL, names.USER, keys.password, name, inbox)
