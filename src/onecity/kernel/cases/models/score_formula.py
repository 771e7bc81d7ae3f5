"""Versions of the score card's formula that people wrote: drafts, and what was published from a day on."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.draft import DraftState
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class ScoreFormula(models.Model):
    """A formula: `content` as scoring.logic.card.Formula without its day. `editors`: everybody who wrote any of it, of whom
    nobody may publish it. Published it never changes (see migration 0022)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scheme = models.CharField(max_length=40, default="card")
    state = models.CharField(max_length=12, choices=DraftState.choices, default=DraftState.DRAFT)
    effective_from = models.DateField(_("In force from"), null=True, blank=True)
    content = models.JSONField(default=dict)
    comment = models.CharField(max_length=500, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    author_id = models.UUIDField()
    author_name = models.CharField(max_length=200)
    editors = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=now)
    reviewer_id = models.UUIDField(null=True, blank=True)
    reviewer_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Formula of the score card")
        verbose_name_plural = _("Formulas of the score card")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme"],
                name="case_formula_one_draft",
                condition=Q(state__in=[DraftState.DRAFT, DraftState.REVIEW]),
            ),
            models.UniqueConstraint(
                fields=["scheme", "effective_from"],
                name="case_formula_day_once",
                condition=Q(state=DraftState.PUBLISHED),
            ),
            models.CheckConstraint(
                condition=~Q(state=DraftState.PUBLISHED) | Q(effective_from__isnull=False, reviewer_id__isnull=False),
                name="case_formula_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.effective_from or self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it may still be published."""
        return self.state in {DraftState.DRAFT, DraftState.REVIEW}
