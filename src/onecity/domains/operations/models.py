"""The one table of the operations centre: when a division went from ordinary to emergency mode and back."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Mode(models.TextChoices):
    """How a division is run (平战结合: the same platform for ordinary and emergency times)."""

    ORDINARY = "ordinary", _("Ordinary mode")
    EMERGENCY = "emergency", _("Emergency mode")


class ModeChange(models.Model):
    """One declaration; the newest of a division holds, for everything below it too."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.CharField(max_length=255, db_collation="C")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    reason = models.CharField(_("Why"), max_length=200, blank=True)
    at = models.DateTimeField(default=now)
    account_id = models.UUIDField()
    account_name = models.CharField(max_length=120)

    class Meta:
        verbose_name = _("Change of mode")
        verbose_name_plural = _("Changes of mode")
        indexes = [models.Index(fields=["division_path", "-at", "-id"], name="mode_newest")]

    def __str__(self) -> str:
        return f"{self.division_path} {self.mode}"
