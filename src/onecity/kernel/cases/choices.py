"""What a person may choose from on the pages of cases: divisions he holds a right in, kinds, states, offices, people."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.cases import catalogue, type_store
from onecity.kernel.cases.logic import routing
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_language
from onecity.kernel.people.models import Account, Organisation
from onecity.kernel.places import snapshot
from onecity.kernel.places.models import Division

MOST_OFFICES = 500
SEVERITIES: Mapping[str, object] = {
    "": _("Ordinary"),
    "blue": _("Blue"),
    "yellow": _("Yellow"),
    "orange": _("Orange"),
    "red": _("Red"),
}


def divisions(account: Account, permission: str) -> list[tuple[str, str]]:
    """Path and indented name of every administrative division where the account holds the permission, in tree order."""
    found = policy.scopes(account, permission)
    if not found:
        return []
    inside = Q()
    for scope in found:
        upper = prefixes.upper_bound(scope)
        inside |= Q(path__gte=scope, path__lt=upper) if upper else Q()
    rows = snapshot.alive(snapshot.today()).filter(inside, tree="adm").order_by("path")
    return [(d.path, f"{'　' * max(0, d.path.count('/') - 2)}{d.name}") for d in rows]


def kinds(*, manual_only: bool = False) -> list[tuple[str, list[tuple[str, str]]]]:
    """Name and title of every kind of case in force, under the class to which it belongs; those of none come first."""
    classes = {one.code: in_language(one.title) for one in catalogue.classes()}
    groups: dict[str, list[tuple[str, str]]] = {code: [] for code in ("", *classes)}
    for kind in type_store.all_in_force():
        if kind.definition.manual or not manual_only:
            code = kind.definition.category
            groups[code if code in classes else ""].append((kind.name, kind.title))
    return [(classes.get(code, str(_("Measured and others"))), rows) for code, rows in groups.items() if rows]


def states() -> list[tuple[str, str]]:
    """Name and title of every state of the kinds in force, each once, in the order of their declarations."""
    found: dict[str, str] = {}
    for kind in type_store.all_in_force():
        for state in kind.definition.states:
            found.setdefault(state.name, in_language(state.title))
    return list(found.items())


def offices(case: Case) -> list[tuple[UUID, str]]:
    """The other offices that may be asked to handle a case: those of its division and above, and those beside it."""
    above = routing.ancestors(case.division_path)
    top = above[-1] if above else case.division_path
    rows = Organisation.objects.filter(is_active=True, division_path__startswith=top).order_by("division_path", "code")
    return [(i, name) for i, name in rows.values_list("id", "name")[:MOST_OFFICES] if i != case.organisation_id]


def division_exists(path: str) -> bool:
    """Whether this is a division of today."""
    return Division.objects.filter(path=path, valid_to__isnull=True).exists()
