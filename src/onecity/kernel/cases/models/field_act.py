"""What phones sent and was done: each act once, under the id that the phone made for it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class FieldAct(models.Model):
    """One act that came from a phone: who sent it under which id, what it was (its digest), and what it led to.

    Written in the transaction of the act itself, so that one is there exactly when the other is.
    """

    append_only: ClassVar[bool] = True

    account_id = models.UUIDField()
    key = models.UUIDField()
    digest = models.CharField(max_length=64)
    case_id = models.UUIDField()
    version = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Act from a phone")
        verbose_name_plural = _("Acts from phones")
        constraints = [models.UniqueConstraint(fields=["account_id", "key"], name="case_field_act_once")]
        indexes = [models.Index(fields=["at"], name="case_field_act_at")]

    def __str__(self) -> str:
        return str(self.key)
