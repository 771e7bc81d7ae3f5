"""Commands for those who run the platform: check every part, prove the audit trail, save and restore."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onecity.kernel.access import audit
from onecity.project import backup as saving
from onecity.project import doctor as checking
from onecity.project import environment
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
audit_app = group()
MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "fault": "[red]✗[/red]"}


def doctor() -> None:
    """Check every part and say how to mend what is wrong."""
    faults, colon = 0, _(": ")
    for finding in checking.examine(environment.read()):
        faults += finding.state == "fault"
        console.print(f"{MARKS[finding.state]} {finding.part}{colon}{finding.text}", soft_wrap=True)
        if finding.mend:
            console.print(f"    → {finding.mend}", soft_wrap=True)
    if faults:
        raise RuntimeError(_("{n} parts need mending.").format(n=faults))


@audit_app.command(
    "verify",
    cls=Command,
    help=_("Recompute the hash chains of the audit trail; names each changed, removed or inserted row."),
)
@with_database
def verify() -> None:
    """Recompute the hash chains of the audit trail; names each changed, removed or inserted row."""
    report = audit.verify()
    for fault in report.faults:
        console.print(f"[red]✗[/red] {fault}", soft_wrap=True)
    if report.faults:
        raise RuntimeError(_("{n} faults in {all:,} audit events.").format(n=len(report.faults), all=report.checked))
    console.print("[green]✓[/green] " + _("{all:,} audit events, every chain is whole.").format(all=report.checked))


def backup(
    file: Annotated[Path, typer.Argument(help=_("Where the archive is written, for example onecity.tar."))],
    with_secrets: Annotated[bool, typer.Option(help=_("Include keys; keep such an archive locked away."))] = False,
) -> None:
    """Save database and uploads into one archive while the platform runs."""
    size = saving.save(environment.read(), file, with_secrets=with_secrets, report=console.print)
    console.print(f"[green]✓[/green] {file} ({size / 1e6:.1f} MB)")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help=_("Replace what is there without asking."))] = False,
) -> None:
    """Replace database and uploads by those of an archive; the platform must be stopped."""
    if not yes:
        typer.confirm(_("Everything in this installation is replaced by the archive. Go on?"), abort=True)
    saving.restore(environment.read(), file, report=console.print)
    console.print("[green]✓[/green] " + _("restored; start the platform again"))
