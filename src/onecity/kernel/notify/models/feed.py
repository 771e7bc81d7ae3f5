"""The change feed: one row a change that a live page may want to show, readable only by whom it concerns."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from onecity.kernel.notify.models.transaction_id import CurrentTransactionId, TransactionIdField


class FeedEvent(models.Model):
    """Something changed. The row names the permission that shows it, so that one policy covers every kind.

    `xid` is the transaction that wrote the row: a reader takes only rows whose transaction is older than every one
    still running, and so never passes over a row that becomes visible late.
    """

    append_only: ClassVar[bool] = True

    xid = TransactionIdField(db_default=CurrentTransactionId(), editable=False)
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=32)
    permission = models.CharField(max_length=100)
    division_path = models.TextField(blank=True, db_collation="C")
    account_id = models.UUIDField(null=True, blank=True)
    ref = models.TextField(blank=True)
    payload = models.JSONField(default=dict)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "notify_event"
        indexes = [
            models.Index(fields=["xid", "id"], name="notify_event_order"),
            models.Index(fields=["at"], name="notify_event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class FeedFloor(models.Model):
    """One row: the newest transaction whose feed rows were removed, so that an outdated cursor is recognised."""

    derived: ClassVar[bool] = True

    xid = TransactionIdField()

    class Meta:
        db_table = "notify_feed_floor"

    def __str__(self) -> str:
        return str(self.xid)
