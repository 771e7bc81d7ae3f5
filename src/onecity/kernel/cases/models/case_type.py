"""Case types: every version ever published stays, since running cases keep the one they began with."""

from typing import ClassVar

from django.db import models
from django.db.models import Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class CaseType(models.Model):
    """One version of one kind of case; it holds for cases opened from `effective_from` until a later version does."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Short name"), max_length=64)
    version = models.PositiveIntegerField(_("Version"))
    definition = models.JSONField(_("Definition"))
    digest = models.CharField(max_length=64)
    effective_from = models.DateTimeField(_("In force from"), default=now)
    published_by_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    # beside the definition, since every case that is written is compared with it
    level = models.GeneratedField(
        expression=Coalesce(KeyTextTransform("level", "definition"), Value("public"), output_field=models.TextField()),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("Case type")
        verbose_name_plural = _("Case types")
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="case_type_version_once")]
        indexes = [models.Index(fields=["name", "-effective_from", "-version"], name="case_type_in_force")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
