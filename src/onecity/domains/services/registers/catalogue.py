"""Which registers there are and what each can be asked for: the ground on which items name their sources.

Field grades follow the usual four (1 open, 2 internal, 3 personal, 4 sensitive): from 4 on the person has to agree first.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["text", "date", "number", "flag", "list"]
CONSENT_FROM = 4


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a register knows."""

    name: str
    title: Mapping[str, str]
    kind: Kind = "text"
    grade: int = 3


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One register: the office that keeps it, the catalogue entry under which it is shared, whom it is about."""

    name: str
    title: Mapping[str, str]
    holder: Mapping[str, str]
    system: str
    entry: str
    about: tuple[Literal["person", "company"], ...]
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of this name, if the register has it."""
        return next((one for one in self.fields if one.name == name), None)


@cache
def registers() -> Mapping[str, Register]:
    """All registers by name."""
    data = (Path(__file__).parent / "data" / "registers.json").read_bytes()
    return {one.name: one for one in msgspec.json.decode(data, type=tuple[Register, ...])}


def unknown(register: str, fields: tuple[str, ...]) -> list[str]:
    """What of this no register answers: the register's name, or `register.field` for each field that it has not."""
    found = registers().get(register)
    if found is None:
        return [register]
    return [f"{register}.{name}" for name in fields if found.field(name) is None]


def needs_consent(register: str, fields: tuple[str, ...]) -> bool:
    """Whether the person has to agree before these fields are asked for."""
    found = registers()[register]
    return any(one.grade >= CONSENT_FROM for one in found.fields if one.name in fields)
