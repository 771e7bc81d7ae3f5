"""Snapshots (NGSI-LD 5.16): what queries found at one moment, kept under a tenant of its own."""

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Snapshot(models.Model):
    """One snapshot; with its row goes everything in its space, the tenant `snapshot:<id>`.

    `document`: the members as they were given; `context`: the source of the @context in which its queries are written.
    `details`, `temporal_details`: what came of each query. `owner` as in Subscription.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    urn = models.TextField(db_collation="C")
    owner = models.TextField(db_collation="C")
    division_path = models.CharField(max_length=255, db_collation="C", blank=True)
    document: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    context: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    status = models.CharField(max_length=10, default="preparing", db_default="preparing")
    details: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    temporal_details: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    priority = models.SmallIntegerField(default=5, db_default=5)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    changed_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(default=now, db_default=Now())

    class Meta:
        verbose_name = _("Snapshot")
        verbose_name_plural = _("Snapshots")
        constraints = [models.UniqueConstraint(fields=["tenant", "urn"], name="snapshot_once")]
        indexes = [models.Index(fields=["owner", "priority"], name="snapshot_of_owner")]

    def __str__(self) -> str:
        return self.urn
