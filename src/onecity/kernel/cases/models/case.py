"""The case: whatever has to be done, with where, who, in which state, until when."""

import datetime as dt
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import wording
from onecity.kernel.core.ids import new_id

# sorts cases without a deadline last; a real moment, since the driver cannot carry PostgreSQL's infinity
NO_DEADLINE = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
OPEN = Q(closed_at__isnull=True)
ENDED = Q(closed_at__isnull=False)


class CaseSeverity(models.TextChoices):
    """How grave it is, in the four colours of Chinese warnings (蓝黄橙红), or ordinary."""

    ORDINARY = "", _("Ordinary")
    BLUE = "blue", _("Blue")
    YELLOW = "yellow", _("Yellow")
    ORANGE = "orange", _("Orange")
    RED = "red", _("Red")


class Case(models.Model):
    """One case (工单).

    `version` counts the changes: together with `state` it points at the event that made it, so that the database itself
    refuses a change without its entry in the history (see migration 0002). `deadline` is the nearest due time and
    `final_deadline` that of the whole case; `sweep_at` is when the next reminder or warning is due, empty when none is.
    `round` counts how often it was begun (a case sent back after its end begins anew); `paused_since`: the clock stands
    still; `asked`: what somebody above has to decide (`extension`); `external`: the outside body that has it now;
    `rung`: how far its ladder of reminders was climbed; `parent`: the case of which it is a part; `answers`: its form;
    `reporter_shown`: who reported it, masked, as everybody who handles it may read.
    `said`: what the platform says of it in every language (see cases.wording), empty where people wrote `title` themselves.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    district = models.CharField(max_length=64, db_collation="C")
    number = models.CharField(_("Number"), max_length=20, db_collation="C")
    type_name = models.CharField(_("Type"), max_length=64)
    type_version = models.PositiveIntegerField()
    title = models.CharField(_("Title"), max_length=200)
    description = models.TextField(_("Description"), blank=True)
    address = models.CharField(_("Place"), max_length=200, blank=True)
    division_path = models.TextField(_("Division"), db_collation="C")
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    severity = models.CharField(_("Severity"), max_length=8, choices=CaseSeverity.choices, blank=True)
    state = models.CharField(_("State"), max_length=40)
    stage = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1)
    assignee_id = models.UUIDField(null=True, blank=True)
    organisation_id = models.UUIDField(null=True, blank=True)
    role = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField(_("Opened"))
    opened_by_id = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField()
    stage_since = models.DateTimeField()
    deadline = models.DateTimeField(_("Due"), null=True, blank=True)
    final_deadline = models.DateTimeField(null=True, blank=True)
    due_order = models.GeneratedField(
        expression=Coalesce(F("deadline"), Value(NO_DEADLINE)), output_field=models.DateTimeField(), db_persist=True
    )
    sweep_at = models.DateTimeField(null=True, blank=True)
    overdue_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(_("Closed"), null=True, blank=True)
    source = models.CharField(_("Source"), max_length=20)
    source_key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    entity_id = models.UUIDField(null=True, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts", db_index=False
    )
    round = models.PositiveSmallIntegerField(default=1)
    paused_since = models.DateTimeField(null=True, blank=True)
    contacted_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=40, blank=True)
    asked = models.CharField(max_length=20, blank=True)
    external = models.CharField(max_length=40, blank=True)
    supervised_until = models.DateTimeField(null=True, blank=True)
    rung = models.PositiveSmallIntegerField(default=0)
    reporter_shown = models.CharField(max_length=60, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    said: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    # follows the version of its kind; set by the database as well, whoever writes (see migration 0020)
    confidential = models.BooleanField(default=False, db_default=False)
    # when its personal data were erased, by the policy of its kind
    forgotten_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True)

    class Meta:
        verbose_name = _("Case")
        verbose_name_plural = _("Cases")
        constraints = [
            models.UniqueConstraint(fields=["number", "district"], name="case_number_once"),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True) | Q(lon__isnull=False, lat__isnull=False),
                name="case_point_whole",
            ),
            models.CheckConstraint(condition=~Q(division_path=""), name="case_has_division"),
        ]
        indexes = [
            models.Index(fields=["assignee_id", "due_order", "id"], name="case_mine", condition=OPEN),
            models.Index(fields=["due_order", "id"], name="case_open_due", condition=OPEN),
            # with what a map counts and row-level security asks for, so that neither visits the table
            models.Index(
                fields=["division_path", "due_order", "id"],
                name="case_open_place",
                condition=OPEN,
                include=[
                    "assignee_id",
                    "organisation_id",
                    "state",
                    "type_name",
                    "severity",
                    "lon",
                    "lat",
                    "confidential",
                ],
            ),
            models.Index(fields=["organisation_id", "due_order", "id"], name="case_open_body", condition=OPEN),
            models.Index(fields=["state", "due_order", "id"], name="case_open_state", condition=OPEN),
            models.Index(
                fields=["due_order", "id"], name="case_unassigned", condition=OPEN & Q(assignee_id__isnull=True)
            ),
            models.Index(fields=["-closed_at", "-id"], name="case_ended", condition=ENDED),
            models.Index(
                fields=["type_name", "-closed_at", "-id"],
                name="case_ended_type",
                condition=ENDED,
                include=["division_path", "assignee_id", "state", "severity", "confidential"],
            ),
            models.Index(
                fields=["state", "-closed_at", "-id"],
                name="case_ended_state",
                condition=ENDED,
                include=["division_path", "assignee_id", "severity", "confidential"],
            ),
            models.Index(fields=["-opened_at", "-id"], name="case_newest"),
            models.Index(fields=["state", "-opened_at", "-id"], name="case_newest_state"),
            models.Index(fields=["division_path", "-opened_at", "-id"], name="case_newest_place"),
            models.Index(fields=["type_name", "-opened_at", "-id"], name="case_newest_type"),
            models.Index(fields=["assignee_id", "-opened_at", "-id"], name="case_newest_mine"),
            models.Index(fields=["sweep_at"], name="case_sweep", condition=Q(sweep_at__isnull=False)),
            models.Index(fields=["entity_id", "-opened_at"], name="case_entity", condition=Q(entity_id__isnull=False)),
            models.Index(fields=["parent"], name="case_parts", condition=Q(parent__isnull=False)),
            models.Index(fields=["asked", "due_order", "id"], name="case_asked", condition=OPEN & ~Q(asked="")),
            models.Index(
                fields=["supervised_until"], name="case_supervised", condition=OPEN & Q(supervised_until__isnull=False)
            ),
            GinIndex(fields=["search"], name="case_search"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def shown_title(self) -> str:
        """What it is called, in the reader's language where the platform named it."""
        return wording.title(self.said, self.title)

    @property
    def shown_description(self) -> str:
        """More about it, in the reader's language where the platform wrote it."""
        return wording.description(self.said, self.description)

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.closed_at is None
