"""Commands for the places of a district: official outlines, trees beside the administrative one, the grid of cells."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onecity.kernel.places import importing, service, trees
from onecity.kernel.places.editions import EditionReport
from onecity.kernel.places.logic.features import Datum
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
places_app = group()
Features = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help=_("GeoJSON FeatureCollection, WGS-84 unless told otherwise.")),
]
Effective = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help=_("Day from which they hold; without it they correct."))
]
CodeProperty = Annotated[str, typer.Option(help=_("Property of a feature that holds its code."))]
NameProperty = Annotated[str, typer.Option(help=_("Property of a feature that holds its name."))]
InDatum = Annotated[Datum, typer.Option(help=_("Datum of the coordinates in the file."))]


def _tell(report: EditionReport) -> None:
    counts = {name: len(getattr(report, name)) for name in ("changed", "opened", "closed", "kept")}
    console.print(_("{changed} changed, {opened} new, {closed} ended, {kept} kept").format(**counts))


@places_app.command(
    "outlines",
    cls=Command,
    help=_("Give towns or villages their official outlines; all or nothing, each bad feature is named."),
)
@with_database
def outlines(
    file: Features,
    level: Annotated[str, typer.Option(help=_("Level of the divisions in the file: town, village, …"))],
    effective: Effective = None,
    code: CodeProperty = "code",
    title: NameProperty = "name",
    datum: InDatum = "wgs84",
) -> None:
    """Give towns or villages their official outlines."""
    options = importing.Options(code, title, datum, source=file.name)
    day = effective.date() if effective else None
    _tell(importing.import_outlines(file.read_bytes(), level, day, options=options))


@places_app.command(
    "tree",
    cls=Command,
    help=_("Load parks, school districts and the like as a tree of their own; what the file no longer lists ends."),
)
@with_database
def tree(
    file: Features,
    name: Annotated[str, typer.Option(help=_("Name of the tree in small letters: park, school, …"))],
    level: Annotated[
        str, typer.Option(help=_("Word for what one feature is; the name of the tree unless given."))
    ] = "",
    effective: Effective = None,
    code: CodeProperty = "code",
    title: NameProperty = "name",
    datum: InDatum = "wgs84",
) -> None:
    """Load a tree from a file."""
    options = importing.Options(code, title, datum, source=file.name)
    day = effective.date() if effective else None
    _tell(trees.import_tree(file.read_bytes(), name, level or name, day, options=options))


@places_app.command(
    "grid",
    cls=Command,
    help=_("Make the H3 cells that touch a division a tree of their own, for maps and counts by cell."),
)
@with_database
def grid(
    within: Annotated[str, typer.Option(help=_("Path of the division; the whole district unless given."))] = "",
    resolution: Annotated[int, typer.Option(min=5, max=10, help=_("H3 resolution; 8 has cells of 0.74 km²."))] = 8,
) -> None:
    """Make the grid of a division."""
    root = service.root()
    if root is None:
        raise RuntimeError(_("Load a district first: “onecity init --adcode N”."))
    _tell(trees.make_grid(within or root.path, resolution))
