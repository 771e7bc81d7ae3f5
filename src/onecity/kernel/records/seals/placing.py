"""Where and by whom a document is to be stamped: the order that OFD and PDF carry out alike."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from onecity.kernel.records.seals import making


@dataclass(frozen=True, slots=True)
class Place:
    """Where the seal's picture shows: page from 0, upper left corner and size in mm."""

    page: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Order:
    """What to stamp with: the seal, who signs and when, where it shows."""

    seal: bytes = field(repr=False)
    signer: making.Signer
    signed_at: dt.datetime
    places: Sequence[Place]
    stamper: making.Stamper | None = None
