"""Commands for the catalogue of services: check it, install what comes with the platform, give it out and take it in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onecity.domains.services.items import checking, shipped, store, workbook
from onecity.domains.services.items.checking import Content
from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.models import Sort
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
services_app = group()
File = Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help=_("Excel workbook of exchange tables."))]


@services_app.command(
    "check",
    cls=Command,
    help=_("Check that every service item, bundle and decision table is whole and that they fit together."),
)
@with_database
def check(
    file: File = None,
    notices: Annotated[bool, typer.Option("--notices", help=_("Also what is only worth a look."))] = False,
) -> int:
    """Check a workbook, or what comes with the platform; exit code 1 where something is wrong."""
    contents = _read(file) if file else shipped.contents()
    wrong = 0
    for content, told in checking.of_file(contents):
        for one in told:
            wrong += one.weight == "mistake"
            if one.weight == "mistake" or notices:
                mark = "[red]✗[/red]" if one.weight == "mistake" else "[yellow]![/yellow]"
                console.print(f"{mark} {content.code} {one.place}: {one.sentence}", soft_wrap=True)
    if not wrong:
        sentence = _("{n} checked, nothing is wrong.").format(n=len(contents))
        console.print(f"[green]✓[/green] {sentence}")
    return 1 if wrong else 0


@services_app.command(
    "install",
    cls=Command,
    help=_("Publish the service items that come with the platform; what people published stays as it is."),
)
@with_database
def install() -> None:
    """Publish what comes with the platform; a second run changes nothing."""
    console.print(_("{n} published").format(n=len(shipped.install())))


@services_app.command("export", cls=Command, help=_("Write the items in force as a workbook of exchange tables."))
@with_database
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help=_("Excel workbook to write."))],
) -> None:
    """Write the exchange tables; an existing file is replaced."""
    items = [one.item for _code, one in sorted(store.items().items())]
    file.write_bytes(workbook.write(items))
    console.print(_("{n} items written to {file}").format(n=len(items), file=file))


def _read(file: Path) -> list[Content]:
    tables = [one for one in shipped.contents() if one.sort == Sort.TABLE]
    return [*tables, *(Content(Sort.ITEM, one.code, reading.write(one)) for one in workbook.read(file.read_bytes()))]
