"""The public halves of the keys that sign certificates: what stays when a key is replaced or taken away."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class IssuerKey(models.Model):
    """One key of the issuer. The private half lies in a file of the installation or in a device, never here."""

    kid = models.CharField(max_length=64, primary_key=True)
    algorithm = models.CharField(max_length=16)
    public_jwk = models.JSONField()
    issuer = models.CharField(max_length=200)
    """The address that certificates signed with it name as their issuer."""
    signs_from = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True, blank=True)
    """Signs no more; what it signed before stays valid."""
    compromised_at = models.DateTimeField(null=True, blank=True)
    """Somebody else may have it: whatever was signed with it is refused."""

    class Meta:
        verbose_name = _("Key of the issuer")
        verbose_name_plural = _("Keys of the issuer")
        ordering = ("signs_from", "kid")

    def __str__(self) -> str:
        return self.kid
