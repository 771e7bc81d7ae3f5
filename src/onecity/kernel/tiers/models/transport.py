"""What is to be sent, what was taken and what both sides agree on by number: the outbox, positions, and dictionaries."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.notify.models.transaction_id import CurrentTransactionId, TransactionIdField


class Outbox(models.Model):
    """One thing to send, written in the transaction of the change it tells of; kept until the other side has it.

    Rows are numbered afterwards, in the order (xid, id) and only below `pg_snapshot_xmin`: so the numbers follow the order
    in which transactions became visible, none appears late, and a number once given always means the same message.
    """

    derived: ClassVar[bool] = True

    peer_id = models.CharField(max_length=32, db_collation="C")
    channel = models.CharField(max_length=8)
    kind = models.CharField(max_length=16)
    xid = TransactionIdField(db_default=CurrentTransactionId(), editable=False)
    at = models.DateTimeField(db_default=Now())
    body: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    data = models.BinaryField(null=True)
    # how much it is for a person who waits for it: readings, or one change
    size = models.IntegerField(default=1, db_default=1)
    number = models.BigIntegerField(null=True)
    # where the broker keeps it, once it does
    sequence = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("Outgoing message")
        verbose_name_plural = _("Outgoing messages")
        indexes = [
            models.Index(
                fields=["peer_id", "channel", "xid", "id"], condition=models.Q(number=None), name="tiers_outbox_new"
            ),
            models.Index(fields=["peer_id", "channel", "number"], name="tiers_outbox_order"),
        ]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.channel} {self.number or '-'} {self.kind}"


class Position(models.Model):
    """How far one channel of one link has come.

    `given`: the last number given to an outgoing message, `confirmed`: the last the other side has; `taken`: the last
    incoming number whose effects are here, written in the transaction of these effects.
    """

    derived: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("peer_id", "channel")
    peer_id = models.CharField(max_length=32, db_collation="C")
    channel = models.CharField(max_length=8)
    given = models.BigIntegerField(default=0)
    confirmed = models.BigIntegerField(default=0)
    taken = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("Position of a link")
        verbose_name_plural = _("Positions of links")

    def __str__(self) -> str:
        return f"{self.peer_id} {self.channel}"


class TownSeries(models.Model):
    """The district's dictionary: a town's number of a series, and the series here that stands for it."""

    derived: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("peer_id", "number")
    peer_id = models.CharField(max_length=32, db_collation="C")
    number = models.IntegerField()
    series_id = models.IntegerField(db_index=True)

    class Meta:
        verbose_name = _("Series of a town")
        verbose_name_plural = _("Series of towns")

    def __str__(self) -> str:
        return f"{self.peer_id} {self.number} → {self.series_id}"


class Announced(models.Model):
    """The town's memory of which series it has described to the district, and how (a digest of the description)."""

    derived: ClassVar[bool] = True

    series_id = models.IntegerField(primary_key=True)
    digest = models.CharField(max_length=64)
    # the end (µs since 1970 UTC) of the last period whose mean was sent, where only means leave
    sent_until = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("Described series")
        verbose_name_plural = _("Described series")

    def __str__(self) -> str:
        return str(self.series_id)


class Stamp(models.Model):
    """When (hybrid logical clock, µs) and by whom (`node`: a town's code or "district") a field was last written."""

    derived: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("object_id", "field")
    object_id = models.TextField(db_collation="C")
    field = models.TextField(db_collation="C")
    hlc = models.BigIntegerField()
    node = models.CharField(max_length=32)

    class Meta:
        verbose_name = _("Time of a field")
        verbose_name_plural = _("Times of fields")

    def __str__(self) -> str:
        return f"{self.object_id} {self.field}"


class Document(models.Model):
    """What one side says as a whole whenever it changes (rules, kinds of case, indicators), with its digest."""

    derived: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("peer_id", "kind", "incoming")
    peer_id = models.CharField(max_length=32, db_collation="C")
    kind = models.CharField(max_length=32)
    incoming = models.BooleanField()
    digest = models.CharField(max_length=64)
    body: "models.JSONField[Any, Any]" = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Shared document")
        verbose_name_plural = _("Shared documents")

    def __str__(self) -> str:
        return f"{self.peer_id} {self.kind}"


class Shared(models.Model):
    """A case that the other side knows, because it was sent there or came from there."""

    derived: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("peer_id", "case_id")
    peer_id = models.CharField(max_length=32, db_collation="C")
    case_id = models.UUIDField()

    class Meta:
        verbose_name = _("Shared case")
        verbose_name_plural = _("Shared cases")

    def __str__(self) -> str:
        return str(self.case_id)
