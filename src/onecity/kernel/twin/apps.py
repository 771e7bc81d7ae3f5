"""Django's entry to the package `twin`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from onecity.kernel.twin.permissions import ENTITIES_EDIT, ENTITIES_VIEW


class TwinConfig(AppConfig):
    """Registers the package with Django under its own short label, and its rights with the platform."""

    name = "onecity.kernel.twin"
    label = "twin"
    verbose_name = _("Twin")
    default_auto_field = "django.db.models.BigAutoField"
    permissions = (ENTITIES_VIEW, ENTITIES_EDIT)
