"""Django's entry to the package `places`."""

from django.apps import AppConfig
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import text


class PlacesConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.places"
    label = "places"
    verbose_name = _("Places")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give the pure core, which knows no Django, the translator for its sentences."""
        text.install_translator(gettext)
