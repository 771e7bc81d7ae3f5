"""Cases as points of a map: the same cases as the list beside it, as GeoJSON (RFC 7946)."""

from typing import Any

from django.utils.translation import gettext as _

from onecity.kernel.cases import listing, presentation
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.people.models import Account

MOST = 2000


def points(account: Account, wanted: Wanted) -> dict[str, Any]:
    """At most `MOST` cases of a list that have a point, most urgent first; `truncated` where there are more."""
    page = listing.located(account, wanted, MOST + 1)
    rows = presentation.rows(page[:MOST])
    return {
        "type": "FeatureCollection",
        "truncated": len(page) > MOST,
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [row.case.lon, row.case.lat]},
                "properties": {
                    "id": str(row.id),
                    "title": row.case.title,
                    "href": f"/desk/cases/{row.id}",
                    "detail": _("%(number)s · %(state)s") % {"number": row.case.number, "state": row.state},
                    # the map's own words for its symbols: a severity, or ordinary
                    "state": row.case.severity or "ok",
                },
            }
            for row in rows
        ],
    }
