"""What is handed to the archive when a matter is closed: its files by part, who and what it was about, how long it is kept."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Part = Literal["application", "process", "result"]

# how the parts of a matter are named in the package: applied for, handled, decided. DA/T 85-2019 orders electronic files of
# government services so; its official text was not at hand, so names and order are one table to be checked against it.
PARTS: Final[Mapping[Part, str]] = {"application": "1-申请材料", "process": "2-办理过程", "result": "3-办理结果"}


@dataclass(frozen=True, slots=True)
class Document:
    """One file: the part it belongs to, the name it had, its bytes, and when and by whom it was made."""

    part: Part
    name: str
    content: bytes = field(repr=False)
    made_at: dt.datetime
    made_by: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """One step of the handling: when, what, by whom in which office."""

    at: dt.datetime
    what: str
    who: str = ""
    office: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """A closed matter (办件): `number` as its parties know it, `kind` the code of the service or of the case.

    `fonds` is the archive code of the body that keeps it (全宗号), `retention` a code of retention.PERIODS, `restricted`
    whether only whoever was allowed to may read the files. `about` are further facts by their names, for the metadata.
    """

    source_key: str
    number: str
    kind: str
    title: str
    fonds: str
    office: str
    division_path: str
    party: str
    opened_at: dt.datetime
    closed_at: dt.datetime
    outcome: str
    retention: str
    documents: tuple[Document, ...] = ()
    deeds: tuple[Deed, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    restricted: bool = True
