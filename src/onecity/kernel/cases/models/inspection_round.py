"""Rounds of inspection that were asked for, and the plan that was found."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class RoundsState(models.TextChoices):
    """How far a plan has come."""

    WAITING = "waiting", _("Being planned")
    READY = "ready", _("Planned")


class Rounds(models.Model):
    """Who visits which cases in which order on one shift.

    `crews`: the units with their stations, `stops`: the cases with their places and windows (minutes of the shift), both as
    they were when it was asked for; `result`: rounds in order with the minute of each visit, and stops that fit nowhere.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.TextField(_("Division"), db_collation="C")
    state = models.CharField(max_length=8, choices=RoundsState.choices, default=RoundsState.WAITING)
    start = models.DateTimeField()
    minutes = models.PositiveIntegerField()
    crews: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)
    stops: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)
    result: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    asked_by_id = models.UUIDField()
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField(default=now)
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Rounds of inspection")
        verbose_name_plural = _("Rounds of inspection")
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["division_path", "-asked_at"], name="case_rounds_place"),
            models.Index(fields=["asked_at"], name="case_rounds_waiting", condition=models.Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.asked_by} {self.start:%Y-%m-%d %H:%M}"
