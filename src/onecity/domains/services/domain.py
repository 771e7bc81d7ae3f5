"""The manifest of one-stop services: its pages and rights; its items are data (`onecity services install`)."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.registry.domain import Domain

DOMAIN = Domain(
    name="services",
    title=_("One-stop services"),
    plan_task=3,
    lead="administrative-services-centre",
    package="onecity.domains.services",
    description=_("Find what the government does for you, apply once, and hold the certificate."),
)
