"""Who was turned away at the door: senders that did not prove who they are, and messages to topics that are not theirs."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.ids import new_id


class TurnedAwayReason(models.TextChoices):
    """Why somebody was turned away, in words for whoever looks after the devices."""

    NO_CREDENTIAL = "no_credential", _("Named no device")
    UNKNOWN_DEVICE = "unknown_device", _("Named a device that is not registered")
    REVOKED = "revoked", _("The device was revoked")
    WRONG_SECRET = "wrong_secret", _("The secret is wrong")
    NOT_ALLOWED = "not_allowed", _("May not come in now, or not in this way")
    FOREIGN_TOPIC = "foreign_topic", _("Sent to a topic that is not its own")


class TurnedAway(models.Model):
    """How often one sender was turned away for one reason: counted only, since what anybody sends must not fill the disk.

    `claimed` is the device that was named (of what is no device id only the beginning: it might be a secret). Rows are
    few: what comes when there are too many is counted in the row without address, claim and topic.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reason = models.CharField(_("Reason"), max_length=20, choices=TurnedAwayReason.choices)
    source = models.CharField(_("Way"), max_length=16)
    address = models.CharField(_("Address"), max_length=64, blank=True)
    claimed = models.CharField(_("Named device"), max_length=64, blank=True)
    topic = models.CharField(_("Topic"), max_length=255, blank=True)
    division_path = models.CharField(max_length=255, db_collation="C", blank=True)
    times = models.BigIntegerField(_("How often"))
    first_at = models.DateTimeField(_("First"))
    last_at = models.DateTimeField(_("Last"))

    class Meta:
        verbose_name = _("Turned away at the door")
        verbose_name_plural = _("Turned away at the door")
        constraints = [
            models.UniqueConstraint(fields=["reason", "source", "address", "claimed", "topic"], name="turned_away_once")
        ]
        indexes = [models.Index(fields=["-last_at", "-id"], name="turned_away_newest")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.times})"
