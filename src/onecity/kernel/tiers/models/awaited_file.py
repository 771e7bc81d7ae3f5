"""Files of the other side's cases that are to come here, and how much of each has come."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class FileState(models.TextChoices):
    """Why a file is not here."""

    COMING = "coming", _("On its way")
    STAYS = "stays", _("Stays on the other side")
    DAMAGED = "damaged", _("Not what it was")


class AwaitedFile(models.Model):
    """One file by its SHA-256: what was said of it, and of how many bytes (`received`) the beginning has come.

    The row goes when the file is whole and is what it was. `tries`: how often a whole one was something else.
    """

    derived: ClassVar[bool] = True

    sha256 = models.CharField(max_length=64, primary_key=True, db_collation="C")
    peer_id = models.CharField(max_length=32, db_collation="C")
    size = models.PositiveIntegerField()
    media_type = models.CharField(max_length=60)
    received = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=FileState.choices, default=FileState.COMING)
    tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    since = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("File on its way")
        verbose_name_plural = _("Files on their way")
        indexes = [
            models.Index(
                fields=["peer_id", "since", "sha256"], name="tiers_file_coming", condition=models.Q(state="coming")
            )
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.received}/{self.size} {self.state}"
