"""What the columns of an imported table of cases meant, remembered for the next table with the same columns."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class ImportMapping(models.Model):
    """The meaning of one kind of table, for one account; `signature` stands for the names of its columns in their order."""

    account_id = models.UUIDField()
    signature = models.CharField(max_length=64)
    mapping: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Meaning of columns")
        verbose_name_plural = _("Meanings of columns")
        constraints = [models.UniqueConstraint(fields=["account_id", "signature"], name="case_import_mapping_once")]

    def __str__(self) -> str:
        return self.signature
