"""Learnt models of texts: each training adds a row, the newest of a name is in use."""

from typing import ClassVar

from django.db import models

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class TextModel(models.Model):
    """One version of a model (`kind`, `organisation`): its bytes, their SHA-256, and how well it did on texts held back."""

    derived: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    figures = models.JSONField(default=dict)
    trained_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="case_text_model_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
