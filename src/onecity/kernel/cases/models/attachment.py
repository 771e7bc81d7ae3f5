"""Evidence attached to a case: what the file is, its digest, and where it lies outside the web root."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Attachment(models.Model):
    """One file of a case. The bytes lie under their SHA-256 in the uploads folder and are never changed. Of a photo that is
    the copy without metadata; `original` is the SHA-256 of what came, which lies apart.

    `lon`, `lat` (WGS-84 degrees) and `taken_at`: where and when a photo was taken, as far as it or the phone said so.
    """

    append_only: ClassVar[bool] = True
    # why the bytes are not here, in a sentence, where they come from another installation; see attachments.of_case
    awaited: str = ""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    sha256 = models.CharField(max_length=64)
    original = models.CharField(max_length=64, blank=True)
    media_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    name = models.CharField(_("File name"), max_length=200)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    added_by_id = models.UUIDField(null=True, blank=True)
    added_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Attachment")
        verbose_name_plural = _("Attachments")
        ordering = ["added_at", "id"]
        constraints = [models.UniqueConstraint(fields=["case", "sha256"], name="case_attachment_once")]

    def __str__(self) -> str:
        return self.name
