"""Cases as points of a map: the same cases as the list beside it, as GeoJSON (RFC 7946)."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Avg, Case, Count, IntegerField, Max, QuerySet, Value, When
from django.utils.translation import ngettext

from onecity.kernel.cases import listing, models, type_store, wording
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.types import in_language
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

MOST = 1000
COLUMNS = ("id", "number", "title", "type_name", "type_version", "state", "severity", "lon", "lat", "said")
COLOURS = ("", "blue", "yellow", "orange", "red")
RANK = Case(
    *(When(severity=colour, then=Value(rank)) for rank, colour in enumerate(COLOURS)), output_field=IntegerField()
)


def points(account: Account, wanted: Wanted) -> dict[str, Any]:
    """The cases of a list that have a point; more than `MOST` running ones as one point for each division, with `count`.

    Of ended cases the newest `MOST` are given. `truncated` where single cases are not all there.
    """
    if wanted.open is True and not wanted.text:
        located = listing.narrowed(account, wanted).filter(lon__isnull=False)
        if located[MOST : MOST + 1].exists():
            return _collection(_together(located, wanted), truncated=True)
    rows = list(listing.located(account, wanted, MOST + 1).values_list(*COLUMNS))
    kinds = type_store.versions({(row[3], row[4]) for row in rows})
    titles = {
        (key, state.name): in_language(state.title) for key, kind in kinds.items() for state in kind.definition.states
    }
    features = [
        _feature(
            lon, lat, str(identity), wording.title(said, title), f"/desk/cases/{identity}", severity,
            detail=f"{number} · {titles[(kind, version), state]}",
        )
        for identity, number, title, kind, version, state, severity, lon, lat, said in rows[:MOST]
    ]  # fmt: skip
    return _collection(features, truncated=len(rows) > MOST)


def _together(located: QuerySet[models.Case], wanted: Wanted) -> list[dict[str, Any]]:
    """How many cases each division has, in their middle, with the gravest severity and the way to their list."""
    found = list(
        located.order_by()
        .values_list("division_path")
        .annotate(Count("due_order"), Avg("lon"), Avg("lat"), gravest=Max(RANK))
    )
    names = places.titles_for({row[0] for row in found})
    return [
        _feature(
            lon, lat, path, names.get(path, path), f"/desk/cases?{urlencode(_address(wanted, path))}", COLOURS[rank],
            detail=ngettext("%(n)s case", "%(n)s cases", count) % {"n": f"{count:,}"}, count=count,
        )
        for path, count, lon, lat, rank in found
    ]  # fmt: skip


def _address(wanted: Wanted, path: str) -> dict[str, str]:
    """The same list, narrowed to one division, as the desk's address says it."""
    first = {name: values[0] or "ordinary" for name, values in (
        ("state", wanted.states), ("type", wanted.types), ("severity", wanted.severities)) if values}  # fmt: skip
    return {"scope": wanted.scope, "place": path, **first} | ({"overdue": "on"} if wanted.overdue else {})


def _feature(
    lon: float, lat: float, identity: str, title: str, href: str, severity: str, **more: object
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        # the map's own words for its symbols: a severity, or ordinary
        "properties": {"id": identity, "title": title, "href": href, "state": severity or "ok", **more},
    }


def _collection(features: list[dict[str, Any]], *, truncated: bool) -> dict[str, Any]:
    return {"type": "FeatureCollection", "truncated": truncated, "features": features}
