"""What an account may do where: read from the grants, asked as a question or compiled into a query."""

from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Collate
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import grantors, permissions
from onecity.kernel.access.logic import prefixes
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

Principal = Account | AnonymousUser | UUID | None
ModelT = TypeVar("ModelT", bound=Model)

SCOPES = """
SELECT path FROM access_grant WHERE account_id = %s AND permission = ANY (%s)
AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp())
"""
HELD = """
SELECT DISTINCT permission FROM access_grant WHERE account_id = %s
AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp())
"""


def account_id(principal: Principal) -> UUID | None:
    """The id behind whatever names an account; None for nobody."""
    if isinstance(principal, Account):
        return principal.id
    return principal if isinstance(principal, UUID) else None


def scopes(account: Principal, permission: str) -> tuple[str, ...]:
    """The division paths over which the account holds the permission now; `""` is everywhere, nothing is nowhere."""
    allowing = list(permissions.granting(permission))
    identity = account_id(account)
    if identity is None:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(SCOPES, [identity, allowing])
        return prefixes.minimal(row[0] for row in cursor.fetchall())


def may(account: Principal, permission: str, division_path: str) -> bool:
    """Whether the account holds the permission over this division."""
    return prefixes.covers(scopes(account, permission), division_path)


def may_somewhere(account: Principal, permission: str) -> bool:
    """Whether the account holds the permission over any division: enough to open a page that lists."""
    return bool(scopes(account, permission))


def held(account: Principal) -> frozenset[str]:
    """The declared permissions that the account holds anywhere now."""
    identity = account_id(account)
    if identity is None:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(HELD, [identity])
        found = {row[0] for row in cursor.fetchall()}
    return frozenset(name for name in permissions.declared() if found.intersection(permissions.granting(name)))


def require(account: Principal, permission: str, division_path: str) -> None:
    """Raise a problem (403) that says who can grant the permission, unless the account holds it over the division."""
    if not may(account, permission, division_path):
        raise refusal(permission, division_path)


def refusal(permission: str, division_path: str = "") -> Problem:
    """The problem for a missing permission: what is missing, where, and who can grant it; `""`: any role at all."""
    found = grantors.grantors_of(division_path)
    return Problem(
        "forbidden",
        _("You may not do this here: you need the right “%(permission)s”.")
        % {"permission": permissions.permission(permission).title}
        if permission
        else _("This is for staff: your account holds no role."),
        status=403,
        detail=grantors.sentence(found),
        extra={
            "permission": permission,
            "division_path": division_path,
            "grantors": [{"organisation": g.organisation, "role": g.role} for g in found],
        },
    )


def visible(
    queryset: QuerySet[ModelT], account: Principal, permission: str, path_field: str = "division_path"
) -> QuerySet[ModelT]:
    """The rows whose path lies in the account's scopes, as index ranges in collation "C" (see prefixes.upper_bound)."""
    found = scopes(account, permission)
    if "" in found:
        return queryset
    if not found:
        return queryset.none()
    condition = Q()
    for scope in found:
        condition |= _within(path_field, scope)
    return queryset.filter(condition)


def _within(path_field: str, scope: str) -> Q:
    path = Collate(F(path_field), "C")
    condition = Q(GreaterThanOrEqual(path, scope))
    upper = prefixes.upper_bound(scope)
    return condition if upper is None else condition & Q(LessThan(path, upper))
