"""Subscriptions as they were passed on to sources, what sources tell of them, and what was told already (NGSI-LD 5.8.1.4)."""

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class PassedSubscription(models.Model):
    """The part of a subscription that one source is to follow for us.

    `document` is what the source is to have, `sent` what it has (None: nothing yet), both under stored names; `gone`: it is
    to be deleted there. `key` is the end of the address at which its notifications are taken, which nobody can guess.
    Outlives subscription and registration until the source has forgotten it, so it carries what that needs.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription_id = models.UUIDField()
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    source = models.TextField(db_collation="C")
    registration: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    via = models.TextField(blank=True, default="", db_default="")
    context: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    key = models.TextField(unique=True, db_collation="C")
    remote = models.TextField(db_collation="C")
    document: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    sent: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True, blank=True)
    gone = models.BooleanField(default=False, db_default=False)
    failures = models.IntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("Subscription at a source")
        verbose_name_plural = _("Subscriptions at sources")
        constraints = [
            models.UniqueConstraint(
                fields=["subscription_id", "source"], condition=models.Q(gone=False), name="passed_once"
            )
        ]

    def __str__(self) -> str:
        return self.remote


class HeardNotification(models.Model):
    """A notification of a source that waits to be passed on to the subscriber."""

    id = models.BigAutoField(primary_key=True)
    passed_id = models.UUIDField()
    link = models.TextField(blank=True, default="", db_default="")
    body = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("Notification of a source")
        verbose_name_plural = _("Notifications of sources")
        indexes = [models.Index(fields=["passed_id", "id"], name="heard_in_order")]

    def __str__(self) -> str:
        return str(self.id)


class ToldNotification(models.Model):
    """What was heard of already, by a digest, so that nothing is told twice; kept for an hour."""

    id = models.BigAutoField(primary_key=True)
    owner_id = models.UUIDField()
    digest = models.TextField(db_collation="C")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("Notification that was told")
        verbose_name_plural = _("Notifications that were told")
        constraints = [models.UniqueConstraint(fields=["owner_id", "digest"], name="told_once")]
        indexes = [models.Index(fields=["at"], name="told_by_age")]

    def __str__(self) -> str:
        return self.digest
