"""Django's entry to the package `rules`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from onecity.kernel.rules import sentences
from onecity.kernel.rules.permissions import ALERTS_ACKNOWLEDGE, ALERTS_VIEW, RULES_EDIT, RULES_VIEW


class RulesConfig(AppConfig):
    """Registers the package with Django under its own short label, and its rights and sentences with the platform."""

    name = "onecity.kernel.rules"
    label = "rules"
    verbose_name = _("Rules")
    default_auto_field = "django.db.models.BigAutoField"
    permissions = (RULES_VIEW, RULES_EDIT, ALERTS_VIEW, ALERTS_ACKNOWLEDGE)
    sentences = (sentences.ALERT,)
