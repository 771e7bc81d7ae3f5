"""A made-up district for tests: four towns in a square, two villages each; coordinates are in the open sea."""

import datetime as dt

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from onecity.kernel.places.logic.paths import join
from onecity.kernel.places.models import BEGINNING, Division

WEST, SOUTH, SIZE = 150.0, 20.0, 0.1


def box(column: float, row: float, width: float = 1, height: float = 1) -> Polygon:
    """Return a rectangle of the test grid, whose unit is SIZE degrees."""
    west, south = WEST + column * SIZE, SOUTH + row * SIZE
    return shapely.box(west, south, west + width * SIZE, south + height * SIZE)


def division(
    code: str, name: str, level: str, parent: Division | None, shape: BaseGeometry | None, **more: object
) -> Division:
    """Create one division of the tree `adm` (or of `more["tree"]`)."""
    tree = str(more.pop("tree", "adm"))
    return Division.objects.create(
        tree=tree,
        code=code,
        name=name,
        level=level,
        parent=parent,
        path=join(parent.path if parent else tree, code),
        geometry=shapely.to_wkb(shape) if shape else None,
        **{"valid_from": BEGINNING, **more},
    )


def four_towns() -> Division:
    """Create district 990101 with towns 990101001 to 004, in the order south-west, south-east, north-west, north-east."""
    district = division("990101", "海晏区", "district", None, box(0, 0, 2, 2), valid_from=dt.date(2000, 1, 1))
    for number in range(4):
        column, row = number % 2, number // 2
        code = f"99010100{number + 1}"
        town = division(code, f"{'东西南北'[number]}街道", "town", district, box(column, row))
        for half in range(2):
            name = f"{'上下'[half]}村"
            division(f"{code}{half + 1:03d}", name, "village", town, box(column, row + half / 2, 1, 0.5))
    return district
