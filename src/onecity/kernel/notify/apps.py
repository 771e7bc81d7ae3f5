"""Django's entry to the package `notify`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotifyConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.notify"
    label = "notify"
    verbose_name = _("Notify")
    default_auto_field = "django.db.models.BigAutoField"
