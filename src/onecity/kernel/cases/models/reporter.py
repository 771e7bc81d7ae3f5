"""Who reported a case: kept apart from it, since whoever handles a case need not know every name."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.clock import now


class Reporter(models.Model):
    """The person behind a case. `hidden`: does not want the handling office to know; `code_hash`: SHA-256 of the code with
    which somebody without an account finds his case again."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="reporter")
    account_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(_("Name"), max_length=80, blank=True)
    phone = models.CharField(_("Telephone"), max_length=30, blank=True)
    email = models.EmailField(_("E-mail"), blank=True)
    hidden = models.BooleanField(default=False)
    code_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Reporter")
        verbose_name_plural = _("Reporters")
        indexes = [
            models.Index(
                fields=["account_id"], name="case_reporter_account", condition=models.Q(account_id__isnull=False)
            ),
            models.Index(fields=["phone"], name="case_reporter_phone", condition=~models.Q(phone="")),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}"
