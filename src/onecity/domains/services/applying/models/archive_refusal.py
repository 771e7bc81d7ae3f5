"""Closed applications that a check of the archive kept out, with the reason, until somebody has mended them."""

from typing import ClassVar

from django.db import models

from onecity.domains.services.applying.models.application import Application
from onecity.kernel.core.clock import now


class ArchiveRefusal(models.Model):
    """One application that was not taken in; removing the row has it tried again."""

    derived: ClassVar[bool] = True

    application = models.OneToOneField(
        Application, primary_key=True, on_delete=models.CASCADE, related_name="archive_refusal"
    )
    reason = models.TextField()
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.application_id}: {self.reason[:80]}"
