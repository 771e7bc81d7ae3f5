"""Django's entry to the package `telemetry`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TelemetryConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.telemetry"
    label = "telemetry"
    verbose_name = _("Telemetry")
    default_auto_field = "django.db.models.BigAutoField"
