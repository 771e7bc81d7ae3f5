"""What residents may report: the kinds of case offered to them, under their classes."""

from typing import Final

from onecity.kernel.cases import catalogue, type_store
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.cases.types import in_language

# what somebody who is not sure asks for: a request for help, which a person sorts
UNSORTED: Final = "hotline_help"


def offered() -> list[InForce]:
    """Every kind in force that residents may choose."""
    return [kind for kind in type_store.all_in_force() if kind.definition.residents and kind.definition.manual]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Name and title of the kinds offered, under the class to which each belongs."""
    classes = {one.code: in_language(one.title) for one in catalogue.classes()}
    groups: dict[str, list[tuple[str, str]]] = {}
    for kind in offered():
        groups.setdefault(kind.definition.category, []).append((kind.name, kind.title))
    return [(classes.get(code, ""), groups[code]) for code in dict.fromkeys([*classes, *groups]) if code in groups]


def unsorted() -> str:
    """The kind for who is not sure; empty where none is offered."""
    names = [kind.name for kind in offered()]
    return UNSORTED if UNSORTED in names else next(iter(names), "")


def meant(name: str) -> str:
    """The kind that is opened: the one chosen, or the one for who is not sure."""
    return name or unsorted()
