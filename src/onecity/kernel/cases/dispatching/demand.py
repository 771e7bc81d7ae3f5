"""Where the next urgent case may come from: where such cases were in the last months, and a little everywhere."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.core.cache import cache
from django.db.models import Count, F
from django.db.models.functions import Round

from onecity.kernel.cases.dispatching import urgent
from onecity.kernel.cases.dispatching.logic.choosing import Floats
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import district_of
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places.models import Division

LOOK_BACK, LATELY = dt.timedelta(days=90), dt.timedelta(hours=2)
KEPT_SECONDS: Final = 300
# cells of a fiftieth of a degree, about 2 km
CELLS_PER_DEGREE: Final = 50
MOST_CELLS: Final = 400
# what every division weighs, whatever happened there
EVERYWHERE: Final = 0.5


@dataclass(frozen=True)
class Demand:
    """Places (WGS-84 degrees) with their share of the urgent cases to come (sums to 1), and how many come in a minute: as
    in the last months, or as in the last hours where these were busier."""

    lon: Floats
    lat: Floats
    share: Floats
    per_minute: float


def of(account: Account, division_path: str) -> Demand:
    """The demand of the district in which a division lies, as far as this account may see its cases."""
    district = f"{division_path.split('/', maxsplit=1)[0]}/{district_of(division_path)}/"
    key = f"cases.demand:{account.id}:{district}"
    found = cache.get(key)
    if not isinstance(found, Demand):
        found = _read(district)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _read(district: str) -> Demand:
    known = Case.objects.filter(urgent.condition(), division_path__startswith=district, lon__isnull=False).order_by()
    moment = now()
    cells = (
        known.filter(opened_at__gte=moment - LOOK_BACK)
        .annotate(x=Round(F("lon") * CELLS_PER_DEGREE), y=Round(F("lat") * CELLS_PER_DEGREE))
        .values_list("x", "y")
        .annotate(n=Count("id"))
        .order_by("-n", "x", "y")[:MOST_CELLS]
    )
    lately = known.filter(opened_at__gte=moment - LATELY).count()
    rows = [(x / CELLS_PER_DEGREE, y / CELLS_PER_DEGREE, float(n)) for x, y, n in cells]
    centres = Division.objects.filter(
        path__startswith=district, valid_to__isnull=True, lon__isnull=False, lat__isnull=False
    ).exclude(path=district)
    usual = sum(row[2] for row in rows)
    rows += [(lon, lat, EVERYWHERE) for lon, lat in centres.order_by("path").values_list("lon", "lat")[:MOST_CELLS]]
    lon, lat, weight = np.array(rows or [(0.0, 0.0, 1.0)], dtype=np.float64).T
    rate = max(usual / LOOK_BACK.total_seconds(), lately / LATELY.total_seconds()) * 60
    return Demand(lon, lat, weight / weight.sum(), rate)
