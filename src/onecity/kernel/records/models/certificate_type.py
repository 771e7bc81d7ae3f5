"""Kinds of certificate as they were published: each version stays, since certificates name the one they were issued by."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class CertificateTypeVersion(models.Model):
    """One version of a kind of certificate; in force from its date until the next one's."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(_("Short name"), max_length=64)
    version = models.PositiveIntegerField(_("Version"))
    definition = models.JSONField(_("Definition"))
    digest = models.CharField(max_length=64)
    effective_from = models.DateField(_("In force from"))
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Kind of certificate")
        verbose_name_plural = _("Kinds of certificate")
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="certificate_type_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"
