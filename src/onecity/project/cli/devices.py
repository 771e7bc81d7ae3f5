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
from onecity.project.stack.offline import with_database

console = Console(highlight=False)
device_app = typer.Typer(no_args_is_help=True)


@device_app.command("add")
@with_database
def add(
    name: Annotated[str, typer.Argument(help="What people call the station.")],
    type_name: Annotated[str, typer.Option("--type", help="Entity type, for example AirQualityObserved.")],
    key: Annotated[str, typer.Option(help="Short name of the entity on the wire, for example school-roof-3.")],
    lon: Annotated[float, typer.Option(help="Longitude, WGS-84, degrees.")],
    lat: Annotated[float, typer.Option(help="Latitude, WGS-84, degrees.")],
    public: Annotated[bool, typer.Option(help="Residents may see its readings.")] = False,
    replace: Annotated[bool, typer.Option(help="Give an existing station this device, name and position.")] = False,
) -> None:
    """Register a station and its device; prints the device's id and, once, its secret."""
    entity_type = _entity_type(type_name)
    division = places.locate(lon, lat)[0]
    if not division:
        raise RuntimeError(f"{lon}, {lat} lies in no division that is loaded; check the position (longitude first).")
    if not replace and Entity.objects.filter(type=entity_type.name, key=key).exists():
        raise RuntimeError(
            f"There is a station {key!r} already; nothing was changed. --replace gives it this new device."
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
    console.print(f"entity    {entity.urn} in {places.title_for(division)}")
    console.print(f"device    {device.id}\nsecret    {secret}   (not shown again)")
    console.print(f"HTTP      Authorization: Bearer {device.id}.{secret}", soft_wrap=True)
    console.print(f"MQTT      user {device.id}, the secret as password, topic telemetry/{device.id}", soft_wrap=True)


@device_app.command("rotate")
@with_database
def rotate(device_id: Annotated[UUID, typer.Argument()]) -> None:
    """Give a device a new secret; the old one ends at once."""
    console.print(f"secret    {telemetry.rotate_secret(device_id)}   (not shown again)")


@device_app.command("revoke")
@with_database
def revoke(device_id: Annotated[UUID, typer.Argument()]) -> None:
    """End a device's right to send; what it sent stays."""
    telemetry.revoke_device(device_id)
    console.print(f"{device_id} may no longer send")


def _entity_type(name: str) -> EntityType:
    known = {entity_type.name: entity_type for domain in domains.load() for entity_type in domain.entity_types}
    if name not in known:
        raise RuntimeError(f"There is no entity type {name!r}; there are {', '.join(sorted(known))}.")
    return known[name]
