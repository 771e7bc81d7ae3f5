"""Context sources that are registered (NGSI-LD 5.2.9), and how exchanges with each went."""

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class SourceRegistration(models.Model):
    """One context source and what it may be asked for.

    `document`: the members as they were given, names of types and attributes as stored names. `changed_at` does not
    move with the counters: by it processes see that what is registered has changed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    urn = models.TextField(db_collation="C")
    division_path = models.CharField(max_length=255, db_collation="C", blank=True)
    document: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    changed_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    times_sent = models.BigIntegerField(default=0, db_default=0)
    times_failed = models.BigIntegerField(default=0, db_default=0)
    last_success = models.DateTimeField(null=True, blank=True)
    last_failure = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("Context source")
        verbose_name_plural = _("Context sources")
        constraints = [models.UniqueConstraint(fields=["tenant", "urn"], name="registration_once")]
        indexes = [models.Index(fields=["created_at", "id"], name="registration_by_age")]

    def __str__(self) -> str:
        return self.urn


class SourceChange(models.Model):
    """A registration before and after a change, until those who subscribed to registrations were told (5.11.7)."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    urn = models.TextField(db_collation="C")
    before: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
    after: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)

    class Meta:
        verbose_name = _("Change of a context source")
        verbose_name_plural = _("Changes of context sources")

    def __str__(self) -> str:
        return self.urn
