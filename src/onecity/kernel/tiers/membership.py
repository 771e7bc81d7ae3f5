"""What a town keeps of its district outside the database, since its broker needs it before there is one: address and key."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from onecity.kernel.telemetry.broker import Certificate, Federation
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.tiers.logic import brokers, names

FILE = "district.json"
TOWNS = "towns.conf"


class Place(msgspec.Struct, frozen=True):
    """One division as the town gets it; `outline` is WKB in hexadecimal digits, "" where there is none."""

    code: str
    name: str
    level: str
    parent: str
    lon: float | None
    lat: float | None
    located: bool
    approximate: bool
    source: str
    outline: str


class Welcome(msgspec.Struct, frozen=True):
    """What a town gets for its token."""

    town: str
    name: str
    division_path: str
    slot: int
    seed: str
    installation: UUID
    places: list[Place]


class Membership(msgspec.Struct, frozen=True):
    """A town's membership: its welcome, and how the district's broker is reached (`authority`: PEM file, "" for none)."""

    parent: str
    welcome: Welcome
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the district's broker listens for towns."""

    port: int
    host: str = "127.0.0.1"
    certificate: Certificate | None = None


def read(home: Path) -> Membership | None:
    """The membership of the town in this folder, None where it has none. Raises ValueError for a damaged file."""
    path = _secret(home, FILE)
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Membership)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def write(home: Path, membership: Membership) -> None:
    """Keep a membership, readable by nobody else."""
    keep(_secret(home, FILE), msgspec.json.format(msgspec.json.encode(membership)).decode())


def towns(home: Path) -> Path:
    """Where the district's broker looks for the towns that may come in."""
    return _secret(home, TOWNS)


def federation(home: Path, secret: str, tier: str, door: Door) -> Federation | None:
    """What the broker of an installation of this tier must be told beside its own matters; None where it stands alone."""
    password = BrokerKeys.derive(secret).password
    if tier == names.DISTRICT:
        file = towns(home)
        if not file.exists():
            keep(file, brokers.towns_file(password, ()))
        return brokers.district(file, secret, port=door.port, host=door.host, certificate=door.certificate)
    found = read(home) if tier else None
    if found is None:
        return None
    welcome, authority = found.welcome, Path(found.authority) if found.authority else None
    return brokers.town(brokers.Parent(found.parent, welcome.town, welcome.seed, authority), password)


def keep(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    temporary.replace(path)


def _secret(home: Path, name: str) -> Path:
    return home / "secrets" / name
