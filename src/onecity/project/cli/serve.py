"""`onecity serve NAME`: one of the platform's own processes; started by the supervisor or by systemd."""

from typing import Annotated

import typer

from onecity.project import processes
from onecity.project.language import gettext as _


def serve(
    name: Annotated[str, typer.Argument(help=_("gateway, pipeline, worker, notifier, fieldbus, tiers or sim"))],
) -> None:
    """Run one process of the platform in the foreground until it is told to end."""
    if name not in processes.RUN:
        raise typer.BadParameter(
            _("there is no process “{name}”; there are {known}").format(
                name=name, known=", ".join(sorted(processes.RUN))
            )
        )
    processes.RUN[name]()
