"""Who is asked to handle a case: the first route of its type that leads to an organisation, else the nearest one above.

The tree of divisions has any depth and a level is a word of the data, so no route speaks of columns or of fixed steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from onecity.kernel.cases.logic.definition import Route


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation as routing sees it: the division it answers for and the roles its people hold."""

    id: UUID
    code: str
    division_path: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Destination:
    """The organisation that is asked (None: nobody was found, the district decides) and the role inside it."""

    organisation_id: UUID | None
    role: str = ""


def ancestors(path: str) -> tuple[str, ...]:
    """`path` and every division above it, nearest first: a/b/c/ → a/b/c/, a/b/; the tree's own name is no division."""
    parts = path.strip("/").split("/") if path else []
    return tuple("/".join(parts[:n]) + "/" for n in range(len(parts), 1, -1))


def choose(
    routes: Sequence[Route], division_path: str, severity: str, levels: Mapping[str, str], bodies: Iterable[Body]
) -> Destination:
    """The destination of a case. `levels`: division path → its level, for the division and those above it."""
    known = sorted(bodies, key=lambda body: body.code)
    above = ancestors(division_path)
    for route in routes:
        if not route.severities or severity in route.severities:
            found = _follow(route, above, levels, known)
            if found is not None:
                return Destination(found.id, route.role)
    for path in above:
        nearest = _preferred([b for b in known if b.division_path == path], "")
        if nearest is not None:
            return Destination(nearest.id)
    return Destination(None)


def _follow(route: Route, above: Sequence[str], levels: Mapping[str, str], bodies: Sequence[Body]) -> Body | None:
    if route.organisation:
        return next((b for b in bodies if b.code == route.organisation), None)
    paths = [p for p in above if not route.level or levels.get(p) == route.level]
    for path in paths:
        found = _preferred([b for b in bodies if b.division_path == path], route.role)
        if found is not None:
            return found
    return None


def _preferred(candidates: Sequence[Body], role: str) -> Body | None:
    """One whose people hold the role, else one whose people handle cases at all, else the first by code."""
    with_role = [b for b in candidates if role and role in b.roles]
    with_people = [b for b in candidates if b.roles]
    return next(iter(with_role or with_people or candidates), None)
