"""Django's entry to the domain `services`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    """Registers the domain with Django under its own short label."""

    name = "onecity.domains.services"
    label = "services"
    verbose_name = _("One-stop services")
    default_auto_field = "django.db.models.BigAutoField"
