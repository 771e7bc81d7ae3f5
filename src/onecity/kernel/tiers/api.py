"""The links between a district and its towns: how each stands, who is missing, and the door for a town that joins."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from onecity.kernel.access.api import permission_auth, public
from onecity.kernel.core.openapi import may_answer
from onecity.kernel.tiers import enrolment, status
from onecity.kernel.tiers.permissions import TIERS_VIEW

router = Router(tags=["tiers"])


class Joining(Schema):
    """A town that redeems its token."""

    secret: str
    installation: UUID


class LinkOut(Schema):
    """One link as the page shows it; `remaining_seconds` at the present pace, null where nobody can say."""

    code: str
    name: str
    division_path: str
    direction: str
    state: str
    connected: bool
    catching_up: bool
    heard_at: dt.datetime | None
    waiting: int
    behind: int
    remaining_seconds: float | None
    skew_seconds: float | None


class LinksOut(Schema):
    """All links that the account may see; `missing` names those whose share in every count may be incomplete now."""

    links: list[LinkOut]
    missing: list[str]


class PlaceOut(Schema):
    """One division as the town gets it; `outline` is WKB in hexadecimal digits, empty where there is none."""

    code: str
    name: str
    level: str
    parent: str
    lon: float | None
    lat: float | None
    located: bool
    approximate: bool
    source: str
    outline: str


class WelcomeOut(Schema):
    """What a town gets when it joins: its key (`seed`), its number (`slot`) and its divisions."""

    town: str
    name: str
    division_path: str
    slot: int
    seed: str
    installation: UUID
    places: list[PlaceOut]


@router.post("/enrol", auth=public, response=WelcomeOut, summary="Join a district", openapi_extra=may_answer(403))
def enrol(request: HttpRequest, joining: Joining) -> dict[str, object]:  # noqa: ARG001 - Ninja passes it
    """Redeem a one-time token: the town's key, its number and its divisions. The token is used up."""
    return enrolment.as_json(enrolment.redeem(joining.secret, joining.installation))


@router.get("/links", auth=permission_auth(TIERS_VIEW), response=LinksOut, summary="Links to other tiers")
def links(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - same
    """How each link stands: connected, catching up, what waits and how long it will take."""
    found = status.links()
    return {
        "links": [LinkOut(**status.as_facts(one)) for one in found],
        "missing": [one.name for one in status.missing(found)],
    }
