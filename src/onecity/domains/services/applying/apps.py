"""Django's entry to applying: its tables stand apart from those of the items."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import sentences


class ApplyingConfig(AppConfig):
    """Registers the part with Django under its own short label."""

    name = "onecity.domains.services.applying"
    label = "applying"
    verbose_name = _("Applications")
    default_auto_field = "django.db.models.BigAutoField"
    sentences = (sentences.APPLICATION,)
