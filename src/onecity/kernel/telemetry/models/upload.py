"""Uploaded tables: how the columns of a kind of file are understood, remembered for the next file of that kind."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class UploadMapping(models.Model):
    """What the columns of files with this signature (their header) mean to a division."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    signature = models.CharField(max_length=64, db_collation="C")
    columns: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    mapping: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    changed_by = models.UUIDField(null=True, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Meaning of uploaded columns")
        verbose_name_plural = _("Meanings of uploaded columns")
        constraints = [models.UniqueConstraint(fields=["division_path", "signature"], name="upload_mapping_once")]

    def __str__(self) -> str:
        return ", ".join(self.columns)[:100]
