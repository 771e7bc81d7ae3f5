"""What a phone keeps so that its inspector can work without signal: his running cases and what may be done with them.

The least that the work needs: no reporter, no history, no photos of others. Steps stand once for each kind of case, so that
the phone itself knows what follows a step that is still waiting to be sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.cases import asking, choices, listing, permissions, type_store
from onecity.kernel.cases.field import ground
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

MOST: Final = 200
# beyond this age without a word from the platform a phone forgets the cases (not what waits to be sent)
FORGET_HOURS: Final = 72
Scopes = Mapping[str, tuple[str, ...]]


def kept(account: Account) -> dict[str, Any]:
    """Everything that the phone keeps, as JSON values."""
    found = listing.page(account, Wanted("mine"), limit=MOST, count=False).cases
    texts = dict(Case.objects.filter(id__in=[c.id for c in found]).values_list("id", "description"))
    for case in found:
        case.description = texts.get(case.id, "")
    return {
        "account": {"id": str(account.id), "name": str(account)},
        "at": now().isoformat(),
        "forget_hours": FORGET_HOURS,
        "cases": cases(found, account),
        "kinds": kinds(found),
        "reports": [
            {"title": title, "kinds": [{"name": name, "title": str(words)} for name, words in rows]}
            for title, rows in choices.kinds(manual_only=True)
        ],
        "ground": ground.version(),
        "divisions": [{"path": path, "name": name} for path, name in choices.divisions(account, permissions.OPEN)],
    }


def cases(found: Sequence[Case], account: Account) -> list[dict[str, Any]]:
    """The cases in words."""
    definitions = type_store.versions({(c.type_name, c.type_version) for c in found})
    titles = places.titles_for({c.division_path for c in found}, full=True)
    rights = {step.permission for kind in definitions.values() for step in kind.definition.transitions}
    scopes = {name: policy.scopes(account, name) for name in rights}
    return [
        {
            "id": str(case.id),
            "number": case.number,
            "title": case.shown_title,
            "description": case.shown_description,
            "kind": f"{case.type_name}@{case.type_version}",
            "state": case.state,
            "severity": case.severity,
            "version": case.version,
            "place": str(titles[case.division_path]),
            "address": case.address,
            "lon": case.lon,
            "lat": case.lat,
            "deadline": case.deadline.isoformat() if case.deadline else None,
            "may": sorted(name for name in rights if _may(case, account, name, scopes)),
        }
        for case in found
    ]


def _may(case: Case, account: Account, permission: str, scopes: Scopes) -> bool:
    """As `changing.may`, for many cases at once."""
    mine = case.assignee_id == account.id and permission in {permissions.HANDLE, permissions.VIEW}
    return mine or prefixes.covers(scopes[permission], case.division_path)


def kinds(found: Sequence[Case]) -> dict[str, Any]:
    """States and steps of the kinds of these cases, by name and version."""
    definitions = type_store.versions({(c.type_name, c.type_version) for c in found})
    return {f"{name}@{version}": _kind(kind.definition) for (name, version), kind in definitions.items()}


def _kind(kind: Definition) -> dict[str, Any]:
    return {
        "title": in_language(kind.title),
        "states": {s.name: {"title": in_language(s.title), "final": s.final} for s in kind.states},
        "steps": [_step(step, kind) for step in kind.transitions],
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
        "fields": [_field(one) for one in asking.of_step(step, kind)],
    }


def _field(one: asking.Field) -> dict[str, Any]:
    return {
        "name": one.name,
        "label": str(one.label),
        "kind": one.kind,
        "required": one.required,
        "help": str(one.help),
        "most": one.most,
        "choices": [[value, str(label)] for value, label in one.choices],
    }
