"""Cases that tell of the same thing: pairs that were found, which case went into which, and how far was looked."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now


class PairState(models.TextChoices):
    """What people made of two cases that look alike."""

    PENDING = "pending", _("To be decided")
    MERGED = "merged", _("Merged")
    DIFFERENT = "different", _("Not the same")


class DuplicatePair(models.Model):
    """Two cases that look alike: the later `case` and the earlier `other`; `facts`: text (0 to 1), metres, hours apart."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    score = models.FloatField()
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=PairState.choices, default=PairState.PENDING)
    found_at = models.DateTimeField(default=now)
    decided_by_id = models.UUIDField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "other"], name="case_pair_once")]
        indexes = [
            models.Index(fields=["-score", "id"], name="case_pair_pending", condition=models.Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} = {self.other_id}"

    @property
    def percent(self) -> int:
        """The score as people read it."""
        return round(self.score * 100)


class Merge(models.Model):
    """A case that went into another one; `before` is what it was, so that it can be taken apart again; `into_started_at`:
    when the clock of the other began of itself."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="merge")
    into = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="merges")
    before = models.JSONField(default=dict)
    into_started_at = models.DateTimeField()
    at = models.DateTimeField(default=now)
    by_id = models.UUIDField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.case_id} in {self.into_id}"


class DuplicateCursor(models.Model):
    """Up to which case, in the order of ids, others like it were looked for; one row."""

    derived: ClassVar[bool] = True

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seen = models.UUIDField(null=True)

    def __str__(self) -> str:
        return str(self.seen)
