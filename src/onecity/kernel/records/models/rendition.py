"""What was made of certificates to look at: the holder's copy, and copies for one use with purpose, user and last day."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.records.models.certificate import Certificate


class Rendition(models.Model):
    """A file made of a certificate; its bytes lie sealed beside the uploads, under the digest of the sealed bytes."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="renditions")
    kind = models.CharField(max_length=10)
    language = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64, unique=True)
    stored = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Copy of a certificate")
        verbose_name_plural = _("Copies of certificates")
        constraints = [
            models.UniqueConstraint(fields=["certificate", "kind", "language"], name="certificate_rendition_once")
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.kind}"


class AnnotatedCopy(models.Model):
    """A copy for one use (加注件): it says for what and for whom, and is of no use after its last day."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="annotated")
    purpose = models.CharField(_("Purpose"), max_length=200)
    used_by = models.CharField(_("Who uses it"), max_length=200)
    made_by_id = models.UUIDField(null=True, blank=True)
    made_at = models.DateTimeField(default=now)
    usable_until = models.DateTimeField(_("Usable until"))
    sha256 = models.CharField(max_length=64, unique=True)
    stored = models.CharField(max_length=64)
    size = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("Copy for one use")
        verbose_name_plural = _("Copies for one use")

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.purpose}"


class AnnotatedLook(models.Model):
    """Somebody opened a copy for one use."""

    append_only: ClassVar[bool] = True

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(AnnotatedCopy, on_delete=models.PROTECT, related_name="looks")
    at = models.DateTimeField(default=now)
    actor_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Look at a copy for one use")
        verbose_name_plural = _("Looks at copies for one use")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.copy_id} {self.at:%Y-%m-%d %H:%M}"
