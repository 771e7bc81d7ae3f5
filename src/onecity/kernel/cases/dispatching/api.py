"""Units of the field over HTTP: their phones report where they are and what they do, in batches; the desk reads them."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from onecity.kernel.access.api import permission_auth
from onecity.kernel.cases import permissions
from onecity.kernel.cases.dispatching import positions, units
from onecity.kernel.cases.dispatching.positions import MOST, Position
from onecity.kernel.cases.models import Unit
from onecity.kernel.core.openapi import may_answer, with_body
from onecity.kernel.people.doors import account_of

router = Router(tags=["dispatching"])
view = permission_auth(permissions.VIEW)
State = Literal["free", "assigned", "on_the_way", "on_the_spot", "off"]


class UnitOut(Schema):
    """A unit: where it was last, and what it is doing. `arrives_at`: when it should be at its case."""

    id: UUID
    name: str
    state: State
    skills: list[str]
    division_path: str
    lon: float | None
    lat: float | None
    reported_at: dt.datetime | None
    case_id: UUID | None
    arrives_at: dt.datetime | None


class PositionIn(Schema):
    """Where the phone was (WGS-84 degrees), when, and how exact (metres; 0: unknown)."""

    lon: Annotated[float, Field(ge=-180, le=180, strict=True)]
    lat: Annotated[float, Field(ge=-90, le=90, strict=True)]
    at: AwareDatetime
    accuracy_m: Annotated[float, Field(ge=0, le=1_000_000, strict=True)] = 0.0


class ReportIn(Schema):
    """What the phone gathered since its last report, in any order, and what the unit is doing now (empty: as before)."""

    positions: Annotated[list[PositionIn], Field(max_length=MOST)] = Field(default_factory=list)
    state: Literal["", "free", "on_the_way", "on_the_spot", "off"] = ""


class ReportOut(Schema):
    """The unit as it is now. `moved`: one of the positions was newer than the one known. `ahead`: positions that lie in
    the future and were refused: the phone's clock is wrong."""

    unit: UnitOut
    moved: bool
    ahead: int


EXAMPLE = {"positions": [{"lon": 121.47, "lat": 30.92, "at": "2026-11-23T10:00:00+08:00"}], "state": "on_the_way"}


@router.get("/units", response=list[UnitOut], auth=view, summary="Units and where they are")
def units_(request: HttpRequest) -> list[UnitOut]:
    """The units of the divisions that the caller may see."""
    return [_shown(unit) for unit in units.visible(account_of(request))]


@router.get("/units/own", response=UnitOut, auth=view, summary="The unit of my phone", openapi_extra=may_answer(404))
def own(request: HttpRequest) -> UnitOut:
    """The unit that reports with the caller's account."""
    return _shown(units.own(account_of(request)))


@router.post(
    "/units/own/report",
    response=ReportOut,
    auth=view,
    summary="Report positions and state",
    openapi_extra=with_body(EXAMPLE) | may_answer(404, 409),
)
def report(request: HttpRequest, body: ReportIn) -> ReportOut:
    """Positions gathered with or without signal: the newest counts, and the same report twice changes nothing."""
    sent = [Position(one.lon, one.lat, one.at, one.accuracy_m) for one in body.positions]
    found = positions.report(account_of(request), sent, body.state)
    return ReportOut(unit=_shown(found.unit), moved=found.moved, ahead=found.ahead)


def _shown(unit: Unit) -> UnitOut:
    return UnitOut(**{name: getattr(unit, name) for name in UnitOut.model_fields})
