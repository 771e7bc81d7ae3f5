"""Which unit should go to an urgent case, with the reason in words and what each other one would need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from onecity.kernel.cases.dispatching import demand, speeds, units
from onecity.kernel.cases.dispatching.logic.choosing import Chosen, Fleet, Floats, Policy, choose
from onecity.kernel.cases.dispatching.logic.explaining import Reason, explain
from onecity.kernel.cases.dispatching.logic.travel import TravelTimes
from onecity.kernel.cases.dispatching.urgent import Urgent
from onecity.kernel.cases.models import Unit, UnitState
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

# how long a unit is away for one case, on average: the cases that come meanwhile are those it is missed for
AWAY_MINUTES: Final = 60.0
# among so many, the nearest ones, one chooses another unit
MOST_OTHERS: Final = 8


@dataclass(frozen=True)
class Able:
    """A free unit that could go, and in how many minutes it would be there."""

    unit: Unit
    minutes: float


@dataclass(frozen=True)
class Suggestion:
    """For one case: who should go and why, and the nearest who could; nobody where `unit` is None."""

    case_id: UUID
    unit: Unit | None = None
    minutes: float = 0.0
    late: bool = False
    why: str = ""
    others: Sequence[Able] = field(default_factory=list)


@dataclass(frozen=True)
class _Force:
    """The units that can do what a case asks for, where they are, and what they cover."""

    units: list[Unit]
    lon: Floats
    lat: Floats
    fleet: Fleet
    expected: demand.Demand
    travel: TravelTimes


def suggest(wanted: Sequence[Urgent], crews: Sequence[Unit], account: Account) -> dict[UUID, Suggestion]:
    """A suggestion for each case; each as if it were the only one."""
    forces: dict[tuple[str, frozenset[str]], _Force | None] = {}
    found = {}
    for one in wanted:
        key = (one.case.district, one.skills)
        if key not in forces:
            forces[key] = _force(one, crews, account)
        found[one.case.id] = _suggestion(one, forces[key])
    return found


def _force(wanted: Urgent, crews: Sequence[Unit], account: Account) -> _Force | None:
    moment = now()
    located = [
        (unit, place)
        for unit in crews
        if wanted.skills.issubset(unit.skills) and units.on_shift(unit, moment)
        if (place := units.place_of(unit, moment)) is not None
    ]
    if not located:
        return None
    expected = demand.of(account, wanted.case.division_path)
    lon, lat = np.array([place for _unit, place in located], dtype=np.float64).T
    travel = speeds.grid(moment)
    minutes = travel.minutes(lon[:, None], lat[:, None], expected.lon[None, :], expected.lat[None, :])
    return _Force([unit for unit, _place in located], lon, lat, Fleet.of(minutes, expected.share), expected, travel)


def _suggestion(wanted: Urgent, force: _Force | None) -> Suggestion:
    case = wanted.case
    if force is None or case.lon is None or case.lat is None:
        return Suggestion(case.id)
    idle = np.array([unit.state == UnitState.FREE for unit in force.units])
    drives = force.travel.minutes(force.lon, force.lat, case.lon, case.lat)
    rules = Policy(threshold=wanted.within_minutes, ahead=force.expected.per_minute * AWAY_MINUTES)
    chosen = choose(force.fleet, drives, idle, rules)
    if chosen is None:
        return Suggestion(case.id)
    reason = explain(force.fleet, drives, idle, chosen, rules)
    able = sorted(
        (Able(unit, float(drives[n])) for n, unit in enumerate(force.units) if idle[n]), key=lambda one: one.minutes
    )
    late = chosen.minutes > wanted.within_minutes
    words = _words(force, chosen, reason)
    return Suggestion(case.id, force.units[chosen.unit], chosen.minutes, late, words, able[:MOST_OTHERS])


def _words(force: _Force, chosen: Chosen, reason: Reason) -> str:
    minutes = f"{reason.minutes:.0f}"
    if reason.kind == "only" or reason.other is None:
        return _("There in %(minutes)s min; no other unit that can do this is free.") % {"minutes": minutes}
    other = {"minutes": minutes, "other": force.units[reason.other].name}
    if reason.kind == "nearest" or reason.place is None:
        return _("The nearest: there in %(minutes)s min; %(other)s would need %(longer)s min.") % {
            **other, "longer": f"{reason.other_minutes:.0f}",
        }  # fmt: skip
    sooner = chosen.minutes - reason.other_minutes
    return _(
        "There in %(minutes)s min. %(other)s would be there %(sooner)s min sooner, but would leave %(place)s uncovered."
    ) % {**other, "sooner": f"{sooner:.1f}", "place": _place(force, reason.place)}


def _place(force: _Force, at: int) -> str:
    lon, lat = force.expected.lon[at : at + 1], force.expected.lat[at : at + 1]
    path = places.locate(lon, lat)[0]
    return places.title_for(path) if path else f"{float(lon[0]):.2f}, {float(lat[0]):.2f}"
