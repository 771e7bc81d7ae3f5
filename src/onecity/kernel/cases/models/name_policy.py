"""Who sees whose name: the versions of the policy, each appended, none changed."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class NamePolicy(models.Model):
    """One version: `rules` maps subject and viewer to how much is shown (see naming.policy)."""

    append_only: ClassVar[bool] = True

    version = models.PositiveIntegerField(unique=True)
    rules = models.JSONField(default=dict)
    reason = models.CharField(_("Reason"), max_length=500)
    by_id = models.UUIDField()
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Policy of names")
        verbose_name_plural = _("Policies of names")
        ordering = ["-version"]

    def __str__(self) -> str:
        return str(self.version)
