"""The rule and its versions: data that staff edit, with who changed what, why, and from when it holds."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class Origin(models.TextChoices):
    """Where a rule came from."""

    MANIFEST = "manifest", _("Delivered with the system")
    DESK = "desk", _("Made at the desk")
    FILE = "file", _("Imported from a file")


class VersionState(models.TextChoices):
    """How far a version has come; a published one never changes."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    DISCARDED = "discarded", _("Discarded")


class Rule(models.Model):
    """An alert rule. What it says stands in its versions; here is what does not change with them.

    `division_path`: whose rule it is; whoever may edit rules there may change it. `declared` is the last declaration of
    its manifest, so that a new one is told from what staff changed. `error` says why the engine had to set it apart.
    """

    name = models.CharField(_("Key"), max_length=120, unique=True, db_collation="C")
    domain = models.CharField(max_length=63, blank=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C", blank=True)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.DESK)
    paused = models.BooleanField(_("Paused"), default=False)
    declared = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Rule")
        verbose_name_plural = _("Rules")
        indexes = [models.Index(fields=["changed_at"], name="rule_by_change")]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """One version of a rule. Of the published ones the newest whose `effective_from` has come is the one in force.

    `definition` is a `rules.definition.Definition` as data. `run` is the number under which the engine remembers: a
    version that asks the same as the one before keeps its number, so that open alerts go on.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    division_path = models.CharField(max_length=255, db_collation="C", blank=True)
    number = models.PositiveIntegerField(_("Version"))
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.DRAFT)
    definition: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    run = models.BigIntegerField(default=0)
    comment = models.CharField(_("Why"), max_length=500, blank=True)
    author_id = models.UUIDField(null=True, blank=True)
    author_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    effective_from = models.DateTimeField(_("Holds from"), null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by_id = models.UUIDField(null=True, blank=True)
    published_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("Version of a rule")
        verbose_name_plural = _("Versions of rules")
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="rule_version_once"),
            models.UniqueConstraint(
                fields=["rule"], condition=models.Q(state=VersionState.DRAFT), name="rule_one_draft"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=VersionState.PUBLISHED)
                | models.Q(effective_from__isnull=False, published_at__isnull=False),
                name="rule_published_from",
            ),
        ]
        indexes = [models.Index(fields=["rule", "state", "-effective_from"], name="rule_version_in_force")]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.number}"
