"""The command to a device: kept until the device has acknowledged it or its time is over, with exactly one end."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class CommandState(models.TextChoices):
    """How far a command has come; the last four are ends, and no end is ever left."""

    QUEUED = "queued", _("Waiting")
    SENT = "sent", _("Sent to the device")
    DELIVERED = "delivered", _("Received by the device")
    ACKNOWLEDGED = "acknowledged", _("Carried out")
    FAILED = "failed", _("Could not be carried out")
    EXPIRED = "expired", _("Too late")
    CANCELLED = "cancelled", _("Withdrawn")


OPEN = (CommandState.QUEUED, CommandState.SENT, CommandState.DELIVERED)


class CommandRoute(models.TextChoices):
    """Who brings a command to its device."""

    DIRECT = "direct", _("The device itself fetches it or listens")
    LORAWAN = "lorawan", _("The LoRaWAN network server")
    SOURCE = "source", _("The platform writes it")


class Command(models.Model):
    """What a device is to do, in the order of `created_at`.

    `target` is the address in the network of `route` (a DevEUI), or the id of the source that writes. `next_at` is when it
    is tried again; `result` is what the device said. A repetition under the same `idempotency_key` is the same command.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device_id = models.UUIDField(_("Device"))
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    name = models.CharField(_("Command"), max_length=100)
    payload: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=200, blank=True, db_collation="C")
    route = models.CharField(max_length=10, choices=CommandRoute.choices, default=CommandRoute.DIRECT)
    target = models.CharField(max_length=120, blank=True, db_collation="C")
    state = models.CharField(_("State"), max_length=12, choices=CommandState.choices, default=CommandState.QUEUED)
    attempts = models.PositiveIntegerField(_("Attempts"), default=0)
    created_by = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(_("Given"), default=now, editable=False)
    expires_at = models.DateTimeField(_("Valid until"))
    next_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("Ended"), null=True)
    result: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("Command to a device")
        verbose_name_plural = _("Commands to devices")
        constraints = [
            models.UniqueConstraint(
                fields=["device_id", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="command_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN, finished_at__isnull=True)
                | (~models.Q(state__in=OPEN) & models.Q(finished_at__isnull=False)),
                name="command_end_known",
            ),
        ]
        indexes = [
            models.Index(fields=["device_id", "created_at", "id"], name="command_by_device"),
            models.Index(fields=["next_at"], condition=models.Q(state__in=OPEN), name="command_due"),
            models.Index(fields=["expires_at"], condition=models.Q(state__in=OPEN), name="command_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"
