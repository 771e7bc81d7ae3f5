"""Who am I: the HTTP API of one's own account."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.security import SessionAuth

from onecity.kernel.people import service
from onecity.kernel.people.doors import ATTRIBUTE, SIGNED_IN, account_of

router = Router(tags=["people"])
session_auth = SessionAuth()
setattr(session_auth, ATTRIBUTE, SIGNED_IN)


class HeldRole(Schema):
    """A role held now, from a division path downwards (empty: everywhere)."""

    role: str
    title: str
    division_path: str
    valid_from: dt.datetime
    valid_to: dt.datetime | None


class Me(Schema):
    """The account behind the request."""

    id: UUID
    username: str
    display_name: str
    language: str
    assurance_level: int
    organisation: str | None
    roles: list[HeldRole]


@router.get("/me", response=Me, auth=session_auth, summary="My account and the roles I hold now")
def me(request: HttpRequest) -> Me:
    """The signed-in account."""
    account = account_of(request)
    held = service.current_assignments(account).select_related("role")
    return Me(
        id=account.id,
        username=account.username,
        display_name=account.display_name,
        language=account.language,
        assurance_level=account.assurance_level,
        organisation=account.organisation.name if account.organisation else None,
        roles=[
            HeldRole(
                role=a.role.name, title=a.role.title, division_path=a.division_path,
                valid_from=a.valid_from, valid_to=a.valid_to,
            )
            for a in held
        ],
    )  # fmt: skip
