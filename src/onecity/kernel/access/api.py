"""Rights and the audit trail over HTTP, and the guards that other packages put on their own operations."""

import datetime as dt
import json
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from onecity.kernel.access import permissions, policy, trail
from onecity.kernel.access.authentication import account_id, permission_auth, public, signed_in_auth, staff_auth
from onecity.kernel.core.moments import Day, Moment
from onecity.kernel.core.openapi import like
from onecity.kernel.people.doors import account_of

__all__ = ["account_id", "permission_auth", "public", "router", "signed_in_auth", "staff_auth"]

router = Router(tags=["access"])
MOST = 500
AuditDay = Annotated[Day, Field(ge=dt.date(2000, 1, 1), le=dt.date(2199, 12, 31))]


class HeldPermission(Schema):
    """A permission held now and the division paths it reaches from (empty text: everywhere)."""

    permission: str
    title: str
    scopes: list[str]


class Event(Schema):
    """One event of the audit trail."""

    id: UUID
    at: dt.datetime
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: str
    division_path: str
    purpose: str
    detail: dict[str, Any]
    chain: int
    seq: int
    hash: str


class AuditQuery(Schema):
    """What to look for; days are the district's."""

    action: Annotated[str, Field(max_length=100, json_schema_extra=like("account.signed_in"))] = ""
    actor: Annotated[str, Field(max_length=64)] = ""
    object_id: Annotated[str, Field(max_length=100)] = ""
    since: AuditDay | None = None
    until: AuditDay | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    before: Moment | None = None


@router.get("/permissions", response=list[HeldPermission], auth=signed_in_auth, summary="What I may do, and where")
def my_permissions(request: HttpRequest) -> list[HeldPermission]:
    """The permissions that the account holds now."""
    account = account_of(request)
    return [
        HeldPermission(
            permission=name,
            title=str(permissions.permission(name).title),
            scopes=list(policy.scopes(account, name)),
        )
        for name in sorted(policy.held(account))
    ]


@router.get(
    "/audit", response=list[Event], auth=permission_auth(permissions.AUDIT_VIEW), summary="Search the audit trail"
)
def audit_events(request: HttpRequest, wanted: Query[AuditQuery]) -> list[Event]:
    """The events in the divisions where the account may read the trail, newest first; `before` continues a list."""
    events = trail.search(trail.visible_events(account_of(request)), wanted.dict())
    if wanted.before is not None:
        events = events.filter(at__lt=wanted.before)
    return [
        Event(
            **{name: getattr(e, name) for name in Event.model_fields if name != "detail"}, detail=json.loads(e.detail)
        )
        for e in events[: wanted.limit]
    ]
