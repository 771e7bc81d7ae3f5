"""What a person has had printed at a machine; the document is made when the machine fetches it, and not kept."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.kiosk.models.terminal import Terminal
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class JobState(models.TextChoices):
    """How far it is."""

    WAITING = "waiting", _("Waiting for the printer")
    TAKEN = "taken", _("Being printed")
    PRINTED = "printed", _("Printed")
    FAILED = "failed", _("Not printed")


class PrintJob(models.Model):
    """One certificate for one person at one machine."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    terminal = models.ForeignKey(Terminal, on_delete=models.PROTECT, related_name="jobs")
    account_id = models.UUIDField()
    certificate_id = models.UUIDField()
    language = models.CharField(max_length=10, default="zh-hans")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    reason = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["terminal", "asked_at"], name="kiosk_open_jobs", condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.terminal_id} {self.state}"
