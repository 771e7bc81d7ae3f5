"""The first account of a real installation: somebody has to be able to sign in and give others their roles."""

from typing import Annotated

import typer
from django.db import transaction
from rich.console import Console

from onecity.kernel.access import audit
from onecity.kernel.people import roles, service
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)


@with_database
def administrator(
    username: Annotated[str, typer.Argument(help=_("Name to sign in with."))],
    display_name: Annotated[str, typer.Option("--name", help=_("The person's name."), prompt=_("Name of the person"))],
    password: Annotated[
        str,
        typer.Option(
            envvar="ONECITY_ADMINISTRATOR_PASSWORD", prompt=_("Password"), confirmation_prompt=True, hide_input=True
        ),
    ],
) -> None:
    """Create an administrator, who then gives others their accounts and roles at the desk."""
    with transaction.atomic():
        roles.sync()
        account = service.create_account(username, display_name=display_name, password=password, is_superuser=True)
        service.assign_role(account, "administrator", "")
        audit.record(
            "account.created",
            actor_id=None,
            object_type="account",
            object_id=str(account.id),
            detail={"username": account.username, "by": "command line"},
        )
    console.print(_("{name} may sign in now; add a second factor there at once.").format(name=account.username))
