"""Holds: cases whose records must not be erased although their time is over, with who said so and why."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Hold(models.Model):
    """A hold on one case (暂停销毁), for a lawsuit say; it stays, also when it was lifted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(_("Reason"), max_length=500)
    placed_by_id = models.UUIDField()
    placed_by_name = models.CharField(max_length=200)
    placed_at = models.DateTimeField(default=now)
    lifted_by_id = models.UUIDField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=200, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Hold on a case")
        verbose_name_plural = _("Holds on cases")
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["case"], name="case_held_once", condition=Q(lifted_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.case_id}"
