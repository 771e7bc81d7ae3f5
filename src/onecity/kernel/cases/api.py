"""Cases over HTTP: lists by key, one case with its history, steps, opening, and points for maps."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field, JsonValue, StringConstraints

from onecity.kernel.access import policy
from onecity.kernel.access.api import permission_auth
from onecity.kernel.cases import acting, asked, changing, listing, mapping, permissions, presentation, type_store
from onecity.kernel.cases.intake.open311.keys import KeyAuth
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.cases.opening import BY_HAND, NewCase, open_case
from onecity.kernel.core.openapi import POINTS_SCHEMA, answers_with, may_answer, with_body
from onecity.kernel.people.doors import account_of

router = Router(tags=["cases"])
view = permission_auth(permissions.VIEW)

Short = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
OPEN_EXAMPLE = {
    "type": "air_exceedance",
    "title": "Dust from the building site at the school",
    "division_path": "adm/990101/990101001/",
    "description": "No sprinkling since the morning.",
    "severity": "yellow",
    "key": "hotline-2026-07-01-0042",
}
Colour = Literal["", "blue", "yellow", "orange", "red"]


class CaseOut(Schema):
    """A case as lists show it; moments are UTC, places WGS-84 degrees."""

    id: UUID
    number: str
    title: str
    type: str
    type_version: int
    type_title: str
    state: str
    state_title: str
    severity: str
    version: int
    division_path: str
    place: str
    address: str
    lon: float | None
    lat: float | None
    organisation: str
    assignee_id: UUID | None
    assignee: str
    opened_at: dt.datetime
    deadline: dt.datetime | None
    final_deadline: dt.datetime | None
    overdue_since: dt.datetime | None
    closed_at: dt.datetime | None
    source: str
    entity_id: UUID | None


class EventOut(Schema):
    """One entry of a history."""

    version: int
    at: dt.datetime
    actor: str
    action: str
    from_state: str
    to_state: str
    note: str
    data: dict[str, Any]


class CaseDetail(CaseOut):
    """A case with its words, its evidence, its history, and the steps that the caller may take now."""

    description: str
    evidence: dict[str, Any]
    history: list[EventOut]
    actions: list[str]


class CasePage(Schema):
    """One page of a list. `total` stops counting at a limit, then `more` is true. `next` is the next page's `after`."""

    cases: list[CaseOut]
    next: str
    total: int
    more: bool


class CaseQuery(Schema):
    """What to list; empty members do not narrow."""

    scope: Literal["mine", "office", "unassigned", "all"] = "all"
    running: bool | None = True
    state: Short = ""
    type: Short = ""
    severity: Literal["", "ordinary", "blue", "yellow", "orange", "red"] = ""
    place: Short = ""
    overdue: bool = False
    q: Short = ""
    entity_id: UUID | None = None

    def wanted(self) -> Wanted:
        """The list asked for."""
        return Wanted(
            scope=self.scope,
            open=self.running,
            states=(self.state,) if self.state else (),
            types=(self.type,) if self.type else (),
            severities=() if not self.severity else ("",) if self.severity == "ordinary" else (self.severity,),
            place=self.place,
            overdue=self.overdue,
            text=self.q,
            entity_id=self.entity_id,
        )


class PageQuery(CaseQuery):
    """The same, by pages."""

    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=listing.MOST)] = 50


class ActIn(Schema):
    """A step of the life cycle or a deed beside it. `version` is the version of the case the caller has seen; another one in between is a 409."""

    action: Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")]
    note: Text = ""
    data: dict[str, JsonValue] = Field(default_factory=dict, description="What the step or deed asks for.")
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1, strict=True)] = None


class OpenIn(Schema):
    """A case to open. `key` names the report on the caller's side: the same key opens one case."""

    type: Short
    title: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    division_path: Short
    description: Text = ""
    address: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = ""
    lon: Annotated[float | None, Field(ge=-180, le=180, strict=True)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90, strict=True)] = None
    severity: Colour | None = None
    entity_id: UUID | None = None
    key: Short = ""
    answers: dict[str, JsonValue] = Field(default_factory=dict, description="Answers to the form of its kind.")


@router.get("", response=CasePage, auth=view, summary="List cases", openapi_extra=may_answer(400))
def cases(request: HttpRequest, wanted: Query[PageQuery]) -> CasePage:
    """Running cases by time left, others newest first."""
    page = listing.page(account_of(request), wanted.wanted(), cursor=wanted.after, limit=wanted.limit)
    rows = [CaseOut(**_values(row)) for row in presentation.rows(page.cases)]
    return CasePage(cases=rows, next=page.next, total=page.total, more=page.more)


@router.get(
    "/points",
    response=dict[str, Any],
    auth=view,
    summary="Cases as GeoJSON points",
    openapi_extra=answers_with({"application/json": POINTS_SCHEMA}),
)
def points(request: HttpRequest, wanted: Query[CaseQuery]) -> dict[str, Any]:
    """The cases of a list that have a point; `truncated` says that there are more than the map takes."""
    return mapping.points(account_of(request), wanted.wanted())


@router.post(
    "",
    response={201: CaseDetail},
    auth=KeyAuth(permissions.OPEN),
    summary="Open a case",
    openapi_extra=may_answer(404) | with_body(OPEN_EXAMPLE),
)
def open_(request: HttpRequest, body: OpenIn) -> Status[CaseDetail]:
    """Open a case by hand, or return the one that the same `key` opened before; a program may come with its own key as
    bearer token."""
    account = account_of(request)
    policy.require(account, permissions.OPEN, body.division_path)
    new = NewCase(
        type_name=body.type,
        title=body.title,
        division_path=body.division_path,
        source=BY_HAND,
        source_key=f"{BY_HAND}:{account.id}:{body.key}" if body.key else None,
        description=body.description,
        address=body.address,
        lon=body.lon,
        lat=body.lat,
        severity=body.severity,
        entity_id=body.entity_id,
        answers=asked.checked(body.type, body.answers),
    )
    return Status(201, _detail(request, open_case(new, actor=account)))


@router.get("/{case_id}", response=CaseDetail, auth=KeyAuth(permissions.VIEW), summary="One case with its history")
def case(request: HttpRequest, case_id: UUID) -> CaseDetail:
    """One case; 404 where there is none that the caller may see."""
    return _detail(request, _find(request, case_id))


@router.post(
    "/{case_id}/act",
    response=CaseDetail,
    auth=view,
    summary="Take a step",
    openapi_extra=with_body({"action": "accept", "note": "On our way.", "version": 1}),
)
def act(request: HttpRequest, case_id: UUID, body: ActIn) -> CaseDetail:
    """Take a step of the life cycle, or `comment`, or `take` the case; 409 where somebody acted in between."""
    account = account_of(request)
    _find(request, case_id)
    if body.action == "comment":
        found = acting.comment(case_id, account, body.note)
    elif body.action == "take":
        found = acting.assign(case_id, account.id, account, body.note, body.version)
    else:
        found = acting.act(case_id, body.action, account, body.note, body.data, body.version)
    return _detail(request, found)


def _find(request: HttpRequest, case_id: UUID) -> Case:
    account = account_of(request)
    found = Case.objects.defer("search").filter(id=case_id).first()
    if found is None or not (changing.may(found, account, permissions.VIEW)):
        raise changing.not_found()
    return found


def _detail(request: HttpRequest, found: Case) -> CaseDetail:
    kind = type_store.version(found.type_name, found.type_version).definition
    row = presentation.rows([found])[0]
    names = naming.shown(found, account_of(request))
    events = CaseEvent.objects.filter(case_id=found.id).order_by("version")
    return CaseDetail(
        **(_values(row) | {"assignee": names.name(row.assignee)}),
        description=found.shown_description,
        evidence=found.evidence,
        history=[
            EventOut(
                actor=names.who(e),
                data=names.data(e),
                **{n: getattr(e, n) for n in EventOut.model_fields if n not in {"actor", "data"}},
            )
            for e in events
        ],
        actions=[
            *(t.name for t in acting.possible(found, kind, account_of(request))),
            *(deed.name for deed in acting.deeds(found, kind, account_of(request))),
        ],
    )


OTHER_NAMES = {"type": "type_name", "title": "shown_title"}
WORDS = {"type_title": "kind", "state_title": "state", "place": "place", "organisation": "body", "assignee": "assignee"}


def _values(row: presentation.Row) -> dict[str, Any]:
    own = {name: getattr(row.case, OTHER_NAMES.get(name, name)) for name in CaseOut.model_fields if name not in WORDS}
    return own | {name: getattr(row, source) for name, source in WORDS.items()}
