"""What a phone keeps so that its inspector can work without signal: his running cases, those to which his office was
called, those of his area that nobody has taken, and what may be done with them.

The least that the work needs: no reporter, no history, no photos of others. Steps stand once for each kind of case, so that
the phone itself knows what follows a step that is still waiting to be sent.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.cases import asking, changing, choices, listing, permissions, type_store
from onecity.kernel.cases.field import beside, ground
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

MOST: Final = 200
# of those that nobody has: what is due first, as many as one walks to in a shift and more
MOST_OF_NOBODY: Final = 100
# beyond this age without a word from the platform a phone forgets the cases (not what waits to be sent)
FORGET_HOURS: Final = 72
Rights = Callable[[Case, str], bool]


def kept(account: Account) -> dict[str, Any]:
    """Everything that the phone keeps, as JSON values."""
    called = beside.called_for(account)
    found = _found(account, called)
    texts = dict(Case.objects.filter(id__in=[c.id for c in found]).values_list("id", "description"))
    for case in found:
        case.description = texts.get(case.id, "")
    divisions = choices.divisions(account, permissions.OPEN)
    return {
        "account": {"id": str(account.id), "name": str(account)},
        "at": now().isoformat(),
        "forget_hours": FORGET_HOURS,
        "cases": cases(found, account, called),
        "kinds": kinds(found),
        "reports": [
            {"title": title, "kinds": [{"name": name, "title": str(words)} for name, words in rows]}
            for title, rows in choices.kinds(manual_only=True)
        ],
        "ground": ground.version(),
        "divisions": [{"path": path, "name": name} for path, name in divisions],
        "offices": beside.offices([case.division_path for case in found]),
    }


def _found(account: Account, called: Mapping[UUID, Collection[str]]) -> list[Case]:
    """His own cases, those to which his office was called, and those of his area that nobody has taken."""
    mine = listing.page(account, Wanted("mine"), limit=MOST, count=False).cases
    helped = Case.objects.defer("search").filter(id__in=called).exclude(assignee_id=account.id)
    area = policy.scopes(account, permissions.HANDLE)
    nobody = listing.page(account, Wanted("unassigned"), limit=MOST_OF_NOBODY, count=False).cases
    own = [case for case in nobody if case.id not in called and prefixes.covers(area, case.division_path)]
    return [*mine, *helped, *own]


def of_one(case: Case, account: Account) -> list[Case]:
    """The case, where a phone of this person keeps it."""
    return [case] if whose(case, account, beside.called_for(account)) and case.is_open else []


def whose(case: Case, account: Account, called: Mapping[UUID, Collection[str]]) -> str:
    """Why it is on the phone: `mine`, `called` (his office was), `nobody` (of his area, not taken), or not at all (empty)."""
    if case.assignee_id == account.id:
        return "mine"
    if case.id in called:
        return "called"
    free = case.assignee_id is None and policy.may(account, permissions.HANDLE, case.division_path)
    return "nobody" if free else ""


def cases(
    found: Sequence[Case], account: Account, called: Mapping[UUID, Collection[str]] | None = None
) -> list[dict[str, Any]]:
    """The cases in words, with what may be done. `called`: as `beside.called_for` tells, asked for where it is not given."""
    called = beside.called_for(account) if called is None else called
    definitions = type_store.versions({(c.type_name, c.type_version) for c in found})
    titles = places.titles_for({c.division_path for c in found}, full=True)
    may = _rights(account, called)
    told = []
    for case in found:
        kind = definitions[case.type_name, case.type_version].definition
        rights = {step.permission for step in kind.transitions}
        told.append(
            _facts(case, str(titles[case.division_path]))
            | {
                "whose": "mine" if case.assignee_id == account.id else "called" if case.id in called else "nobody",
                "own_office": account.organisation_id is not None and case.organisation_id == account.organisation_id,
                "may": sorted(name for name in rights if may(case, name)),
                "deeds": beside.possible(case, kind, partial(may, case), called.get(case.id, ())),
            }
        )
    return told


def _facts(case: Case, place: str) -> dict[str, Any]:
    return {
        "id": str(case.id),
        "number": case.number,
        "title": case.shown_title,
        "description": case.shown_description,
        "kind": f"{case.type_name}@{case.type_version}",
        "state": case.state,
        "severity": case.severity,
        "version": case.version,
        "place": place,
        "address": case.address,
        "lon": case.lon,
        "lat": case.lat,
        "deadline": case.deadline.isoformat() if case.deadline else None,
        "paused": case.paused_since is not None,
        "office": str(case.organisation_id or ""),
    }


def _rights(account: Account, called: Mapping[UUID, Collection[str]]) -> Rights:
    """As `changing.may`, for many cases at once."""
    scopes: dict[str, tuple[str, ...]] = {}

    def may(case: Case, permission: str) -> bool:
        own = case.assignee_id == account.id and permission in {permissions.HANDLE, permissions.VIEW, changing.HELP}
        if own or (permission == changing.HELP and case.id in called):
            return True
        name = permissions.HANDLE if permission == changing.HELP else permission
        if name not in scopes:
            scopes[name] = policy.scopes(account, name)
        return prefixes.covers(scopes[name], case.division_path)

    return may


def kinds(found: Sequence[Case]) -> dict[str, Any]:
    """States and steps of the kinds of these cases, by name and version."""
    definitions = type_store.versions({(c.type_name, c.type_version) for c in found})
    return {f"{name}@{version}": _kind(kind.definition) for (name, version), kind in definitions.items()}


def _kind(kind: Definition) -> dict[str, Any]:
    return {
        "title": in_language(kind.title),
        "states": {s.name: {"title": in_language(s.title), "final": s.final} for s in kind.states},
        "steps": [_step(step, kind) for step in kind.transitions],
        "deeds": beside.of_kind(kind),
    }


def _step(step: Transition, kind: Definition) -> dict[str, Any]:
    rule = step.evidence
    needs = rule.minimum if rule else 1 if "evidence" in step.requires else 0
    return {
        "name": step.name,
        "title": in_language(step.title),
        "sources": list(step.sources),
        "target": step.target,
        "may": step.permission,
        "weight": step.weight,
        "releases": step.releases,
        "note": "note" in step.requires,
        "photos": needs,
        "position": rule is not None and (rule.position or rule.within_m is not None),
        "within_m": rule.within_m if rule else None,
        "fields": [beside.field_of(one) for one in asking.of_step(step, kind)],
    }
