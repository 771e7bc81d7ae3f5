"""Commands for cases: learn anew from closed ones what texts tell."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from onecity.kernel.cases import training
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
