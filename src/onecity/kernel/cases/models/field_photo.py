"""Photos on their way from a phone: how much of each has come."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class FieldPhoto(models.Model):
    """A photo that comes in pieces: its size and SHA-256 as the phone says them, and how many bytes are safe here.

    The bytes lie in a file of the uploads folder; what lies there beyond `received` was not yet confirmed and is written
    over. The row goes when the photo is with its case.
    """

    account_id = models.UUIDField()
    key = models.UUIDField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    received = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Photo on its way")
        verbose_name_plural = _("Photos on their way")
        constraints = [models.UniqueConstraint(fields=["account_id", "key"], name="case_field_photo_once")]
        indexes = [models.Index(fields=["begun_at"], name="case_field_photo_begun")]

    def __str__(self) -> str:
        return str(self.key)
