"""Cases as points of a map: the same cases as the list beside it, as GeoJSON (RFC 7946)."""

from typing import Any

from onecity.kernel.cases import listing, type_store, wording
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.types import in_language
from onecity.kernel.people.models import Account

MOST = 1000
COLUMNS = ("id", "number", "title", "type_name", "type_version", "state", "severity", "lon", "lat", "said")


def points(account: Account, wanted: Wanted) -> dict[str, Any]:
    """At most `MOST` cases of a list that have a point, most urgent first; `truncated` where there are more."""
    rows = list(listing.located(account, wanted, MOST + 1).values_list(*COLUMNS))
    kinds = type_store.versions({(row[3], row[4]) for row in rows})
    titles = {
        (key, state.name): in_language(state.title) for key, kind in kinds.items() for state in kind.definition.states
    }
    return {
        "type": "FeatureCollection",
        "truncated": len(rows) > MOST,
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {
                    "id": str(identity),
                    "title": wording.title(said, title),
                    "href": f"/desk/cases/{identity}",
                    "detail": f"{number} · {titles[(kind, version), state]}",
                    # the map's own words for its symbols: a severity, or ordinary
                    "state": severity or "ok",
                },
            }
            for identity, number, title, kind, version, state, severity, lon, lat, said in rows[:MOST]
        ],
    }
