"""Who could handle a case: bodies with their roles for routing, people for dispatch and for messages."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection
from django.db.models import Q

from onecity.kernel.cases import permissions
from onecity.kernel.cases.logic.routing import Body, ancestors
from onecity.kernel.people.models import Account, Organisation
from onecity.kernel.places.models import Division

VALID = "g.valid_from <= statement_timestamp() AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())"
ROLES = f"""
SELECT DISTINCT a.organisation_id, r.name FROM access_grant g
JOIN people_account a ON a.id = g.account_id JOIN people_role r ON r.id = g.role_id
WHERE g.permission = %s AND a.organisation_id = ANY (%s) AND {VALID}
"""  # noqa: S608 - VALID is a constant of this module
HANDLERS = f"""
SELECT DISTINCT a.id, a.display_name, r.name, g.permission FROM access_grant g
JOIN people_account a ON a.id = g.account_id LEFT JOIN people_role r ON r.id = g.role_id
WHERE g.permission = ANY (%s) AND a.organisation_id = %s AND a.is_active AND %s::text ^@ g.path AND {VALID}
ORDER BY a.display_name, a.id
"""  # noqa: S608 - same


def bodies(paths: Iterable[str], codes: Iterable[str] = ()) -> list[Body]:
    """The active organisations of these divisions, of those above them, and of these codes, with their handlers' roles."""
    above = {one for path in paths for one in ancestors(path)}
    found = list(
        Organisation.objects.filter(Q(division_path__in=above) | Q(code__in=set(codes)), is_active=True).values_list(
            "id", "code", "division_path"
        )
    )
    roles: dict[UUID, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(ROLES, [permissions.HANDLE, [row[0] for row in found]])
        for organisation, role in cursor.fetchall():
            roles.setdefault(organisation, set()).add(role)
    return [Body(i, code, path, frozenset(roles.get(i, ()))) for i, code, path in found]


def levels(paths: Iterable[str]) -> dict[str, str]:
    """The level of each division and of those above it, by path."""
    wanted = {above for path in paths for above in ancestors(path)}
    return dict(Division.objects.filter(path__in=wanted).values_list("path", "level"))


def recipients(organisation_id: UUID | None, role: str, division_path: str) -> list[UUID]:
    """Whom to tell about a new case of this body: its dispatchers, else those in the role, else all who may handle."""
    if organisation_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(HANDLERS, [[permissions.DISPATCH, permissions.HANDLE], organisation_id, division_path])
        rows = cursor.fetchall()
    dispatchers = [row[0] for row in rows if row[3] == permissions.DISPATCH]
    in_role = [row[0] for row in rows if role and row[2] == role]
    return list(dict.fromkeys(dispatchers or in_role or [row[0] for row in rows]))


def handlers(organisation_id: UUID | None, division_path: str) -> dict[UUID, str]:
    """Who of this body may handle a case there: account → name."""
    if organisation_id is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(HANDLERS, [[permissions.HANDLE], organisation_id, division_path])
        return {row[0]: row[1] for row in cursor.fetchall()}


def names_of(accounts: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """The shown names of several accounts."""
    wanted = {i for i in accounts if i is not None}
    return dict(Account.objects.filter(id__in=wanted).values_list("id", "display_name")) if wanted else {}


def bodies_named(organisations: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """The names of several organisations."""
    wanted = {i for i in organisations if i is not None}
    return dict(Organisation.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}
