"""Documents with a JSON-LD @context: hosted for clients, made by the platform itself, or cached from elsewhere (5.13)."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class ContextKind(models.TextChoices):
    """Where a document comes from, in the words of the standard."""

    HOSTED = "Hosted", _("Hosted")
    CACHED = "Cached", _("Cached")
    IMPLICIT = "ImplicitlyCreated", _("Implicitly created")


class LdContext(models.Model):
    """One document. `url`: where a cached one comes from, else empty; `body`: the document as text, as it is served.

    `tenant`: whose it is, "" the default tenant's (5.5.10); copies of public documents serve all, and name none.
    `digest`: SHA-256 of an implicitly created one, so that a tenant has the same only once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=ContextKind.choices)
    tenant = models.TextField(blank=True, default="", db_default="", db_collation="C")
    url = models.TextField(blank=True, default="", db_default="", db_collation="C")
    digest = models.CharField(max_length=64, blank=True, default="", db_default="", db_collation="C")
    body = models.TextField()
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    changed_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    hits = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "twin_context"
        verbose_name = _("JSON-LD context")
        verbose_name_plural = _("JSON-LD contexts")
        constraints = [
            models.UniqueConstraint(fields=["url"], condition=~models.Q(url=""), name="context_url_once"),
            models.UniqueConstraint(
                fields=["tenant", "digest"], condition=~models.Q(digest=""), name="context_digest_once_each"
            ),
        ]

    def __str__(self) -> str:
        return self.url or str(self.id)
