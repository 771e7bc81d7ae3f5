"""Cases as people read them: kinds, states, places and names in words, for a whole list in a few queries."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from onecity.kernel.cases import calendars, directory, entries, type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.provisions import reason_named
from onecity.kernel.cases.models import Case, CaseEvent, Participant
from onecity.kernel.cases.types import in_language
from onecity.kernel.places import service as places


@dataclass(frozen=True)
class Row:
    """One case of a list in words."""

    case: Case
    kind: str
    state: str
    place: str
    assignee: str
    body: str

    @property
    def id(self) -> UUID:
        """The case's id."""
        return self.case.id


@dataclass(frozen=True)
class Step:
    """One entry of the history in words; `moved`: the state it led to, empty where it stayed."""

    event: CaseEvent
    title: object
    who: str
    moved: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One station on the usual way from opening to closing: passed (and when), here, or still to come."""

    title: str
    status: str
    at: dt.datetime | None


def rows(cases: Sequence[Case]) -> list[Row]:
    """The cases of a list in words, in the same order."""
    kinds = type_store.versions({(c.type_name, c.type_version) for c in cases})
    names = directory.names_of(c.assignee_id for c in cases)
    bodies = directory.bodies_named(c.organisation_id for c in cases)
    titles = places.titles_for({c.division_path for c in cases}, full=True)
    return [_row(case, kinds[case.type_name, case.type_version].definition, names, bodies, titles) for case in cases]


def _row(
    case: Case, kind: Definition, names: Mapping[UUID, str], bodies: Mapping[UUID, str], titles: Mapping[str, str]
) -> Row:
    return Row(
        case,
        in_language(kind.title),
        in_language(kind.state(case.state).title),
        titles[case.division_path],
        names.get(case.assignee_id, "") if case.assignee_id else "",
        bodies.get(case.organisation_id, "") if case.organisation_id else "",
    )


def history(case: Case, kind: Definition) -> list[Step]:
    """The history in words, newest first."""
    return [_step(event, kind) for event in CaseEvent.objects.filter(case_id=case.id).order_by("-version")]


def _step(event: CaseEvent, kind: Definition) -> Step:
    moved = in_language(kind.state(event.to_state).title) if event.to_state != event.from_state else ""
    data: Mapping[str, Any] = event.data
    details = tuple(str(data[name]) for name in ("assignee", "organisation", "name") if data.get(name))
    return Step(event, entries.title(kind, event.action), event.actor_name, moved, details)


def stages(case: Case, kind: Definition, steps: Iterable[Step]) -> list[Stage]:
    """The usual way of this kind of case with what has been reached, for the line of steps at the head of its page."""
    way = _usual_way(kind)
    reached: dict[str, dt.datetime] = {}
    for step in sorted(steps, key=lambda s: s.event.version):
        if step.event.to_state != step.event.from_state:
            reached[step.event.to_state] = step.event.at
    if case.state not in way:
        way = [*(name for name in way if name in reached), case.state]
    here = way.index(case.state)
    return [
        Stage(
            in_language(kind.state(name).title),
            "done" if i < here or (i == here and kind.state(name).final) else "here" if i == here else "",
            reached.get(name) if i <= here else None,
        )
        for i, name in enumerate(way)
    ]


@dataclass(frozen=True)
class Facts:
    """What the page of a case says beside its columns: when the first word is due, how it was settled, and by which
    conditions it is registered and closed."""

    word_due: dt.datetime | None
    result: str
    opens_when: str
    settled_when: str


def facts(case: Case, kind: Definition) -> Facts:
    """The facts of a case in the reader's language; `word_due` is None where no word is owed any more."""
    due = None
    if kind.contact is not None and case.is_open and case.contacted_at is None:
        within = kind.contact.within
        due = calendars.office().add(case.started_at, within.amount, within.unit)
    result = reason_named(kind.results, case.result)
    return Facts(
        due, in_language(result.title) if result else "", in_language(kind.opens_when), in_language(kind.settled_when)
    )


def participants(case: Case) -> list[tuple[Participant, str]]:
    """The bodies that were asked to help, each with its name."""
    found = list(Participant.objects.filter(case_id=case.id))
    names = directory.bodies_named(one.organisation_id for one in found)
    return [(one, names.get(one.organisation_id, "")) for one in found]


def _usual_way(kind: Definition) -> list[str]:
    """From the initial state along the primary steps."""
    way = [kind.initial]
    while True:
        ahead = [t.target for t in kind.transitions if way[-1] in t.sources and t.weight == "primary"]
        following = next((name for name in ahead if name not in way), None)
        if following is None:
            return way
        way.append(following)
