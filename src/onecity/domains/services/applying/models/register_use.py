"""Every question to a register, answered or not: so that a resident sees who used what of his and for what."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class RegisterUse(models.Model):
    """One question: who asked (`asker_id` None: the platform by itself) about whom, which fields, for what, with what result.

    The answer itself is not kept here, only its `digest`. `result`: found, none, or why it was refused (away, consent, …).
    """

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=now)
    asker_id = models.UUIDField(null=True, blank=True)
    asker_name = models.CharField(max_length=120, blank=True)
    principal_id = models.UUIDField()
    register = models.CharField(max_length=40)
    fields = models.JSONField(default=list)
    purpose = models.CharField(max_length=300)
    legal_basis = models.CharField(max_length=500)
    consent = models.BooleanField(default=False)
    item_code = models.CharField(max_length=48, blank=True)
    reference = models.UUIDField(null=True, blank=True)
    result = models.CharField(max_length=12)
    system = models.CharField(max_length=60, blank=True)
    entry = models.CharField(max_length=60, blank=True)
    record = models.CharField(max_length=60, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("Question to a register")
        verbose_name_plural = _("Questions to registers")
        indexes = [
            models.Index(fields=["principal_id", "-at"], name="applying_use_of_party"),
            models.Index(fields=["register", "result", "-at"], name="applying_use_result"),
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.result}"
