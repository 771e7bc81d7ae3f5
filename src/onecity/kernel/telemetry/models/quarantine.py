"""Quarantine: what could not be accepted, kept with its reason until someone mends the cause and replays it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.ids import new_id


class Reason(models.TextChoices):
    """Why a reading was not accepted, in words for whoever has to mend it."""

    MALFORMED = "malformed", _("Not readable as a reading")
    UNREADABLE = "unreadable", _("The request cannot be read as readings")
    NOT_UTF8 = "not_utf8", _("Not UTF-8 text")
    TOO_LARGE = "too_large", _("Larger than a single reading may be")
    WRONG_TYPE = "wrong_type", _("A field has the wrong type")
    BAD_TIME = "bad_time", _("The time is missing or cannot be read")
    UNKNOWN_ENTITY = "unknown_entity", _("The entity is not registered")
    UNKNOWN_ATTRIBUTE = "unknown_attribute", _("The entity has no such attribute")
    AMBIGUOUS_ENTITY = "ambiguous_entity", _("Several entities have this key; use the full name")
    UNIT_MISMATCH = "unit_mismatch", _("The unit does not fit the attribute")
    NOT_YOURS = "not_yours", _("The entity belongs to another device")
    UNKNOWN_DEVICE = "unknown_device", _("The device is not registered or was revoked")
    NOT_A_NUMBER = "not_a_number", _("The value is not a finite number")
    OUT_OF_RANGE = "out_of_range", _("The value is outside the possible range")
    FUTURE = "future", _("The time lies in the future")
    LATE = "late", _("Too far behind the newest reading")
    EXPIRED = "expired", _("Older than readings are kept")
    DUPLICATE = "duplicate", _("There is already a reading for this time")
    FLOOD = "flood", _("Beyond what the device may send")
    CODEC = "codec", _("The codec could not read the message")


class Quarantine(models.Model):
    """Readings refused together: same message, same reason. `raw` holds `kept` of the `readings`, one a line (NDJSON).

    Where a body could not be split into readings, `raw` is the body as it came; of one that could not be read at all
    (reason `unreadable`) its first 256 KiB. A count beyond what is kept (a flood)
    stays visible in `readings`.
    """

    class State(models.TextChoices):
        """What became of it."""

        HELD = "held", _("Held")
        REPLAYED = "replayed", _("Replayed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    received_at = models.DateTimeField(_("Received"))
    source = models.CharField(_("Way"), max_length=16)
    reason = models.CharField(_("Reason"), max_length=20, choices=Reason.choices)
    detail = models.CharField(_("What exactly"), max_length=500, blank=True)
    device_id = models.UUIDField(null=True, blank=True)
    division_path = models.CharField(max_length=255, db_collation="C", blank=True)
    readings = models.PositiveIntegerField(_("Readings"))
    kept = models.PositiveIntegerField()
    raw = models.BinaryField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Refused readings")
        verbose_name_plural = _("Quarantine")
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="quarantine_newest"),
            models.Index(fields=["device_id", "-received_at"], name="quarantine_by_device"),
            models.Index(fields=["reason", "-received_at"], name="quarantine_by_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.readings})"
