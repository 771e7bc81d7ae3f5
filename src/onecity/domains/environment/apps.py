"""Django's entry to the domain `environment`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnvironmentConfig(AppConfig):
    """Registers the domain with Django under its own short label."""

    name = "onecity.domains.environment"
    label = "environment"
    verbose_name = _("Environment")
