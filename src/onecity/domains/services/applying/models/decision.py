"""The decision: what a table was given, what it said and why, written once with everything that follows from it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying.models.application import Application, Outcome
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Decision(models.Model):
    """One decision by a table, or by a person (`decided_by_id`). Appended, never changed: a later one stands beside it.

    `inputs` are the values as the table took them, `fired` the numbers of its rules, `outputs` what they said; `explanation`
    holds sentences by language. `sampled`: a person looks at it afterwards.
    """

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="decisions")
    table_name = models.CharField(max_length=48, blank=True)
    table_number = models.PositiveIntegerField(default=0)
    table_digest = models.CharField(max_length=64, blank=True)
    inputs = models.JSONField(default=dict)
    fired = models.JSONField(default=list)
    outputs = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10)
    explanation = models.JSONField(default=dict)
    decided_at = models.DateTimeField(default=now)
    decided_by_id = models.UUIDField(null=True, blank=True)
    sampled = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("Decision")
        verbose_name_plural = _("Decisions")
        ordering = ["decided_at", "id"]
        indexes = [models.Index(fields=["-decided_at"], name="applying_sampled", condition=models.Q(sampled=True))]
        constraints = [
            # a table decides an application once; only people can decide again
            models.UniqueConstraint(
                fields=["application"], condition=models.Q(decided_by_id__isnull=True), name="applying_decided_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.outcome}"

    @property
    def shown(self) -> str:
        """What was decided, in words."""
        return str(Outcome(self.outcome).label)
