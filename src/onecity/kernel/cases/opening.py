"""Opens cases: by hand, or many at once inside the pipeline's transaction, each exactly once by its source key."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import announcing, calendars, directory, reporting, statements, type_store, wording, writing
from onecity.kernel.cases.logic import deadline, routing
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.cases.wording import Said
from onecity.kernel.core import search_text
from onecity.kernel.core.calendar import WorkingCalendar
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account

OPEN_ACTION = "open"
BY_HAND = "hand"
# so many rows go to the database in one statement
AT_ONCE = 1000
NUMBERS = "SELECT * FROM cases_next_numbers(%s::text, %s::integer, %s::integer)"


@dataclass(frozen=True)
class NewCase:
    """A case to open.

    `source` says through which door it came (`alert`, `hand`, …); `source_key` names the one thing it is about, so that
    telling it twice opens it once. `evidence` is what a page needs to show why (for an alert: `{"alert_id": …,
    "chart": "<address of the series>"}`). `division_path` decides who is asked. `said`: what the platform says of it in
    each reader's language; title and description then are the same in the platform's own. `answers`: those to the form of
    its type. `parent`: the case of which it is a part; it shares that one's clock. `organisation_id`: who is asked, where
    that was decided already. `reporter`: the person who reported it.
    """

    type_name: str
    title: str
    division_path: str
    source: str = BY_HAND
    source_key: str | None = None
    description: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    severity: str | None = None
    entity_id: UUID | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    opened_at: dt.datetime | None = None
    said: Said | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    parent: Case | None = None
    organisation_id: UUID | None = None
    reporter: Person | None = None


def open_case(new: NewCase, *, actor: Account | None = None) -> Case:
    """Open one case, or return the one that its source key opened before. Errors as in `open_cases`."""
    return open_cases([new], actor=actor)[0]


@transaction.atomic
def open_cases(wanted: Sequence[NewCase], *, actor: Account | None = None) -> list[Case]:
    """Open many cases in the caller's transaction; returns them in the order asked for.

    Cases whose source key is known already are returned as they are. The number of statements does not grow with the
    number of cases. Rights are the caller's matter (`access.policy.require`); row-level security holds beneath.
    Raises Problem 404 for an unknown type and 422 for a title, division or place that cannot be; then none is opened.
    """
    if not wanted:
        return []
    _check(wanted)
    # two writers that lock the same keys in the same order cannot block each other for ever
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i].source_key or "", i))
    built = _build([wanted[i] for i in order], actor)
    before = reporting.name([(case, wanted[i].reporter) for i, case in zip(order, built, strict=True)])
    inserted = _write(built, actor)
    fresh = [case for case in built if case.id in inserted]
    reporting.forget([case for case in built if case.id not in inserted])
    announcing.opened(fresh)
    known = _known([case for case in built if case.id not in inserted])
    result: list[Case | None] = [None] * len(wanted)
    for place, case in zip(order, built, strict=True):
        result[place] = case if case.id in inserted else known[case.source_key or ""]
    reporting.release(before)
    return [case for case in result if case is not None]


def _write(built: Sequence[Case], actor: Account | None) -> set[UUID]:
    """Write the cases with their first entries; returns the ids of those that are new."""
    inserted: set[UUID] = set()
    for first in range(0, len(built), AT_ONCE):
        some = built[first : first + AT_ONCE]
        writing.insert(some)
        inserted |= writing.begin_histories([_first_entry(case, actor) for case in some])
    return inserted


def _check(wanted: Sequence[NewCase]) -> None:
    errors: list[FieldError] = []
    for new in wanted:
        if new.said is not None:
            wording.check(new.said)
        if not new.title.strip() or len(new.title) > 200:
            errors.append(FieldError("title", _("Write a title of at most 200 characters.")))
        if not new.division_path.endswith("/") or new.division_path.count("/") < 2:
            errors.append(FieldError("division_path", _("Say in which division it is.")))
        if not _is_point(new.lon, new.lat):
            errors.append(FieldError("lon", _("A place has a longitude and a latitude in degrees, or neither.")))
        if new.severity not in {None, "", "blue", "yellow", "orange", "red"}:
            errors.append(FieldError("severity", _("A severity is blue, yellow, orange, red or none.")))
    if errors:
        raise Problem("case-invalid", _("This case cannot be opened yet."), status=422, errors=errors[:20])


def _is_point(lon: float | None, lat: float | None) -> bool:
    if lon is None or lat is None:
        return lon is None and lat is None
    return -180 <= lon <= 180 and -90 <= lat <= 90


def _build(wanted: Sequence[NewCase], actor: Account | None) -> list[Case]:
    moment = now()
    found = type_store.in_force({new.type_name for new in wanted}, moment)
    for new in wanted:
        if new.type_name not in found:
            raise type_store.unknown(new.type_name)
    paths = {new.division_path for new in wanted}
    levels = directory.levels(paths)
    routes = [route for kind in found.values() for route in kind.definition.routes]
    bodies = directory.bodies(paths, routes)
    calendar = calendars.office()
    numbers = _numbers(wanted, moment, calendar)
    cases = []
    for new, number in zip(wanted, numbers, strict=True):
        case = _case(new, found[new.type_name], calendar, moment)
        case.number = number
        case.opened_by_id = actor.id if actor else None
        if new.organisation_id is None:
            sent_to = routing.choose(
                found[new.type_name].definition.routes, new.division_path, case.severity, levels, bodies
            )
            case.organisation_id, case.role = sent_to.organisation_id, sent_to.role
        cases.append(case)
    return cases


def _case(new: NewCase, kind: InForce, calendar: WorkingCalendar, moment: dt.datetime) -> Case:
    definition = kind.definition
    severity = definition.severity if new.severity is None else new.severity
    opened_at = new.opened_at or moment
    state = definition.state(definition.initial)
    said = new.said.to_data() if new.said else {}
    due = deadline.due(
        definition.limits,
        severity,
        stage=state.stage,
        stage_since=opened_at,
        opened_at=opened_at,
        calendar=calendar,
        ladder=definition.ladder,
    )
    return Case(
        id=new_id(),
        district=district_of(new.division_path),
        type_name=kind.name,
        type_version=kind.version,
        title=new.title.strip(),
        description=new.description,
        address=new.address,
        division_path=new.division_path,
        lon=new.lon,
        lat=new.lat,
        severity=severity,
        state=state.name,
        stage=state.stage,
        opened_at=opened_at,
        started_at=opened_at,
        stage_since=opened_at,
        deadline=due.deadline,
        final_deadline=due.final,
        sweep_at=due.remind_at,
        source=new.source,
        source_key=new.source_key,
        entity_id=new.entity_id,
        evidence=dict(new.evidence),
        said=said,
        confidential=definition.confidential,
        answers=dict(new.answers),
        parent=new.parent,
        organisation_id=new.organisation_id,
        search=_vector(
            search_text.document(new.title, new.description, new.address, *(wording.everything(said) if said else ()))
        ),
    )


def district_of(division_path: str) -> str:
    """The code of the division just below the tree's name: numbers are counted for each district."""
    return division_path.split("/")[1]


def _vector(words: Sequence[str]) -> str:
    """Words as PostgreSQL writes a tsvector; they hold letters and digits only."""
    return " ".join(f"'{word}'" for word in words)


def _numbers(wanted: Sequence[NewCase], moment: dt.datetime, calendar: WorkingCalendar) -> list[str]:
    keys = [
        (district_of(new.division_path), (new.opened_at or moment).astimezone(calendar.zone).year) for new in wanted
    ]
    given: dict[tuple[str, int], list[int]] = {}
    for key in sorted(set(keys)):
        given[key] = sorted((row[0] for row in statements.run(NUMBERS, [*key, keys.count(key)])), reverse=True)
    return [f"{year}-{given[district, year].pop():06d}" for district, year in keys]


def _first_entry(case: Case, actor: Account | None) -> CaseEvent:
    return CaseEvent(
        case_id=case.id,
        version=1,
        at=case.opened_at,
        actor_id=actor.id if actor else None,
        actor_name=str(actor) if actor else "",
        action=OPEN_ACTION,
        to_state=case.state,
        data={"source": case.source, "organisation_id": str(case.organisation_id or "")},
    )


def _known(missed: Sequence[Case]) -> dict[str, Case]:
    if not missed:
        return {}
    keys = [case.source_key for case in missed]
    found = {case.source_key or "": case for case in Case.objects.filter(source_key__in=keys)}
    hidden = [key for key in keys if key is None or key not in found]
    if hidden:
        raise Problem(
            "case-exists",
            _("This was already reported, in a case that you may not see."),
            status=409,
            detail=_("Nothing was opened; the office in charge knows of it."),
        )
    return found
