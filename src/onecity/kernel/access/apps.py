"""Django's entry to the package `access`."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import privileges
from onecity.kernel.access.two_steps import asked_of


class AccessConfig(AppConfig):
    """Registers the package with Django under its own short label."""

    name = "onecity.kernel.access"
    label = "access"
    verbose_name = _("Access")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give the application's role its rights after every migration; a wrong setting shows at the start, not later."""
        asked_of()
        post_migrate.connect(_grant, sender=self, dispatch_uid="access.privileges")


def _grant(using: str, **_kwargs: Any) -> None:
    privileges.apply(using)
