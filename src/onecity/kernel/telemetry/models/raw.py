"""Messages as they came: the last few of each device, for trying codecs out and for finding out what a device really sends."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.ids import new_id


class RawMessage(models.Model):
    """One message; `payload` is what came (of a long one the beginning, `size` says how long it was).

    `document`: the same as JSON where a network has read it already. `outcome`: what became of it, a reason of quarantine
    or "" for taken.
    """

    derived = True  # the application only reads it

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device_id = models.UUIDField(_("Device"))
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    way = models.CharField(_("Way"), max_length=16)
    received_at = models.DateTimeField(_("Received"))
    port = models.PositiveSmallIntegerField(default=0)
    payload = models.BinaryField()
    size = models.PositiveIntegerField()
    document = models.BinaryField(default=b"")
    outcome = models.CharField(_("What became of it"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("Message as it came")
        verbose_name_plural = _("Messages as they came")
        indexes = [
            models.Index(fields=["device_id", "-received_at", "-id"], name="raw_message_by_device"),
            models.Index(fields=["received_at"], name="raw_message_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.received_at:%Y-%m-%d %H:%M:%S}"
