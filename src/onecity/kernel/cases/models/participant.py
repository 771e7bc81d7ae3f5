"""Other bodies that are asked to help with a case: beside the one that leads, or called to the place by the grid."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class ParticipantState(models.TextChoices):
    """How far a body has come with what it was asked."""

    ASKED = "asked", _("Asked")
    IN = "in", _("Reported in")
    DONE = "done", _("Has done its share")
    REJECTED = "rejected", _("Turned down")


class Participant(models.Model):
    """One body asked to help: `kind` `joint` (joint handling, 联合处置) or `whistle` (called by the grid, 网格吹哨)."""

    KINDS: ClassVar[list[tuple[str, object]]] = [("joint", _("Joint handling")), ("whistle", _("Called by the grid"))]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="participants")
    organisation_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=KINDS)
    state = models.CharField(max_length=10, choices=ParticipantState.choices, default=ParticipantState.ASKED)
    asked_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        verbose_name = _("Participating body")
        verbose_name_plural = _("Participating bodies")
        ordering = ["asked_at", "id"]
        indexes = [
            models.Index(
                fields=["organisation_id", "due_at"], name="case_participant_open", condition=models.Q(state="asked")
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "organisation_id", "kind"],
                name="case_participant_once",
                condition=models.Q(state__in=["asked", "in"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.organisation_id}"
