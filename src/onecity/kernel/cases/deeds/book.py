"""All deeds by name, and what follows a step of the life cycle."""

from collections.abc import Mapping
from typing import Final

from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.deeds import clock, helping, parts, speaking
from onecity.kernel.cases.deeds.deed import Deed

DEEDS: Final[Mapping[str, Deed]] = {
    deed.name: deed for deed in (*speaking.DEEDS, *clock.DEEDS, *helping.DEEDS, *parts.DEEDS)
}


def after_step(work: Work) -> None:
    """What follows a step that was taken here."""
    parts.ended(work.case)
