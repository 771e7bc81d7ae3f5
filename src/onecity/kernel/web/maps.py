"""The ground of every map: outlines and labels of the divisions as GeoJSON, made once for each version of the tree."""

import json
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import to_geojson
from onecity.kernel.people.doors import public
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE

TOLERANCE = 0.0002  # degrees, about 20 m: finer than a pixel at the zoom at which borders are looked at
DEPTHS = 2  # the district and its towns
KNOWN = {"district", "town"}


def _version(_request: HttpRequest) -> str:
    return f'"{snapshot.take(ADMINISTRATIVE).version}-{snapshot.today()}"'


@public
@require_safe
@condition(etag_func=_version)
def divisions(_request: HttpRequest) -> HttpResponseBase:
    """Outlines of the district and its towns: name, path, depth, and whether the border is approximate.

    `level` chooses one of them; raises Problem 422 for a level that is not shown.
    """
    level = _request.GET.get("level", "")
    taken = snapshot.take(ADMINISTRATIVE)
    shown = sorted({place.level for place in taken.places if place.depth <= DEPTHS} | KNOWN)
    if level and level not in shown:
        text = _("This must be one of: %(expected)s.") % {"expected": ", ".join(shown)}
        raise Problem("invalid", _("Some values are wrong"), status=422, errors=[FieldError("level", text)])
    return _answer(_outlines(taken.version, level))


@public
@require_safe
@condition(etag_func=_version)
def labels(_request: HttpRequest) -> HttpResponseBase:
    """Where the names of the towns stand."""
    return _answer(_labels(snapshot.take(ADMINISTRATIVE).version))


@lru_cache(maxsize=6)
def _outlines(_version: UUID | None, level: str = "") -> str:
    found: list[dict[str, Any]] = []
    for place in snapshot.take(ADMINISTRATIVE).places:
        if place.depth <= DEPTHS and place.shape is not None and level in {"", place.level}:
            simple = place.shape.simplify(TOLERANCE, preserve_topology=True)
            found.append(_feature(to_geojson(simple, 5), place))
    return json.dumps({"type": "FeatureCollection", "features": found}, ensure_ascii=False)


@lru_cache(maxsize=2)
def _labels(_version: UUID | None) -> str:
    found = [
        _feature({"type": "Point", "coordinates": [place.lon, place.lat]}, place)
        for place in snapshot.take(ADMINISTRATIVE).places
        if place.depth == DEPTHS and place.lon is not None
    ]
    return json.dumps({"type": "FeatureCollection", "features": found}, ensure_ascii=False)


def _feature(geometry: dict[str, Any], place: snapshot.Place) -> dict[str, Any]:
    facts = {"name": place.name, "path": place.path, "depth": place.depth - 1, "approximate": place.approximate}
    return {"type": "Feature", "geometry": geometry, "properties": facts}


def _answer(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/geo+json")
    patch_cache_control(response, private=True, no_cache=True)
    return response
