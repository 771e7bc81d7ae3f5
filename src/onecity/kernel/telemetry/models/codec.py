"""The codec as the platform keeps it: every version that was published, and drafts; a version never changes."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class CodecStatus(models.TextChoices):
    """Whether messages are read by this version."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("In use")
    RETIRED = "retired", _("No longer in use")


class CodecVersion(models.Model):
    """One version of a codec. Everybody may read it; whoever manages telemetry in its division may publish the next."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=80, db_collation="C")
    version = models.PositiveIntegerField(_("Version"))
    title = models.CharField(_("Title"), max_length=200, blank=True)
    definition: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    status = models.CharField(_("Status"), max_length=10, choices=CodecStatus.choices, default=CodecStatus.DRAFT)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    created_by = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("Codec")
        verbose_name_plural = _("Codecs")
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="codec_version_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
