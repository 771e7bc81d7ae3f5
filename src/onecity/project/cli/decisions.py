"""Commands for decision tables: prove that a table decides every case once, and see what it decides."""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onecity.kernel.rules.decisions import checking, dmn, plain, table, unary
from onecity.kernel.rules.decisions.checking import Finding
from onecity.kernel.rules.decisions.region import Value
from onecity.kernel.rules.decisions.table import Table, UndecidedError
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _

console = Console(highlight=False)
decision_app = group()
TableFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=_("Decision table as DMN XML or JSON."))]


@decision_app.command(
    "check",
    cls=Command,
    help=_("Prove that a table decides every case, and none twice; a counter-example is shown where it does not."),
)
def check(file: TableFile) -> int:
    """Prove a table; exit code 1 where something is wrong."""
    made = _read(file)
    found = checking.check(made)
    for one in found:
        console.print(f"[red]✗[/red] {_sentence(one)}", soft_wrap=True)
    if not found:
        text = _("{name}: {rules} rules, every case is decided, none twice.")
        console.print(f"[green]✓[/green] {text.format(name=made.name, rules=len(made.rules))}")
    return 1 if found else 0


def _read(file: Path) -> Table:
    content = file.read_bytes()
    return plain.read(content) if file.suffix == ".json" else dmn.read(content)


def _sentence(one: Finding) -> str:
    example = ", ".join(f"{name} = {unary.written(value)}" for name, value in (one.example or {}).items())
    rules = ", ".join(map(str, one.rules))
    texts = {
        "gap": _("No rule decides: {example}"),
        "overlap": _("Rules {rules} both decide: {example}"),
        "unreached": _("Rule {rules} never decides anything."),
        "too_large": _("The table is too intricate to be proved; split it."),
    }
    return texts[one.kind].format(example=example, rules=rules)


@decision_app.command("run", cls=Command, help=_("Decide for given values, and name the rules."))
def run(
    file: TableFile, values: Annotated[str, typer.Argument(help=_("JSON object with a value for each input."))]
) -> int:
    """Decide once; exit code 1 where the table does not decide."""
    made = _read(file)
    try:
        decision = table.decide(made, _values(made, values))
    except UndecidedError as error:
        reasons = {
            "none": _("No rule decides this."),
            "conflict": _("Rules {where} contradict each other."),
            "outside": _("{where} is outside of what may come."),
            "kind": _("{where} is missing, or not of its kind."),
        }
        console.print(f"[red]✗[/red] {reasons[error.reason].format(where=error.where)}")
        return 1
    for row in decision.rows:
        console.print(", ".join(f"{name} = {unary.written(value)}" for name, value in row.items()))
    for number in decision.fired:
        reason = made.rules[number - 1].reason
        console.print(_("by rule {number}").format(number=number) + (f": {reason}" if reason else ""))
    return 0


def _values(made: Table, text: str) -> Mapping[str, Value | None]:
    try:
        given = dict(json.loads(text, parse_float=Decimal, parse_int=Decimal))
    except (ValueError, TypeError) as error:
        raise ValueError(_("The values are a JSON object with a member for each input.")) from error
    days = {column.name for column in made.inputs if column.kind == "date"}
    return {
        name: dt.date.fromisoformat(value) if name in days and isinstance(value, str) else value
        for name, value in given.items()
    }
