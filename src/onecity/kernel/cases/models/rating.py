"""What residents think of how a case was handled (好差评): given once, never changed, by nobody."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Rating(models.Model):
    """One rating: stars from 1 to 5 for one step of one round. `additional`: a later word beside the first, which stays.

    `real_name`: the rater's identity was assured; only those count in the rate. `flagged`: many came from one source within
    a short time; kept, and left out by that visible rule only.
    """

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ratings")
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=40, default="end")
    stars = models.PositiveSmallIntegerField()
    aspects = models.JSONField(default=dict, blank=True)
    text = models.TextField(blank=True)
    channel = models.CharField(max_length=20)
    account_id = models.UUIDField(null=True, blank=True)
    real_name = models.BooleanField(default=False)
    additional = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Rating")
        verbose_name_plural = _("Ratings")
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(stars__gte=1, stars__lte=5), name="case_rating_stars"),
            models.UniqueConstraint(
                fields=["case", "round", "step"], name="case_rating_once", condition=models.Q(additional=False)
            ),
        ]
        indexes = [models.Index(fields=["account_id", "-at"], name="case_rating_account")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stars}"
