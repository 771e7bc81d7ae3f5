"""Django's entry to the package `records`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.records"
    label = "records"
    verbose_name = _("Certificates, seals and archives")
    default_auto_field = "django.db.models.BigAutoField"
