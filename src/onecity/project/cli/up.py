"""`onecity up`: the whole platform on this machine, until Ctrl-C."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onecity.kernel.people import demo
from onecity.project import environment, joining, production
from onecity.project.language import gettext as _
from onecity.project.stack.platform import Options, Platform

console = Console(highlight=False)


def up(
    adcode: Annotated[str, typer.Option(help=_("Six-digit code of the district to load at first start."))] = "",
    production_mode: Annotated[
        bool, typer.Option("--production", help=_("Refuse demonstration accounts, default secrets and plain HTTP."))
    ] = False,
    simulate: Annotated[bool, typer.Option(help=_("Run the simulated district (demonstration only)."))] = True,
    workers: Annotated[int, typer.Option(min=1, max=64, help=_("Web processes."))] = 1,
    tier: Annotated[str, typer.Option(help=_("town or district; without it the installation stands alone."))] = "",
    parent: Annotated[
        str, typer.Option(help=_("Of a town: the district's door for towns, nats://host:port or tls://host:port."))
    ] = "",
    division: Annotated[str, typer.Option(help=_("Of a town: the code of its division."))] = "",
    token: Annotated[
        str, typer.Option(help=_("Of a town, at its first start: what `onecity tiers enrol` printed at the district."))
    ] = "",
) -> None:
    """Start database, broker, web, gateway, pipeline, worker and, in demonstration mode, the simulated district."""
    values = joining.arrange(environment.read(), tier, joining.Wish(parent, division, token))
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
        console.print(_("Stopping …"))
        platform.stop()
        console.print(_("Stopped."))


def _welcome(values: environment.Environment, *, simulated: bool) -> None:
    text = _("[bold]OneCity[/bold] runs at [bold]{address}[/bold]   (data: {folder}; Ctrl-C stops)")
    console.print("\n" + text.format(address=values.base_url, folder=values.home))
    if values.production:
        return
    data = _("the stations are simulated") if simulated else _("no station is simulated")
    text = _("Demonstration mode: the accounts below are public, {data}.").format(data=data)
    console.print(f"[yellow]{text}[/yellow]")
    table = Table(box=None, pad_edge=False)
    for column in (_("Account"), _("Password"), _("Who")):
        table.add_column(column)
    for account in demo.ACCOUNTS:
        table.add_row(account.username, demo.PASSWORD, str(account.title))
    console.print(table)
