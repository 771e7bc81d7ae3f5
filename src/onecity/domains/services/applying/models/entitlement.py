"""Entitlements found without an application (免申即享): the resident only confirms."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class EntitlementState(models.TextChoices):
    """What became of it."""

    OFFERED = "offered", _("Waiting for your word")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")


class Entitlement(models.Model):
    """That a party is entitled to an item, as registers said on that day; `facts` are what the table looked at."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    principal_id = models.UUIDField()
    account_id = models.UUIDField()
    item_code = models.CharField(max_length=48, db_collation="C")
    item_number = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)
    explanation = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=EntitlementState.choices, default=EntitlementState.OFFERED)
    found_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True, blank=True)
    application_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Entitlement")
        verbose_name_plural = _("Entitlements")
        indexes = [models.Index(fields=["account_id", "state"], name="applying_entitlement_mine")]
        constraints = [
            models.UniqueConstraint(fields=["principal_id", "item_code"], name="applying_entitlement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.state}"
