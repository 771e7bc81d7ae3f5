"""Drafts of case types: what somebody proposes, until another person publishes it as a version."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class DraftState(models.TextChoices):
    """Where a draft stands."""

    DRAFT = "draft", _("Being written")
    REVIEW = "review", _("Waiting for review")
    PUBLISHED = "published", _("Published")
    DROPPED = "dropped", _("Given up")


class CaseTypeDraft(models.Model):
    """What the next version of a kind would say, whether it works already or not; one at a time for each kind.

    `based_on`: the version from which it was begun (0: none). `editors`: accounts that wrote any of it; none of them
    publishes it. `revision` counts the changes, so that two who write at once are told. `comment`: why it changes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=64)
    based_on = models.PositiveIntegerField(default=0)
    definition: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=DraftState.choices, default=DraftState.DRAFT)
    author_id = models.UUIDField()
    author_name = models.CharField(max_length=200)
    editors: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    comment = models.CharField(max_length=500, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=now)
    reviewer_id = models.UUIDField(null=True, blank=True)
    reviewer_name = models.CharField(max_length=200, blank=True)
    published_version = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("Draft of a case type")
        verbose_name_plural = _("Drafts of case types")
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(state__in=["draft", "review"]), name="case_type_draft_one"
            )
        ]
        indexes = [models.Index(fields=["state", "-changed_at"], name="case_type_draft_state")]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it may still be published."""
        return self.state in {DraftState.DRAFT, DraftState.REVIEW}
