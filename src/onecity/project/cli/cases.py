"""Commands for cases: learn anew from closed ones what texts tell, erase what is over."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from onecity.kernel.cases import training
from onecity.kernel.cases.keeping import service as keeping
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
cases_app = group()


@cases_app.command(
    "train",
    cls=Command,
    help=_("Learn from closed cases which kind a text tells of and who settles it; the new model is used at once."),
)
@with_database
def train(
    measure: Annotated[
        bool, typer.Option("--measure", help=_("Only measure, by cross-validation; nothing is stored."))
    ] = False,
) -> None:
    """Learn from closed cases which kind a text tells of and who settles it."""
    found: dict[str, Any] = training.measure_kinds(training.lessons()) if measure else training.train()
    console.print(json.dumps(found, ensure_ascii=False), soft_wrap=True)


@cases_app.command(
    "forget",
    cls=Command,
    help=_(
        "Erase the personal data of cases whose time is over, as their kinds say; every night this happens by itself."
    ),
)
@with_database
def forget(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("Only say what would be erased; nothing changes."))
    ] = False,
) -> None:
    """Erase the personal data of cases whose time is over, as their kinds say."""
    found = keeping.forget(dry_run=dry_run)
    console.print(json.dumps([asdict(one) for one in found], ensure_ascii=False), soft_wrap=True)
