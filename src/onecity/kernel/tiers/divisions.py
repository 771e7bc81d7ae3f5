"""The town's divisions as the district has them: the way up to the district, the town itself, and all below it."""

from collections.abc import Sequence

import shapely
from django.db import transaction

from onecity.kernel.core.geometry import areal_part
from onecity.kernel.places import editions, service
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.logic.paths import ADMINISTRATIVE
from onecity.kernel.tiers.membership import Place


def load(places: Sequence[Place]) -> bool:
    """Write the divisions where none are loaded; whether anything was written."""
    with transaction.atomic():
        editions.lock()
        if service.root() is not None:
            return False
        editions.apply(ADMINISTRATIVE, [_entry(place) for place in places], None, complete=True)
    return True


def _entry(place: Place) -> Entry:
    shape = areal_part(shapely.from_wkb(bytes.fromhex(place.outline))) if place.outline else None
    return Entry(
        place.code,
        place.name,
        place.level,
        place.parent,
        place.lon,
        place.lat,
        located=place.located,
        shape=shape,
        approximate=place.approximate,
        source=place.source,
    )
