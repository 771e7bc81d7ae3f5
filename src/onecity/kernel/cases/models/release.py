"""What a person released for everybody to read of a case: words, as he rewrote them, or a photo."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.attachment import Attachment
from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Release(models.Model):
    """Words (`attachment` None) or one photo of a case that somebody looked at and released; withdrawn, it stays as a record."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="releases")
    attachment = models.ForeignKey(
        Attachment, on_delete=models.PROTECT, null=True, blank=True, related_name="releases", db_index=False
    )
    text = models.TextField(_("Words"), blank=True)
    by_id = models.UUIDField()
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=now)
    withdrawn_by_id = models.UUIDField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Part made public")
        verbose_name_plural = _("Parts made public")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                name="case_words_released_once",
                condition=Q(withdrawn_at__isnull=True, attachment__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["attachment"],
                name="case_photo_released_once",
                condition=Q(withdrawn_at__isnull=True, attachment__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(attachment__isnull=True) | Q(text=""), name="case_release_words_or_photo"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}"
