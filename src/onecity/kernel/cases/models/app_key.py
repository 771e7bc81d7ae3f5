"""A key with which a program opens cases in the name of an account: an app of Open311, a department's own system."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class AppKey(models.Model):
    """One key. The secret is kept as a digest only; it does what its account may do with cases, until it is withdrawn."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    name = models.CharField(_("Name"), max_length=80)
    secret_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Key of a program")
        verbose_name_plural = _("Keys of programs")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["account_id"], name="case_app_key_account")]

    def __str__(self) -> str:
        return self.name
