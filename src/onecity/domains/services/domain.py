"""The manifest of one-stop services: its pages and rights; its items are data (`onecity services install`)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onecity.domains.services.items.casetypes import HELP
from onecity.domains.services.items.permissions import VIEW
from onecity.domains.services.kiosk.permissions import MANAGE as TERMINALS
from onecity.kernel.registry.domain import Domain, Page

DOMAIN = Domain(
    name="services",
    title=_("One-stop services"),
    plan_task=3,
    lead="administrative-services-centre",
    case_types=(HELP,),
    pages=(
        Page("/services", pgettext_lazy("residents", "Services"), "residents", icon="landmark", order=5),
        Page("/desk/terminals", _("Self-service terminals"), "desk", permission=TERMINALS, icon="monitor", order=60),
        Page("/my", _("My services"), "residents", icon="user-check", order=6),
        Page(
            "/desk/counter",
            pgettext_lazy("service hall", "Counter"),
            "desk",
            permission="cases.open",
            icon="ticket",
            order=4,
        ),
        Page("/desk/items", _("Service items"), "desk", permission=VIEW, icon="landmark", order=5),
    ),
    package="onecity.domains.services",
    description=_("Find what the government does for you, apply once, and hold the certificate."),
)
