"""`onecity up`: the whole platform on this machine, until Ctrl-C."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onecity.kernel.people import demo
from onecity.project import environment, production
from onecity.project.stack.platform import Options, Platform

console = Console(highlight=False)


def up(
    adcode: Annotated[str, typer.Option(help="Six-digit code of the district to load at first start.")] = "",
    production_mode: Annotated[
        bool, typer.Option("--production", help="Refuse demonstration accounts, default secrets and plain HTTP.")
    ] = False,
    simulate: Annotated[bool, typer.Option(help="Run the simulated district (demonstration only).")] = True,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Web processes.")] = 1,
) -> None:
    """Start database, broker, web, gateway, pipeline, worker and, in demonstration mode, the simulated district."""
    values = environment.read()
    if production_mode or values.production:
        values = production.demand(values)
        options = Options(adcode=adcode, demo=False, simulate=False, web_workers=workers)
    else:
        options = Options(adcode=adcode, demo=True, simulate=simulate, web_workers=workers)
    platform = Platform(values, options, lambda text: console.print(f"[yellow]•[/yellow] {text}"))
    platform.supervisor.catch_signals()
    try:
        platform.start()
        if values.production:
            production.demand_no_demo_accounts()
        if not platform.supervisor.ending:
            _welcome(values, simulated=options.simulate)
        platform.supervisor.run()
    finally:
        console.print("Stopping …")
        platform.stop()
        console.print("Stopped.")


def _welcome(values: environment.Environment, *, simulated: bool) -> None:
    console.print(
        f"\n[bold]OneCity[/bold] runs at [bold]{values.base_url}[/bold]   (data: {values.home}; Ctrl-C stops)"
    )
    if values.production:
        return
    data = "the stations are simulated" if simulated else "no station is simulated"
    console.print(f"[yellow]Demonstration mode: the accounts below are public, {data}.[/yellow]")
    table = Table(box=None, pad_edge=False)
    for column in ("Account", "Password", "Who"):
        table.add_column(column)
    for account in demo.ACCOUNTS:
        table.add_row(account.username, demo.PASSWORD, str(account.title))
    console.print(table)
