"""What was suggested to people who opened a case, and what they chose: neither is ever changed."""

from typing import ClassVar

from django.db import models

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class SuggestionShown(models.Model):
    """One set of suggestions as it was shown: `offered` is a list of {kind, organisation_id, confidence}, best first."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=now)
    division_path = models.TextField(db_collation="C", blank=True)
    offered = models.JSONField(default=list)
    by_rules = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["at"], name="case_suggested_at")]

    def __str__(self) -> str:
        return str(self.id)


class SuggestionChosen(models.Model):
    """The kind and the organisation that the case got which was opened after suggestions were shown."""

    append_only: ClassVar[bool] = True

    shown = models.OneToOneField(SuggestionShown, on_delete=models.PROTECT, primary_key=True, related_name="chosen")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    type_name = models.CharField(max_length=64)
    organisation_id = models.UUIDField(null=True, blank=True)
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.shown_id} {self.type_name}"
