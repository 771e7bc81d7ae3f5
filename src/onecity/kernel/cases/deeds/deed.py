"""A deed: an entry in the history that changes something beside the state, if the case's type provides for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import changing, permissions
from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.provisions import Choice, reason_named
from onecity.kernel.cases.models import Case, CaseEvent

Data = Mapping[str, Any]


def nothing(work: Work, made: CaseEvent) -> None:
    """Nothing follows."""


@dataclass(frozen=True)
class Deed:
    """One deed.

    `offered`: whether it can be done with this case now, from the case and its type alone. `do` checks what was sent
    (Problem 422), changes the locked case and returns what goes into the history; it writes nothing. `after` writes what
    follows, once the entry is written here: where the case is at home elsewhere, it is done there.
    """

    name: str
    title: object
    permission: Callable[[Definition], str]
    offered: Callable[[Case, Definition], bool]
    do: Callable[[Work], Data]
    after: Callable[[Work, CaseEvent], None] = nothing
    moves_clock: bool = False
    asks: tuple[str, ...] = ()


def handles(_definition: Definition) -> str:
    """Whoever handles the case may do it."""
    return permissions.HANDLE


def helps(_definition: Definition) -> str:
    """Whoever handles the case, and those of a body that was asked to help, may do it."""
    return changing.HELP


def dispatches(_definition: Definition) -> str:
    """Whoever dispatches may do it."""
    return permissions.DISPATCH


def note_of(work: Work) -> str:
    """The words that this deed needs; raises Problem 422 without them."""
    if not work.act.note:
        raise changing.invalid("note", _("Say why; the next person reads it."))
    return work.act.note


def ground_of(work: Work, choices: tuple[Choice, ...]) -> str:
    """The code of the ground given, where the type has a list of them; raises Problem 422 for another or none."""
    code = str(work.act.data.get("reason", ""))
    if choices and reason_named(choices, code) is None:
        raise changing.invalid("reason", _("Choose the ground."))
    return code if choices else ""
