"""Who could handle a case: bodies with their roles for routing, people for dispatch and for messages."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db import connection

from onecity.kernel.cases import permissions, statements
from onecity.kernel.cases.logic.definition import Route
from onecity.kernel.cases.logic.routing import Body, ancestors
from onecity.kernel.people.models import Account, Organisation

VALID = "g.valid_from <= statement_timestamp() AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())"
BODIES = f"""
SELECT o.id, o.code, o.division_path, array(SELECT r.name FROM people_role r WHERE r.name = ANY (%s::text[])
        AND EXISTS (SELECT 1 FROM people_account a
            JOIN access_grant g ON g.account_id = a.id AND g.permission = %s::text AND g.role_id = r.id
            WHERE a.organisation_id = o.id AND {VALID}))
    || array(SELECT r.name FROM people_account a JOIN access_grant g ON g.account_id = a.id AND g.permission = %s::text
        JOIN people_role r ON r.id = g.role_id WHERE a.organisation_id = o.id AND {VALID} LIMIT 1)
FROM people_organisation o WHERE o.is_active AND (o.division_path = ANY (%s::text[]) OR o.code = ANY (%s::text[]))
"""  # noqa: S608 - VALID is a constant of this module
HANDLERS = f"""
SELECT DISTINCT a.id, a.display_name, r.name, g.permission FROM access_grant g
JOIN people_account a ON a.id = g.account_id LEFT JOIN people_role r ON r.id = g.role_id
WHERE g.permission = ANY (%s) AND a.organisation_id = %s AND a.is_active AND (%s::text ^@ g.path OR %s = '') AND {VALID}
ORDER BY a.display_name, a.id
"""  # noqa: S608 - same

STAFF = f"""
SELECT DISTINCT a.organisation_id, a.id, coalesce(r.name, ''), g.permission, g.path, a.display_name FROM access_grant g
JOIN people_account a ON a.id = g.account_id LEFT JOIN people_role r ON r.id = g.role_id
WHERE g.permission = ANY (%s::text[]) AND a.organisation_id = ANY (%s::uuid[]) AND a.is_active
AND {VALID} ORDER BY a.display_name, a.id
"""  # noqa: S608 - same
# a statement of its own: prepared, it reads those few alone, by the index
STAFF_THERE = STAFF.replace("AND a.is_active", "AND a.is_active AND g.path = ANY (%s::text[])")
LEVELS = "SELECT path, level FROM places_division WHERE path = ANY (%s::text[])"
REACHABLE = f"""
SELECT DISTINCT a.id, a.display_name FROM access_grant g JOIN people_account a ON a.id = g.account_id
WHERE g.permission = %s AND a.is_active AND g.path ^@ ANY (%s) AND {VALID}
ORDER BY a.display_name, a.id LIMIT 1000
"""  # noqa: S608 - same


def bodies(paths: Iterable[str], routes: Sequence[Route]) -> list[Body]:
    """The active organisations of these divisions, of those above them, and of these routes, with their handlers' roles.

    Of roles only those that the routes name, and one that its handlers hold whatever it is.
    """
    above = {one for path in paths for one in ancestors(path)}
    roles, codes = {r.role for r in routes if r.role}, {r.organisation for r in routes if r.organisation}
    rows = statements.run(BODIES, [sorted(roles), permissions.HANDLE, permissions.HANDLE, sorted(above), sorted(codes)])
    return [Body(i, code, path, frozenset(held)) for i, code, path, held in rows]


def levels(paths: Iterable[str]) -> dict[str, str]:
    """The level of each division and of those above it, by path."""
    wanted = {above for path in paths for above in ancestors(path)}
    return dict(statements.run(LEVELS, [sorted(wanted)]))


# account, role, permission and path of one grant of somebody of a body
StaffRow = tuple[UUID, str, str, str]


class Recipients:
    """Whom to tell of cases that wait for their body; the staff of a body is asked for once, whatever its cases.

    `places`: nobody will ask for other divisions than these, so that only those are read who have rights there.
    """

    def __init__(self, places: Iterable[str] | None = None) -> None:
        self._paths = None if places is None else sorted({one for path in places for one in _holding(path)})
        self._staff: dict[UUID, list[StaffRow]] = {}

    def know(self, organisations: Iterable[UUID | None]) -> None:
        """Look up the staff of these bodies in one query, as far as it is not known yet."""
        new = {one for one in organisations if one is not None} - self._staff.keys()
        if not new:
            return
        self._staff |= {one: [] for one in new}
        wanted: list[object] = [[permissions.DISPATCH, permissions.HANDLE, permissions.CONFIDENTIAL], sorted(new)]
        rows = (
            statements.run(STAFF, wanted)
            if self._paths is None
            else statements.run(STAFF_THERE, [*wanted, self._paths])
        )
        for organisation, *facts in rows:
            self._staff[organisation].append((facts[0], facts[1], facts[2], facts[3]))

    def of(
        self, organisation_id: UUID | None, role: str, division_path: str, *, confidential: bool = False
    ) -> list[UUID]:
        """The dispatchers of this body for this place (empty: for any), else those in the role, else all who may handle;
        of a `confidential` case only those who may see such ones."""
        if organisation_id is None:
            return []
        rows = self._there(organisation_id, division_path, confidential=confidential)
        dispatchers = [row[0] for row in rows if row[2] == permissions.DISPATCH]
        in_role = [row[0] for row in rows if role and row[1] == role]
        return list(dict.fromkeys(dispatchers or in_role or [row[0] for row in rows]))

    def dispatching(self, organisation_id: UUID, division_path: str, *, confidential: bool = False) -> list[UUID]:
        """Those who dispatch in this body for this place."""
        rows = self._there(organisation_id, division_path, confidential=confidential)
        return [row[0] for row in rows if row[2] == permissions.DISPATCH]

    def _there(self, organisation_id: UUID, division_path: str, *, confidential: bool) -> list[StaffRow]:
        self.know([organisation_id])
        rows = [row for row in self._staff[organisation_id] if not division_path or division_path.startswith(row[3])]
        trusted = {row[0] for row in rows if row[2] == permissions.CONFIDENTIAL}
        return [row for row in rows if row[2] != permissions.CONFIDENTIAL and (not confidential or row[0] in trusted)]


def _holding(division_path: str) -> tuple[str, ...]:
    """Every path over which a right holds for this division too."""
    return (*ancestors(division_path), division_path.partition("/")[0] + "/", "")


class Above:
    """Who dispatches in the bodies above those that have a case: to whom it is reported when nobody there acts."""

    def __init__(self, paths: Iterable[str]) -> None:
        above = {one for path in set(paths) for one in ancestors(path)}
        self._bodies = (
            list(Organisation.objects.filter(division_path__in=above, is_active=True).order_by("code").values_list(
                "id", "division_path"
            ))
            if above
            else []
        )  # fmt: skip
        self._asked = Recipients()
        self._asked.know(body for body, _path in self._bodies)

    def dispatchers(self, division_path: str, below: UUID | None, *, confidential: bool = False) -> list[UUID]:
        """The dispatchers of the nearest division above the one whose body has the case, else of that one itself."""
        own = next((path for body, path in self._bodies if body == below), division_path)
        higher = [path for path in ancestors(own) if path != own] or [own]
        for path in higher:
            found = [
                account
                for body, at in self._bodies
                if at == path
                for account in self._asked.dispatching(body, division_path, confidential=confidential)
            ]
            if found:
                return list(dict.fromkeys(found))
        return []


def recipients(
    organisation_id: UUID | None, role: str, division_path: str, *, confidential: bool = False
) -> list[UUID]:
    """Whom to tell about a new case of this body: its dispatchers, else those in the role, else all who may handle."""
    return Recipients([division_path] if division_path else None).of(
        organisation_id, role, division_path, confidential=confidential
    )


def handlers(organisation_id: UUID | None, division_path: str, *, confidential: bool = False) -> dict[UUID, str]:
    """Who of this body may handle a case there (empty: anywhere), or a `confidential` one: account → name."""
    if organisation_id is None:
        return {}
    wanted = [permissions.HANDLE, permissions.CONFIDENTIAL] if confidential else [permissions.HANDLE]
    with connection.cursor() as cursor:
        cursor.execute(HANDLERS, [wanted, organisation_id, division_path, division_path])
        rows = cursor.fetchall()
    trusted = {row[0] for row in rows if row[3] == permissions.CONFIDENTIAL}
    return {row[0]: row[1] for row in rows if row[3] == permissions.HANDLE and (not confidential or row[0] in trusted)}


def reachable(scopes: Iterable[str]) -> list[tuple[UUID, str]]:
    """Everybody who may handle cases within these divisions or parts of them: account and name, at most a thousand."""
    with connection.cursor() as cursor:
        cursor.execute(REACHABLE, [permissions.HANDLE, list(scopes)])
        return list(cursor.fetchall())


def names_of(accounts: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """The shown names of several accounts."""
    wanted = {i for i in accounts if i is not None}
    return dict(Account.objects.filter(id__in=wanted).values_list("id", "display_name")) if wanted else {}


def bodies_named(organisations: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """The names of several organisations."""
    wanted = {i for i in organisations if i is not None}
    return dict(Organisation.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}
