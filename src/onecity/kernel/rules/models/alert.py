"""The alert: one stretch of time in which one rule was broken by one entity."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.rules.models.rule import Rule, RuleVersion


class AlertState(models.TextChoices):
    """Whether it goes on. A withdrawn alert turned out never to have been (a silence that was only a delay)."""

    OPEN = "open", _("Going on")
    ENDED = "ended", _("Over")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AlertSeverity(models.TextChoices):
    """The four colours of warnings (蓝黄橙红)."""

    BLUE = "blue", _("Blue")
    YELLOW = "yellow", _("Yellow")
    ORANGE = "orange", _("Orange")
    RED = "red", _("Red")


class Alert(models.Model):
    """One alert, named by (rule, entity, onset): however often a batch is repeated, it stands here once.

    `onset` is the first reading past the level, `raised_at` the reading at which it had lasted long enough, `end` the
    reading that cleared it; `peak_value` is the worst value of what the rule looks at (see `evidence["feature"]`).
    `severity` is the gravest it reached. `wants_case` until the case that the rule asks for is open.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="alerts")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="alerts")
    entity_id = models.UUIDField()
    entity_urn = models.CharField(max_length=255, db_collation="C")
    entity_name = models.CharField(max_length=200)
    entity_type = models.CharField(max_length=63)
    series_id = models.IntegerField()
    attribute = models.CharField(max_length=63)
    unit = models.CharField(max_length=40, blank=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    severity = models.CharField(_("Severity"), max_length=8, choices=AlertSeverity.choices)
    state = models.CharField(_("State"), max_length=10, choices=AlertState.choices, default=AlertState.OPEN)
    onset = models.DateTimeField(_("Began"))
    raised_at = models.DateTimeField()
    peak_at = models.DateTimeField()
    peak_value = models.FloatField()
    end = models.DateTimeField(_("End"), null=True, blank=True)
    evidence: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by_id = models.UUIDField(null=True, blank=True)
    acknowledged_by_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    wants_case = models.BooleanField(default=False)
    case_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Alert")
        verbose_name_plural = _("Alerts")
        constraints = [
            models.UniqueConstraint(fields=["rule", "entity_id", "onset"], name="alert_once"),
            models.CheckConstraint(
                condition=models.Q(state=AlertState.OPEN, end__isnull=True)
                | (~models.Q(state=AlertState.OPEN) & models.Q(end__isnull=False)),
                name="alert_open_or_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["-onset", "-id"], name="alert_newest"),
            models.Index(fields=["division_path", "-onset", "-id"], name="alert_by_division"),
            models.Index(fields=["rule", "-onset"], name="alert_by_rule"),
            models.Index(fields=["entity_id", "-onset"], name="alert_by_entity"),
            models.Index(
                fields=["division_path", "-onset"], name="alert_open", condition=models.Q(state=AlertState.OPEN)
            ),
            models.Index(fields=["onset"], name="alert_wanting", condition=models.Q(wants_case=True)),
        ]

    def __str__(self) -> str:
        return f"{self.entity_name} {self.severity} {self.onset:%Y-%m-%d %H:%M}Z"
