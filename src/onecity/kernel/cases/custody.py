"""Where a case is at home: an installation may follow a case whose history another one writes (see the package tiers)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    # custodians register before there are models
    from onecity.kernel.cases.models import Case, CaseEvent


class Custodian(Protocol):
    """Knows which cases are at home elsewhere."""

    def takes(self, case: "Case", event: "CaseEvent") -> bool:
        """Whether this change of a case was sent to where the case is at home; then nothing is written here.

        Called in the transaction of the change, with the case as it would become. Where the change itself sends the case
        away, it may add to both what has to be written with it, and returns False.
        """
        ...

    def elsewhere(self, case_ids: Sequence[UUID]) -> set[UUID]:
        """Those of these cases that are at home elsewhere."""
        ...

    def awaited(self, digests: Sequence[str]) -> dict[str, str]:
        """Of files that are not here, by their SHA-256: that they come, or why they do not, in a sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who did on another installation what is written here; that account is not known here."""

    id: UUID | None
    name: str


_custodians: list[Custodian] = []
_speaker: ContextVar[Speaker | None] = ContextVar("speaker", default=None)


def register(custodian: Custodian) -> None:
    """Ask this one too before a case is changed."""
    _custodians.append(custodian)


def takes(case: "Case", event: "CaseEvent") -> bool:
    """Whether somebody else writes this change."""
    return any(custodian.takes(case, event) for custodian in _custodians)


def elsewhere(case_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these cases whose history is written elsewhere."""
    return {found for custodian in _custodians for found in custodian.elsewhere(case_ids)}


def awaited(digests: Sequence[str]) -> dict[str, str]:
    """Of files that are not here and that somebody knows of, in a sentence: that they come, or why they do not."""
    found: dict[str, str] = {}
    for custodian in _custodians:
        found |= custodian.awaited(digests)
    return found


def speaker() -> Speaker | None:
    """Who acts through us now, if somebody does."""
    return _speaker.get()


@contextmanager
def speaking(who: Speaker) -> Iterator[None]:
    """Write what happens within under this name."""
    token = _speaker.set(who)
    try:
        yield
    finally:
        _speaker.reset(token)
