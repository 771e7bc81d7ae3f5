"""What a person may choose from on the pages of rules and alerts."""

from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.access.logic import prefixes
from onecity.kernel.access.policy import Principal
from onecity.kernel.cases import type_store
from onecity.kernel.places import snapshot
from onecity.kernel.twin.models import EntityKind

Choices = list[tuple[str, object]]
STATUSES: Mapping[str, object] = {
    "running": pgettext_lazy("rule", "Running"),
    "failed": _("Failed"),
    "paused": _("Paused"),
    "draft": _("Draft"),
}


def case_types() -> dict[str, str]:
    """Kinds of case in force by name, with their titles in the reader's language."""
    return {kind.name: kind.title for kind in type_store.all_in_force()}


def attributes() -> Choices:
    """Every attribute of every entity type as `<type>.<attribute>` with its title."""
    return [
        (f"{kind.name}.{facts['name']}", f"{kind.title} · {kind.attribute_title(facts['name'])}")
        for kind in EntityKind.objects.order_by("name")
        for facts in kind.attributes
    ]


def divisions(account: Principal, permission: str) -> Choices:
    """Path and indented name of every administrative division where the account holds the permission."""
    found = policy.scopes(account, permission)
    inside = Q()
    for scope in found:
        upper = prefixes.upper_bound(scope)
        inside |= Q(path__gte=scope, path__lt=upper) if upper else Q()
    if not found:
        return []
    rows = snapshot.alive(snapshot.today()).filter(inside, tree="adm").exclude(level="village").order_by("path")
    return [(d.path, f"{'　' * max(0, d.path.count('/') - 2)}{d.name}") for d in rows]


def language() -> str:
    """The reader's language as the key of titles."""
    return get_language() or "zh-hans"
