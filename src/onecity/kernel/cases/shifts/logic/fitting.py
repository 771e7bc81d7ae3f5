"""Who on duty fits a case best: able to do it, close to the place, with little else to do; in that order, explained."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

# a duty one level further up counts like so many more open cases: who has the village knows it better than who has the town
LEVEL_COSTS: Final = 2
# an overdue case of somebody weighs like so many others: he is behind already
OVERDUE_COSTS: Final = 2


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody on duty: where, until when, able to do what, with how many open and overdue cases."""

    account_id: UUID
    division_path: str
    until: dt.datetime
    skills: frozenset[str]
    open_cases: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """How somebody fits: `above` levels between his area and the place, `missing` skills, and the weight (less is better)."""

    person: OnDuty
    above: int
    missing: frozenset[str]

    @property
    def weight(self) -> int:
        """What he has to do, with the distance of his area counted in."""
        return self.person.open_cases + OVERDUE_COSTS * self.person.overdue + LEVEL_COSTS * self.above


def rank(people: Iterable[OnDuty], division_path: str, needs: frozenset[str], moment: dt.datetime) -> list[Fit]:
    """Those on duty whose area holds the place, best first; each once, with his closest area.

    Whoever lacks a skill comes after all who have them.
    """
    closest: dict[UUID, OnDuty] = {}
    for one in people:
        if not division_path.startswith(one.division_path) or one.until <= moment:
            continue
        known = closest.get(one.account_id)
        if known is None or len(one.division_path) > len(known.division_path):
            closest[one.account_id] = one
    fits = [
        Fit(one, division_path.count("/") - one.division_path.count("/"), needs - one.skills)
        for one in closest.values()
    ]
    return sorted(fits, key=lambda fit: (len(fit.missing), fit.weight, fit.above, str(fit.person.account_id)))
