"""Django's entry to the package `twin`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TwinConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.twin"
    label = "twin"
    verbose_name = _("Twin")
    default_auto_field = "django.db.models.BigAutoField"
