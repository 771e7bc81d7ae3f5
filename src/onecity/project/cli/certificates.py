"""Commands for certificates: their kinds as files, and the keys that sign them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onecity.kernel.records.certificates import types
from onecity.kernel.records.keys import store
from onecity.kernel.records.models import IssuerKey
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
certificates_app = group()


@certificates_app.command("install", cls=Command, help=_("Install the kinds of certificate of a file."))
@with_database
def install(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=_("JSON file of kinds of certificate."))],
) -> None:
    """Install every kind of the file, or nothing; a version that is there already stays."""
    console.print(_("{n} new versions").format(n=types.install_file(file.read_bytes())))


@certificates_app.command("export", cls=Command, help=_("Write the kinds of certificate in force as a file."))
@with_database
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help=_("JSON file to write."))],
) -> None:
    """Write the newest version of every kind; an existing file is replaced."""
    file.write_text(types.export(), encoding="utf-8")
    console.print(_("written to {file}").format(file=file))


@certificates_app.command("keys", cls=Command, help=_("List the keys that sign certificates."))
@with_database
def keys() -> None:
    """One line a key: its name, since when it signs, and what became of it."""
    store.current()
    for row in IssuerKey.objects.all():
        console.print(f"{row.kid}  {row.signs_from:%Y-%m-%d %H:%M}  {_state(row)}", soft_wrap=True)


@certificates_app.command("rotate", cls=Command, help=_("Let a new key sign from now on; what is signed stays valid."))
@with_database
def rotate() -> None:
    """Make a key and retire the one before."""
    console.print(_("{kid} signs from now on").format(kid=store.rotate().kid), soft_wrap=True)


@certificates_app.command(
    "withdraw", cls=Command, help=_("Believe nothing any more that a key signed: somebody else may have it.")
)
@with_database
def withdraw(
    kid: Annotated[str, typer.Argument(help=_("Name of the key, as “keys” lists it."))],
) -> int:
    """Withdraw a key; exit code 1 where there is none of this name."""
    try:
        store.withdraw(kid)
    except IssuerKey.DoesNotExist:
        console.print(_("There is no key {kid}.").format(kid=kid), soft_wrap=True)
        return 1
    console.print(_("{kid} is not believed any more").format(kid=kid), soft_wrap=True)
    return 0


def _state(row: IssuerKey) -> str:
    if row.compromised_at:
        return _("withdrawn")
    return _("retired") if row.retired_at else _("signs")
