"""Django's entry to the package `rules`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RulesConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.rules"
    label = "rules"
    verbose_name = _("Rules")
    default_auto_field = "django.db.models.BigAutoField"
