"""Runs a new decision table over past applications before it is published: who would have been decided otherwise, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from onecity.domains.services.applying import drafting
from onecity.domains.services.applying.models import Application, Outcome
from onecity.domains.services.items import store
from onecity.domains.services.items.logic import tables
from onecity.domains.services.items.logic.tables import OUTCOME, Deciding
from onecity.domains.services.items.models import ItemVersion, Sort
from onecity.kernel.rules.decisions.table import UndecidedError

MOST = 5_000
MOST_SHOWN = 50
SAID: Mapping[str, str] = {Outcome.ISSUED: "grant", Outcome.REFUSED: "refuse"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One past application that would end otherwise: what it was, what it would be, and the rules behind."""

    application_id: UUID
    before: str
    after: str
    fired: tuple[int, ...]
    reason: str = ""


@dataclass(frozen=True)
class Simulation:
    """What a table would have made of past applications: how many of each outcome before and after, and who differs."""

    looked_at: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    differences: Sequence[Difference]
    changed: int
    fired: Mapping[int, int]


def simulate(table: Deciding, applications: Sequence[Application]) -> Simulation:
    """Decide these applications by a table, writing nothing."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    fired: Counter[int] = Counter()
    found: list[Difference] = []
    for one in applications:
        was = SAID.get(one.outcome, "person")
        now_, rules, reason = outcome_of(table, one.facts)
        before[was] += 1
        after[now_] += 1
        fired.update(rules)
        if was != now_:
            found.append(Difference(one.id, was, now_, rules, reason))
    return Simulation(
        len(applications), dict(before), dict(after), found[:MOST_SHOWN], len(found), dict(sorted(fired.items()))
    )


def outcome_of(table: Deciding, known: Mapping[str, Any]) -> tuple[str, tuple[int, ...], str]:
    """What a table says of these facts, by which rules; a person decides where it says nothing."""
    try:
        decision = table.decide(drafting.values_of(table, known))
    except UndecidedError as error:
        return "person", (), f"{error.reason}: {error.where}"
    row = decision.rows[0] if decision.rows else {}
    return str(row.get(OUTCOME) or "person"), decision.fired, ""


def past(table_name: str, most: int = MOST) -> list[Application]:
    """The applications that a table of this name decided, or a person in its place, newest first."""
    rows = Application.objects.filter(table_name=table_name, outcome__in=[Outcome.ISSUED, Outcome.REFUSED])
    return list(rows.order_by("-decided_at")[:most])


def of_version(version_id: UUID) -> tuple[ItemVersion, Simulation]:
    """A draft or version of a table over the past applications of the same name; raises Problem 404, and TableError."""
    version = ItemVersion.objects.select_related("item").filter(id=version_id, item__sort=Sort.TABLE).first()
    if version is None:
        raise store.unknown()
    return version, simulate(tables.read(version.content), past(version.item.code))
