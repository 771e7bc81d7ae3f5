"""Subscriptions, how each fares, what waits to be sent for it, and how far the change log has been matched."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Subscription(models.Model):
    """Who wants to be told of which changes (NGSI-LD 5.2.12), and on whose behalf: only what he may see is told.

    `document`: the members as they were given, names of types and attributes as stored names; `context`: the source of
    the @context in which `q` is written. `owner`: `account <uuid>` or the name of a principal that is no account;
    `seen`: division paths that he sees beside his grants; `via`: which brokers the subscription came through (6.3.18).
    The database adds `txid`, the transaction of the last change.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, default="entity", db_default="entity")
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    urn = models.TextField(db_collation="C")
    owner = models.TextField(db_collation="C")
    account_id = models.UUIDField(null=True, blank=True)
    seen = ArrayField(models.TextField(), db_default=models.Value("{}"), default=list, blank=True)
    division_path = models.CharField(max_length=255, db_collation="C", blank=True)
    document: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    context: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    via = models.TextField(blank=True, default="", db_default="")
    is_active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    changed_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("Subscription")
        verbose_name_plural = _("Subscriptions")
        constraints = [models.UniqueConstraint(fields=["kind", "tenant", "urn"], name="subscription_once")]
        indexes = [models.Index(fields=["created_at", "id"], name="subscription_by_age")]

    def __str__(self) -> str:
        return self.urn

    @property
    def name(self) -> str:
        """Its name, else its description, else its id."""
        return str(self.document.get("subscriptionName") or self.document.get("description") or self.urn)

    @property
    def status(self) -> str:
        """`active`, `paused` or `expired` (5.2.12)."""
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active" if self.is_active else "paused"


class Delivery(models.Model):
    """How the notifications of one subscription fare (5.2.14.2). Goes with its subscription."""

    subscription_id = models.UUIDField(primary_key=True)
    times_sent = models.BigIntegerField(default=0, db_default=0)
    times_failed = models.BigIntegerField(default=0, db_default=0)
    dropped = models.BigIntegerField(default=0, db_default=0)
    last_notification = models.DateTimeField(null=True, blank=True)
    last_success = models.DateTimeField(null=True, blank=True)
    last_failure = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, blank=True, default="", db_default="")
    error = models.TextField(blank=True, default="", db_default="")
    # when the last notification was made (throttling), and when the next periodic one is due
    made_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Delivery")
        verbose_name_plural = _("Deliveries")

    def __str__(self) -> str:
        return str(self.subscription_id)


class Notification(models.Model):
    """A notification that waits to be sent; written with the position, removed when it was taken or is given up."""

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=new_id, editable=False)
    subscription_id = models.UUIDField()
    at = models.DateTimeField()
    data = models.TextField()
    attempts = models.IntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Waiting notification")
        verbose_name_plural = _("Waiting notifications")
        indexes = [models.Index(fields=["subscription_id", "number"], name="notification_in_order")]

    def __str__(self) -> str:
        return str(self.id)


class Position(models.Model):
    """How far the change log has been matched: everything up to (txid, number) has its notifications."""

    name = models.CharField(max_length=20, primary_key=True)
    txid = models.TextField()
    number = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Position in the change log")
        verbose_name_plural = _("Positions in the change log")

    def __str__(self) -> str:
        return f"{self.name} {self.txid}-{self.number}"
