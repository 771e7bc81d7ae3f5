"""Messages to people: what stands in the inbox, and what still has to leave through a channel."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Message(models.Model):
    """One message in a person's inbox; its words are made when it is read, in the language of the reader."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    key = models.CharField(max_length=200)
    template = models.CharField(max_length=64)
    context = models.JSONField(default=dict, blank=True)
    link = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Message")
        verbose_name_plural = _("Messages")
        constraints = [models.UniqueConstraint(fields=["account_id", "key"], name="message_once")]
        indexes = [
            models.Index(fields=["account_id", "-id"], name="message_inbox"),
            models.Index(fields=["account_id"], name="message_unread", condition=models.Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.template} → {self.account_id}"


class DeliveryStatus(models.TextChoices):
    """How far a delivery has come; the last three are ends."""

    QUEUED = "queued", _("Waiting to be sent")
    SENT = "sent", _("Accepted by the receiving server")
    REFUSED = "refused", _("Refused by the receiving server")
    GIVEN_UP = "given_up", _("Given up after several attempts")


class Delivery(models.Model):
    """One message that leaves the platform: written in the transaction that causes it, sent afterwards by the worker.

    `key` makes it happen once; `id` is part of the e-mail's Message-ID, so that a receiver recognises a second copy after
    a crash between its acceptance and our note of it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=300, unique=True)
    channel = models.CharField(max_length=20)
    account_id = models.UUIDField(null=True, blank=True)
    address = models.CharField(max_length=254)
    language = models.CharField(max_length=10)
    template = models.CharField(max_length=64)
    context = models.JSONField(default=dict, blank=True)
    link = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=12, choices=DeliveryStatus.choices, default=DeliveryStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=now)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Delivery")
        verbose_name_plural = _("Deliveries")
        indexes = [
            models.Index(fields=["next_attempt_at"], name="delivery_waiting", condition=models.Q(status="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.template} {self.status}"
