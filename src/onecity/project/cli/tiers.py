"""Commands for the links between a district and its towns: invite, end, show, and what leaves the town."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onecity.kernel.core.clock import now
from onecity.kernel.tiers import enrolment, status
from onecity.kernel.tiers.models import Policy
from onecity.kernel.tiers.models.peer import Sharing
from onecity.project import environment
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
tiers_app = group()


@tiers_app.command("enrol", cls=Command, help=_("Invite a town; prints, once, what its first start needs."))
@with_database
def enrol(division: Annotated[str, typer.Option(help=_("Code of the town's division."))]) -> None:
    """Invite a town."""
    env = environment.read()
    invitation = enrolment.invite(division)
    console.print(_("{name} may join within 24 hours, once:").format(name=invitation.peer.name))
    scheme = "tls" if env.leaf_certificate else "nats"
    console.print(
        f"onecity up --tier town --division {division} --parent {scheme}://{env.leaf_host}:{env.leaf_port}"
        f" --token {invitation.token}",
        soft_wrap=True,
    )


@tiers_app.command("revoke", cls=Command, help=_("End a town's link; its key opens nothing any more."))
@with_database
def revoke(division: Annotated[str, typer.Option(help=_("Code of the town's division."))]) -> None:
    """End a town's link."""
    enrolment.revoke(division)
    console.print(_("{division}: the link has ended; what came from there stays").format(division=division))


@tiers_app.command("status", cls=Command, help=_("Show how each link stands."))
@with_database
def show() -> None:
    """Show the links."""
    table = Table(box=None, pad_edge=False)
    for column in (_("Code"), _("Name"), _("State"), _("Connected"), _("To send"), _("To take"), _("Remaining")):
        table.add_column(column)
    for one in status.links():
        left = f"{one.remaining.total_seconds():.0f} s" if one.remaining and one.behind else ""
        connected = _("yes") if one.connected else _("no")
        table.add_row(one.code, one.name, one.title, connected, str(one.waiting), str(one.behind), left)
    console.print(table)


@tiers_app.command(
    "keep", cls=Command, help=_("Say what the district gets of a kind of thing; without a line, everything.")
)
@with_database
def keep(
    kind: Annotated[str, typer.Argument(help=_("readings, entities, cases, files or reporters"))],
    sharing: Annotated[str, typer.Argument(help=_("all, aggregate, summary or none"))],
    type_name: Annotated[str, typer.Option("--type", help=_("Type of entity or of case."))] = "",
    attribute: Annotated[str, typer.Option(help=_("Attribute, of readings."))] = "",
    key: Annotated[str, typer.Option(help=_("Short name of one entity."))] = "",
    period: Annotated[int, typer.Option(min=60, help=_("Seconds over which a mean is taken."))] = 3600,
) -> None:
    """Write one line of the policy."""
    if kind not in dict(Policy.KINDS) or sharing not in Sharing.values:
        raise ValueError(_("Say readings, entities, cases, files or reporters, and all, aggregate, summary or none."))
    values = {"sharing": sharing, "period_seconds": period, "changed_at": now()}
    Policy.objects.update_or_create(kind=kind, type_name=type_name, attribute=attribute, key=key, defaults=values)
    for line in Policy.objects.order_by("kind", "type_name", "attribute", "key"):
        console.print(str(line))
