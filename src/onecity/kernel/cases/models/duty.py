"""The duty roster, and hand-overs of a shift with what became of each case."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Duty(models.Model):
    """One turn of duty: who, for which body, where (a division with all below it), able to do what, from when to when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    organisation_id = models.UUIDField(null=True, blank=True)
    division_path = models.TextField(_("Division"), db_collation="C")
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    created_by_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Turn of duty")
        verbose_name_plural = _("Turns of duty")
        ordering = ["start", "id"]
        indexes = [
            models.Index(fields=["division_path", "end"], name="case_duty_place"),
            models.Index(fields=["account_id", "end"], name="case_duty_account"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="case_duty_ends_after"),
            models.UniqueConstraint(fields=["account_id", "division_path", "start"], name="case_duty_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.start:%Y-%m-%d %H:%M}"


class HandOver(models.Model):
    """All open cases of one person given to another in one act; `undone_at`: and given back."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.TextField(db_collation="C", blank=True)
    giver_id = models.UUIDField()
    giver_name = models.CharField(max_length=200)
    taker_id = models.UUIDField()
    taker_name = models.CharField(max_length=200)
    by_id = models.UUIDField()
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=now)
    note = models.TextField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Hand-over of a shift")
        verbose_name_plural = _("Hand-overs of shifts")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["giver_id", "-at"], name="case_handover_giver"),
            models.Index(fields=["taker_id", "-at"], name="case_handover_taker"),
        ]

    def __str__(self) -> str:
        return f"{self.giver_name} → {self.taker_name}"


class HandedCase(models.Model):
    """One case of a hand-over: `version` right after it, or `why` it stayed; `returned`: given back, `kept`: why not."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="cases")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=0)
    why = models.TextField(blank=True)
    returned = models.BooleanField(default=False)
    kept = models.TextField(blank=True)

    class Meta:
        verbose_name = _("Case handed over")
        verbose_name_plural = _("Cases handed over")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["hand_over", "case"], name="case_handed_once")]

    def __str__(self) -> str:
        return f"{self.hand_over_id} {self.case_id}"
