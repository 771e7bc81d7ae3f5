"""Django's entry to the self-service terminals."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KioskConfig(AppConfig):
    """Registers the part with Django under its own short label."""

    name = "onecity.domains.services.kiosk"
    label = "kiosk"
    verbose_name = _("Self-service terminals")
    default_auto_field = "django.db.models.BigAutoField"
