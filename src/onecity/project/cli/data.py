"""Commands that bring data in: a district, demonstration accounts, a recorded data set, another system's client."""

import os
from pathlib import Path
from typing import Annotated

import typer
from django.core.management import call_command
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from onecity.kernel.people import demo as demo_accounts
from onecity.kernel.people import oidc, roles
from onecity.kernel.places import district, service
from onecity.kernel.places.models import Division
from onecity.kernel.records.seals import demonstration as demo_seals
from onecity.kernel.registry import sync
from onecity.project import domains, environment, joining
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database
from onecity.sim import replay as replaying

console = Console(highlight=False)
client_app = group()


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )


@with_database
def init(
    adcode: Annotated[str, typer.Option(help=_("Six-digit code of the district, for example 330106."))],
    points: Annotated[Path | None, typer.Option(help=_("CSV with code,name,lon,lat of towns and villages."))] = None,
    outline: Annotated[Path | None, typer.Option(help=_("Official GeoJSON outline of the district."))] = None,
    archives: Annotated[
        Path | None, typer.Option(help=_("Folder with the two npm archives, for a machine without network."))
    ] = None,
) -> None:
    """Load a district: its outline, towns and villages. A second run changes nothing."""
    with _progress() as bar:
        task = bar.add_task("", total=1.0)
        report = district.load(
            adcode,
            progress=lambda step, share: bar.update(task, description=step, completed=share),
            points_csv=points,
            outline_geojson=outline,
            archives=_archives(archives) if archives else None,
        )
    console.print(str(report))


def _archives(folder: Path) -> dict[str, Path]:
    found = {package.name: folder / package.file_name for package in district.PACKAGES}
    if missing := [path.name for path in found.values() if not path.is_file()]:
        raise RuntimeError(
            _("{folder} lacks {files}; “npm pack” brings them.").format(folder=folder, files=", ".join(missing))
        )
    return found


@with_database
def demo() -> None:
    """Create the demonstration accounts (their passwords are public; production refuses them)."""
    root = service.root()
    if root is None:
        raise RuntimeError(_("Load a district first: “onecity init --adcode N”."))
    marker = environment.read().home / "run" / "demo"
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    made = demo_accounts.create(_demo_divisions(root))
    demo_seals.install()
    console.print(_("{n} demonstration accounts").format(n=len(made)))


def _demo_divisions(root: Division) -> demo_accounts.DemoDivisions:
    towns = service.children(root.path)
    first = towns[0] if towns else root
    second = towns[1] if len(towns) > 1 else first
    villages = service.children(first.path)
    village = villages[0] if villages else first
    return demo_accounts.DemoDivisions(*((division.path, division.name) for division in (root, first, second, village)))


def prepare(
    adcode: Annotated[str, typer.Option()] = "",
    archives: Annotated[Path | None, typer.Option()] = None,
    with_demo: Annotated[bool, typer.Option("--demo")] = False,
) -> None:
    """Bring schema, declarations and data up to date before the platform starts; run by `up`."""
    _step(_("Database schema"))
    call_command("migrate", interactive=False, verbosity=0)
    _step(_("Declarations of the domains"))
    roles.sync()
    sync.run(domains.load())
    for module in domains.modules("installing"):
        module.run()
    if environment.read().tier == "town":
        joining.settle()
    if adcode and service.root() is None:
        _step(_("District {code}").format(code=adcode))
        init(adcode, archives=archives)
    elif not adcode and service.root() is None:
        console.print(_("No district is loaded yet: run “onecity init --adcode N”."))
    if with_demo and service.root() is not None:
        demo()


def _step(text: str) -> None:
    console.print(f"[dim]·[/dim] {text}")


def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=_("A .csv or .csv.gz of observations."))],
    profile: Annotated[str, typer.Option(help=_("How the file is to be read."))],
    speed: Annotated[
        str, typer.Option(help=_("Speed-up, for example 3600 = one hour a second; max = no waiting."))
    ] = "max",
    shift: Annotated[
        str, typer.Option(help=_("now: the last reading becomes now, by whole weeks; original: keep."))
    ] = "now",
    division: Annotated[str, typer.Option(help=_("Path of the division in which the stations stand."))] = "",
    time_zone: Annotated[str, typer.Option(help=_("Zone of local times in the file, where it states none."))] = "",
) -> None:
    """Stream a recorded data set through the same gateway that devices use, and check that every row arrived."""
    base_url = environment.read().base_url
    with _progress() as bar:
        task = bar.add_task(file.name, total=1.0)
        report = replaying.replay(
            file,
            profile,
            speed=speed,
            base_url=os.environ.get("ONECITY_INGEST_URL", base_url),
            shift=shift,
            division_path=division,
            time_zone=time_zone,
            progress=lambda text, share: bar.update(task, description=text, completed=share),
        )
    console.print(str(report))


@client_app.command(
    "add",
    cls=Command,
    help=_("Let another system sign its users in here (OpenID Connect); prints its id and, once, its secret."),
)
@with_database
def add_client(
    name: Annotated[str, typer.Argument(help=_("Name of the system, as its users will see it."))],
    redirect_uri: Annotated[list[str], typer.Option(help=_("Where users return to after signing in."))],
    after_logout: Annotated[
        list[str] | None, typer.Option(help=_("Where users may return to after signing out."))
    ] = None,
    backchannel_logout: Annotated[
        str, typer.Option(help=_("Where the system itself is told that a user signed out (back-channel log-out)."))
    ] = "",
) -> None:
    """Let another system sign its users in here (OpenID Connect); prints its id and, once, its secret."""
    client_id, secret = oidc.register_client(
        name, redirect_uri, after_logout=after_logout or (), backchannel_logout=backchannel_logout
    )
    console.print(f"client_id     {client_id}\nclient_secret {secret}\n" + _("(the secret is not shown again)"))
