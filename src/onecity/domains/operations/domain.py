"""The manifest of the operations centre: the wall, and the desk's first page; its subject is what all others declare."""

from django.utils.translation import gettext_lazy as _

from onecity.domains.operations.permissions import VIEW
from onecity.kernel.registry.domain import Domain, Page

DOMAIN = Domain(
    name="operations",
    title=_("Operations centre"),
    plan_task=4,
    lead="operations-centre",
    pages=(Page("/ops", _("Operations wall"), "ops", permission=VIEW, icon="radar", order=10),),
    package="onecity.domains.operations",
    description=_("Where trouble is now, who has it in hand, and how the district is doing."),
)
