"""Commands for whoever installs sensors: register one with its entity, give it a new secret, end its right to send."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from onecity.kernel.places import service as places
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity
from onecity.project import domains
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
device_app = group()


@device_app.command(
    "add", cls=Command, help=_("Register a station and its device; prints the device's id and, once, its secret.")
)
@with_database
def add(
    name: Annotated[str, typer.Argument(help=_("What people call the station."))],
    type_name: Annotated[str, typer.Option("--type", help=_("Entity type, for example AirQualityObserved."))],
    key: Annotated[str, typer.Option(help=_("Short name of the entity on the wire, for example school-roof-3."))],
    lon: Annotated[float, typer.Option(help=_("Longitude, WGS-84, degrees."))],
    lat: Annotated[float, typer.Option(help=_("Latitude, WGS-84, degrees."))],
    public: Annotated[bool, typer.Option(help=_("Residents may see its readings."))] = False,
    replace: Annotated[bool, typer.Option(help=_("Give an existing station this device, name and position."))] = False,
) -> None:
    """Register a station and its device; prints the device's id and, once, its secret."""
    entity_type = _entity_type(type_name)
    division = places.locate(lon, lat)[0]
    if not division:
        raise RuntimeError(
            _("{lon}, {lat} lies in no division that is loaded; check the position (longitude first).").format(
                lon=lon, lat=lat
            )
        )
    if not replace and Entity.objects.filter(type=entity_type.name, key=key).exists():
        raise RuntimeError(
            _("There is a station “{key}” already; nothing was changed. --replace gives it this new device.").format(
                key=key
            )
        )
    device, secret = telemetry.create_device(name, division)
    entity = twin.upsert_entity(
        type=entity_type,
        key=key,
        name=name,
        division_path=division,
        lon=lon,
        lat=lat,
        device_id=device.id,
        public=public,
    )
    console.print(_("entity    {urn} in {place}").format(urn=entity.urn, place=places.title_for(division)))
    console.print(_("device    {id}").format(id=device.id))
    console.print(_("secret    {secret}   (not shown again)").format(secret=secret))
    console.print(f"HTTP      Authorization: Bearer {device.id}.{secret}", soft_wrap=True)
    console.print(
        _("MQTT      user {id}, the secret as password, topic telemetry/{id}").format(id=device.id), soft_wrap=True
    )


@device_app.command("rotate", cls=Command, help=_("Give a device a new secret; the old one ends at once."))
@with_database
def rotate(device_id: Annotated[UUID, typer.Argument()]) -> None:
    """Give a device a new secret; the old one ends at once."""
    secret = telemetry.rotate_secret(device_id)
    console.print(_("secret    {secret}   (not shown again)").format(secret=secret))


@device_app.command("revoke", cls=Command, help=_("End a device's right to send; what it sent stays."))
@with_database
def revoke(device_id: Annotated[UUID, typer.Argument()]) -> None:
    """End a device's right to send; what it sent stays."""
    telemetry.revoke_device(device_id)
    console.print(_("{id} may no longer send").format(id=device_id))


def _entity_type(name: str) -> EntityType:
    known = {entity_type.name: entity_type for domain in domains.load() for entity_type in domain.entity_types}
    if name not in known:
        raise RuntimeError(
            _("There is no entity type “{name}”; there are {known}.").format(name=name, known=", ".join(sorted(known)))
        )
    return known[name]
