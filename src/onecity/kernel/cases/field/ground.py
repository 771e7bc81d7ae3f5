"""The ground under an inspector's map, tile by tile: outlines and names of divisions, kept by the phone for offline."""

import json
from functools import lru_cache
from uuid import UUID

from onecity.kernel.cases.field.logic import tiles
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE

KEPT = 256


def version() -> str:
    """Changes when the divisions do."""
    return str(snapshot.take(ADMINISTRATIVE).version)


def tile(x: int, y: int) -> str:
    """The tile as JSON; raises ValueError where there is none of that number."""
    return _tile(x, y, snapshot.take(ADMINISTRATIVE).version)


@lru_cache(maxsize=KEPT)
def _tile(x: int, y: int, _version: UUID | None) -> str:
    places = snapshot.take(ADMINISTRATIVE).places
    pieces = (tiles.Piece(one.name, one.depth, one.shape, one.lon, one.lat) for one in places)
    return json.dumps(tiles.content(x, y, pieces), ensure_ascii=False, separators=(",", ":"))
