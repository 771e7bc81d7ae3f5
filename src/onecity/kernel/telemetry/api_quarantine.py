"""Refused readings over HTTP: the list by key, counts by reason, and replay."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from onecity.kernel.access.api import permission_auth
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.moments import Moment
from onecity.kernel.core.openapi import may_answer
from onecity.kernel.people.doors import account_of
from onecity.kernel.telemetry import finding, listing, quarantine, turned_away, words
from onecity.kernel.telemetry.finding import Refused
from onecity.kernel.telemetry.models import Quarantine
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE, TELEMETRY_VIEW
from onecity.kernel.telemetry.words import WAYS

router = Router(tags=["telemetry"], auth=permission_auth(TELEMETRY_VIEW))

Short = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_]*$")]


class QuarantineQuery(Schema):
    """Which refused readings; empty members do not narrow."""

    state: Literal["held", "replayed", ""] = "held"
    reason: Short = ""
    source: Short = ""
    device_id: UUID | None = None
    since: Moment | None = None
    until: Moment | None = None
    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def wanted(self) -> Refused:
        """The same for `finding`; raises Problem 422 for a reason or a way that there is not."""
        wrong = [
            FieldError(name, _("This must be one of: %(expected)s.") % {"expected": ", ".join(known)})
            for name, value, known in (("reason", self.reason, Reason.values), ("source", self.source, list(WAYS)))
            if value and value not in known
        ]
        if wrong:
            raise Problem("invalid", _("Some values are wrong"), status=422, errors=wrong)
        return Refused(self.state, self.reason, self.source, self.device_id, self.since, self.until)


class QuarantineOut(Schema):
    """Readings refused together; `lines` are the first of the `kept` texts as they came."""

    id: UUID
    received_at: dt.datetime
    source: str
    reason: str
    reason_title: str
    detail: str
    device_id: UUID | None
    division_path: str
    readings: int
    kept: int
    state: str
    replayed_at: dt.datetime | None
    lines: list[str]


class HeldOut(Schema):
    """How much of the list there is for one reason."""

    reason: str
    messages: int
    readings: int


class QuarantinePage(Schema):
    """One page, newest first; `next` is the `after` of the next page, empty on the last."""

    refused: list[QuarantineOut]
    reasons: list[HeldOut]
    next: str


class ReplayIn(Schema):
    """Which rows to replay."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=quarantine.MOST)]


class ReplayedOut(Schema):
    """What became of a row. `refused`: readings that may still not enter, by reason."""

    id: UUID
    outcome: quarantine.Outcome
    accepted: int
    refused: dict[str, int]


@router.get("", response=QuarantinePage, summary="Refused readings, by pages")
def refused(request: HttpRequest, wanted: Query[QuarantineQuery]) -> QuarantinePage:
    """What was refused in the caller's divisions, newest first."""
    rows = finding.quarantine(account_of(request), wanted.wanted())
    page = listing.page(rows, wanted.after, wanted.limit)
    return QuarantinePage(
        refused=[_out(row) for row in page.rows],
        reasons=[HeldOut(reason=h.reason, messages=h.messages, readings=h.readings) for h in quarantine.counts(rows)],
        next=page.next,
    )


@router.post(
    "/replay",
    response=list[ReplayedOut],
    auth=permission_auth(TELEMETRY_MANAGE),
    summary="Replay refused readings",
    openapi_extra=may_answer(404),
)
def replay(request: HttpRequest, body: ReplayIn) -> list[ReplayedOut]:
    """Send refused readings the way of new ones again; what is still bad stays or returns."""
    found = quarantine.replay(body.ids, account_of(request))
    return [ReplayedOut(id=r.id, outcome=r.outcome, accepted=r.accepted, refused=r.refused) for r in found]


class TurnedAwayOut(Schema):
    """How often one caller was turned away for one reason; nothing of what it sent was taken."""

    id: UUID
    reason: str
    reason_title: str
    source: str
    address: str
    claimed: str
    topic: str
    times: int
    first_at: dt.datetime
    last_at: dt.datetime


@router.get("/turned-away", response=list[TurnedAwayOut], summary="Who was turned away at the door")
def callers(request: HttpRequest, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[TurnedAwayOut]:
    """Senders without a valid credential and messages to foreign topics, the latest first."""
    rows = turned_away.seen(account_of(request)).order_by("-last_at", "-id")[:limit]
    names = [n for n in TurnedAwayOut.model_fields if n != "reason_title"]
    return [TurnedAwayOut(**{n: getattr(row, n) for n in names}, reason_title=row.get_reason_display()) for row in rows]


def _out(row: Quarantine) -> QuarantineOut:
    own = {n: getattr(row, n) for n in QuarantineOut.model_fields if n not in {"reason_title", "detail", "lines"}}
    return QuarantineOut(
        **own,
        reason_title=row.get_reason_display(),
        detail=words.detail(row.detail),
        lines=quarantine.first_lines(row, most=5),
    )
