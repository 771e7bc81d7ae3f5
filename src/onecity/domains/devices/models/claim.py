"""Claiming: the one-time code of a label, the wrong codes that somebody tried, and the photo of the installation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models.record import DeviceRecord
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Claim(models.Model):
    """The code on a device's label; only its SHA-256 is kept. A new label ends the one before."""

    record = models.OneToOneField(DeviceRecord, primary_key=True, on_delete=models.CASCADE, related_name="claim")
    code_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("Label")
        verbose_name_plural = _("Labels")

    def __str__(self) -> str:
        return f"{self.record_id}"


class WrongCode(models.Model):
    """A code that somebody tried and that opens nothing; too many of them close the door to that account for a while."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Wrong code")
        verbose_name_plural = _("Wrong codes")
        indexes = [models.Index(fields=["account_id", "at"], name="device_wrong_code")]

    def __str__(self) -> str:
        return f"{self.account_id}"


class DevicePhoto(models.Model):
    """A photo of how a device is mounted; the bytes lie under their SHA-256 outside the web root, without metadata."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(DeviceRecord, on_delete=models.CASCADE, related_name="photos")
    sha256 = models.CharField(max_length=64, db_collation="C")
    media_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    size = models.PositiveIntegerField()
    added_by = models.UUIDField(null=True)
    added_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Photo of a device")
        verbose_name_plural = _("Photos of devices")
        ordering = ("added_at", "id")
        constraints = [models.UniqueConstraint(fields=["record", "sha256"], name="device_photo_once")]

    def __str__(self) -> str:
        return self.sha256
