"""Django's entry to the package `tiers`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import custody
from onecity.kernel.tiers.custodian import TierCustodian
from onecity.kernel.tiers.permissions import TIERS_MANAGE, TIERS_VIEW


class TiersConfig(AppConfig):
    """Registers the package with Django under its own short label, and itself as keeper of cases that live elsewhere."""

    name = "onecity.kernel.tiers"
    label = "tiers"
    verbose_name = _("Tiers")
    default_auto_field = "django.db.models.BigAutoField"
    permissions = (TIERS_VIEW, TIERS_MANAGE)

    def ready(self) -> None:
        """Be asked before anything is done to a case."""
        custody.register(TierCustodian())
