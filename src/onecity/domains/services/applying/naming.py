"""What registers and their fields are called, in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onecity.domains.services.registers import catalogue
from onecity.kernel.cases.types import in_language


@dataclass(frozen=True, slots=True)
class Named:
    """A register with its name and who keeps it."""

    key: str
    title: str
    holder: str
    sensitive: tuple[str, ...] = ()


def register(name: str) -> Named:
    """A register as people read it; its own name where the catalogue does not have it."""
    found = catalogue.registers().get(name)
    if found is None:
        return Named(name, name, "")
    sensitive = tuple(in_language(one.title) for one in found.fields if one.grade >= catalogue.CONSENT_FROM)
    return Named(name, in_language(found.title), in_language(found.holder), sensitive)


def field(register_name: str, name: str) -> str:
    """A field of a register as people read it."""
    found = catalogue.registers().get(register_name)
    one = found.field(name) if found else None
    return in_language(one.title) if one else name


def source(dotted: str) -> str:
    """`register.field` as people read it: the register that said so."""
    return register(dotted.partition(".")[0]).title


def values(register_name: str, found: Mapping[str, object]) -> list[tuple[str, object]]:
    """What a register said, with the names of its fields."""
    return [(field(register_name, name), value) for name, value in found.items() if value is not None and value != ""]


def of_inputs(names: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """What inputs of a table named `register.field` are called, in every language."""
    found: dict[str, Mapping[str, str]] = {}
    for name in names:
        register_name, _dot, field_name = name.partition(".")
        book = catalogue.registers().get(register_name)
        one = book.field(field_name) if book else None
        if one is not None:
            found[name] = one.title
    return found
