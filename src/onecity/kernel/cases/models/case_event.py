"""The history of a case: one row for every change, appended and never edited."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case


class CaseEvent(models.Model):
    """Who did what when, from which state to which, and what was said.

    `version` is the case's version that this event made. `actor_name` is the name at that time: a history must not
    change when a person's name or office does; it is empty for what the platform did by itself.
    """

    append_only: ClassVar[bool] = True

    # the unique constraints below begin with the case: another index would only cost writing
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events", db_index=False)
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=120, blank=True)
    action = models.CharField(max_length=40)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("Event of a case")
        verbose_name_plural = _("Events of cases")
        # written in the order of time: a few pages tell where a month lies
        indexes = [BrinIndex(fields=["at"], name="case_event_time", pages_per_range=32)]
        constraints = [
            models.UniqueConstraint(fields=["case", "version"], name="case_event_version_once"),
            # the target of the case's own pointer to its latest event
            models.UniqueConstraint(fields=["case", "version", "to_state"], name="case_event_pointer"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.version} {self.action}"
