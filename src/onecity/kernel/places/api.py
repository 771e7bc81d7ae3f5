# ruff: noqa: ARG001 - Django Ninja hands every view the request under that name
"""Public reads over HTTP: the tree of divisions, the division of a point, map layers."""

import datetime as dt
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import to_geojson
from onecity.kernel.core.moments import Day
from onecity.kernel.core.openapi import AREAS_SCHEMA, answers_with, like
from onecity.kernel.places import layers, service, snapshot
from onecity.kernel.places.editions import as_entry
from onecity.kernel.places.logic.paths import ADMINISTRATIVE, TREE_PATTERN, parent_of
from onecity.kernel.places.models import Division

router = Router(tags=["places"])

MAX_ROWS = 2000
# the words of every administrative tree; a tree may have others
LEVELS = frozenset({"district", "town", "village"})
LEVEL_PATTERN = r"^[A-Za-z0-9_-]+$"
PATH_PATTERN = r"^[A-Za-z0-9._/-]*$"
LAYER_CACHE = "public, max-age=60"


LevelWord = Annotated[str, Field(pattern=LEVEL_PATTERN, json_schema_extra=like("town"))]
PathText = Annotated[str, Field(pattern=PATH_PATTERN, json_schema_extra=like("adm/990101/"))]


class DivisionOut(Schema):
    """One division, without its outline."""

    path: str
    tree: str
    code: str
    name: str
    level: str
    parent: str = Field(description="path of the division above, empty for a root")
    lon: float | None
    lat: float | None
    approximate: bool = Field(description="the outline is derived, not official")
    source: str
    valid_from: dt.date | None = Field(description="null: since before the records")
    valid_to: dt.date | None = Field(description="first day on which it is no more")


class DivisionDetail(DivisionOut):
    """One division with the ones directly below it, and its outline when asked for."""

    title: str
    children: list[DivisionOut]
    geometry: dict[str, Any] | None = None


class Located(Schema):
    """The division of a point; path and title are empty when it lies in none."""

    path: str
    title: str
    level: str


class Filter(Schema):
    """Which divisions to list."""

    tree: str = Field(ADMINISTRATIVE, pattern=TREE_PATTERN)
    level: str | None = Field(None, pattern=LEVEL_PATTERN)
    parent: str | None = Field(None, pattern=PATH_PATTERN, description="path: only the divisions directly below it")
    at: Day | None = Field(None, description="the day, today when not given")
    after: str = Field("", pattern=PATH_PATTERN, description="path of the last one of the page before")
    limit: int = Field(MAX_ROWS, ge=1, le=MAX_ROWS)


class Point(Schema):
    """Where to look, in degrees on WGS-84."""

    lon: float = Field(ge=-180, le=180, json_schema_extra=like(121.4))
    lat: float = Field(ge=-90, le=90, json_schema_extra=like(30.9))
    tree: str = Field(ADMINISTRATIVE, pattern=TREE_PATTERN)
    level: str | None = Field(None, pattern=LEVEL_PATTERN)
    at: Day | None = None
    snap_m: float = Field(0, ge=0, le=5000, description="take the nearest division within that many metres")


class LayerQuery(Schema):
    """Which layer: the tree, the day, and how finely drawn."""

    tree: str = Field(ADMINISTRATIVE, pattern=TREE_PATTERN)
    at: Day | None = None
    detail: layers.Detail = "normal"


@router.get("/divisions", response=list[DivisionOut], summary="Divisions of a tree, in the order of their paths")
def list_divisions(request: HttpRequest, query: Query[Filter]) -> list[DivisionOut]:
    """Return the divisions of a tree on a day; page on with `after`."""
    on = query.at or snapshot.today()
    rows = snapshot.alive(on).filter(tree=query.tree, path__gt=query.after).order_by("path")
    if query.level:
        _known_level(query.tree, query.level)
        rows = rows.filter(level=query.level)
    if query.parent:
        rows = rows.filter(parent__path=query.parent)
    return [_out(row) for row in snapshot.as_on(rows[: query.limit], on)]


@router.get("/divisions/{path:path}", response=DivisionDetail, summary="One division")
def get_division(
    request: HttpRequest, path: Path[PathText], at: Day | None = None, geometry: bool = False
) -> DivisionDetail:
    """Return the division with that path and the ones directly below it; its outline as GeoJSON with `geometry`."""
    wanted = path if path.endswith("/") else f"{path}/"
    row = service.by_path(wanted, at)
    if row is None:
        raise Problem("no-division", _("There is no such division"), status=404, detail=wanted)
    shape = as_entry(row).shape if geometry else None
    return DivisionDetail(
        **_out(row).dict(),
        title=service.title_for(wanted, full=True, at=at),
        children=[_out(child) for child in service.children(wanted, at)],
        geometry=to_geojson(shape) if shape is not None else None,
    )


@router.get("/locate", response=Located, summary="The division of a point")
def locate(request: HttpRequest, query: Query[Point]) -> Located:
    """Return the division that holds the point: of `level`, else the deepest one whose outline is known."""
    if query.level:
        _known_level(query.tree, query.level)
    found = service.locate(query.lon, query.lat, query.at, tree=query.tree, level=query.level, snap_m=query.snap_m)[0]
    place = service.by_path(found, query.at) if found else None
    title = service.title_for(found, full=True, at=query.at) if found else ""
    return Located(path=found, title=title, level=place.level if place else "")


@router.get(
    "/layers/{level}.geojson",
    summary="A level of the tree as GeoJSON for the map",
    openapi_extra=answers_with({"application/geo+json": AREAS_SCHEMA}),
)
def get_layer(request: HttpRequest, level: Path[LevelWord], query: Query[LayerQuery]) -> HttpResponse:
    """Return the divisions of a level with their outlines; answers 304 when the caller's copy is the present one."""
    _known_level(query.tree, level)
    layer = layers.layer(level, tree=query.tree, at=query.at, detail=query.detail)
    response = HttpResponse(layer.content, content_type="application/geo+json")
    response["ETag"], response["Cache-Control"] = layer.etag, LAYER_CACHE
    found = get_conditional_response(request, etag=layer.etag, response=response)
    return found if isinstance(found, HttpResponse) else response


def _known_level(tree: str, level: str) -> None:
    """Raise Problem 422 for a level that no division of the tree has, naming those there are."""
    if level in LEVELS:
        return
    known = set(Division.objects.filter(tree=tree).order_by().values_list("level", flat=True).distinct())
    if level not in known:
        text = _("This must be one of: %(expected)s.") % {"expected": ", ".join(sorted(known | LEVELS))}
        raise Problem("invalid", _("Some values are wrong"), status=422, errors=[FieldError("level", text)])


def _out(row: Division) -> DivisionOut:
    began = row.valid_from if row.valid_from > dt.date.min else None
    values = {name: getattr(row, name) for name in ("path", "tree", "code", "name", "level", "lon", "lat", "source")}
    return DivisionOut(
        **values, parent=parent_of(row.path), approximate=row.approximate, valid_from=began, valid_to=row.valid_to
    )
