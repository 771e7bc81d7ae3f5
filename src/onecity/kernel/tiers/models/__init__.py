"""The tables of the tiers: who is linked, what is to be sent and what has been taken, policies, and conflicts."""

from onecity.kernel.tiers.models.awaited_file import AwaitedFile, FileState
from onecity.kernel.tiers.models.conflict import Act, Away, Conflict
from onecity.kernel.tiers.models.peer import Link, Peer, Policy
from onecity.kernel.tiers.models.transport import Announced, Document, Outbox, Position, Shared, Stamp, TownSeries

__all__ = [
    "Act",
    "Announced",
    "AwaitedFile",
    "Away",
    "Conflict",
    "Document",
    "FileState",
    "Link",
    "Outbox",
    "Peer",
    "Policy",
    "Position",
    "Shared",
    "Stamp",
    "TownSeries",
]
