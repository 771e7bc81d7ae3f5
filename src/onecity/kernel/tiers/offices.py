"""Offices across a link: each installation has its own, so what is said of one travels with its code, name and division."""

from collections.abc import Mapping
from typing import Any

from onecity.kernel.people.models import Organisation


def known_as(identity: str, office: Mapping[str, Any]) -> str:
    """The id here of an office of the other side; one that is not here is added. Raises KeyError for half a description."""
    path = str(office["division_path"])
    known = (
        Organisation.objects.filter(id=identity)
        | Organisation.objects.filter(code=office["code"], division_path=path)
        | Organisation.objects.filter(name=office["name"], division_path=path)
    ).first()
    if known is None:
        taken = Organisation.objects.filter(code=office["code"]).exists()
        code = f"{office['code']}@{path.rstrip('/').rpartition('/')[2]}" if taken else str(office["code"])
        known = Organisation.objects.create(id=identity, code=code[:64], name=office["name"], division_path=path)
    return str(known.id)


def ids(body: Mapping[str, Any]) -> dict[str, str]:
    """For the offices that a message names: their ids there and here."""
    return {str(identity): known_as(str(identity), office) for identity, office in (body.get("offices") or {}).items()}


def translated(value: Any, ids_: Mapping[str, str]) -> Any:
    """The same with the ids of here, however deep they stand."""
    if isinstance(value, str):
        return ids_.get(value, value)
    if isinstance(value, list):
        return [translated(one, ids_) for one in value]
    if isinstance(value, dict):
        return {name: translated(one, ids_) for name, one in value.items()}
    return value
