"""What is paid for an application, and what is sent to whoever applied."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onecity.domains.services.applying.models.application import Application
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class PaymentState(models.TextChoices):
    """How far it is; what was paid once stays paid."""

    DUE = "due", pgettext_lazy("payment", "To be paid")
    PAID = "paid", pgettext_lazy("payment", "Paid")
    FAILED = "failed", pgettext_lazy("payment", "Did not work")


class Payment(models.Model):
    """The fee of one application. `reference` is the provider's own, by which the same notice is known a second time."""

    application = models.OneToOneField(Application, on_delete=models.PROTECT, primary_key=True, related_name="payment")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    state = models.CharField(max_length=8, choices=PaymentState.choices, default=PaymentState.DUE)
    provider = models.CharField(max_length=40, blank=True)
    reference = models.CharField(max_length=80, null=True, blank=True, unique=True)
    tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(default=now)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Payment")
        verbose_name_plural = _("Payments")

    def __str__(self) -> str:
        return f"{self.application_id} {self.amount} {self.state}"


class DeliveryState(models.TextChoices):
    """Where it is."""

    WANTED = "wanted", pgettext_lazy("delivery", "Being packed")
    SENT = "sent", pgettext_lazy("delivery", "On the way")
    DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")


class Delivery(models.Model):
    """Something on paper that is sent to whoever applied; `tracking` is the carrier's number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="delivery")
    name = models.CharField(_("Name"), max_length=80)
    phone = models.CharField(_("Telephone"), max_length=30)
    address = models.CharField(_("Address"), max_length=200)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WANTED)
    carrier = models.CharField(max_length=40, blank=True)
    tracking = models.CharField(max_length=40, blank=True)
    wanted_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Delivery")
        verbose_name_plural = _("Deliveries")
        indexes = [models.Index(fields=["state", "changed_at"], name="applying_delivery_state")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.state}"
