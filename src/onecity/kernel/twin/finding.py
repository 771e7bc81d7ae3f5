"""Which entities somebody may see, and which of them he asks for."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.models import Entity, EntityStatus
from onecity.kernel.twin.permissions import ENTITIES_VIEW


def visible(account: Principal) -> QuerySet[Entity]:
    """The entities in the divisions where the account may see them, and those open to everybody."""
    return policy.visible(Entity.objects.all(), account, ENTITIES_VIEW) | Entity.objects.filter(public=True)


def search(
    account: Principal,
    *,
    type_name: str = "",
    text: str = "",
    division_path: str = "",
    status: str = EntityStatus.ACTIVE,
) -> QuerySet[Entity]:
    """The visible entities that fit; empty arguments do not narrow. `text` is part of the name or the key's beginning."""
    rows = visible(account)
    if type_name:
        rows = rows.filter(type=type_name)
    if division_path:
        rows = rows.filter(division_path__startswith=division_path)
    if status:
        rows = rows.filter(status=status)
    if text.strip():
        rows = rows.filter(Q(name__icontains=text.strip()) | Q(key__istartswith=text.strip()))
    return rows


def one(account: Principal, entity_id: UUID) -> Entity:
    """One visible entity; raises Problem 404, which does not tell whether it is absent or hidden."""
    found = visible(account).filter(id=entity_id).first()
    if found is None:
        raise Problem(
            "entity-unknown",
            _("There is no such device or place here, or you may not see it."),
            status=404,
            detail=_("Search for it by name, or ask for the right to see this division."),
        )
    return found
