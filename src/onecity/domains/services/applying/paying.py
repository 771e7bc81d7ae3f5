"""Fees: asked for when an application was granted, paid through a provider behind a port, and counted once.

A provider tells the outcome with a reference of its own and a signature; the same notice a second time changes nothing. The
sandbox stands in for one: its page offers to pay or to fail, and its notice takes the same way as a real one's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying.models import Application, Payment, PaymentState
from onecity.domains.services.items.logic.item import Item
from onecity.kernel.access import audit
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem

Outcome = Literal["paid", "failed"]


class Provider(Protocol):
    """Whoever takes money for the government."""

    @property
    def name(self) -> str:
        """Its name, kept with each payment."""
        ...

    def address(self, payment: Payment) -> str:
        """Where the browser goes to pay."""
        ...

    def read(self, notice: Mapping[str, str]) -> tuple[UUID, str, Outcome, Decimal]:
        """Application, reference, outcome and amount of a notice; raises Problem 403 where its signature is wrong."""
        ...


class Sandbox:
    """A provider that moves no money; its notices are signed with a key of this installation."""

    name: Final = "sandbox"

    def address(self, payment: Payment) -> str:
        """Its own page."""
        return f"/my/pay/{payment.application_id}/sandbox"

    def notice(self, payment: Payment, outcome: Outcome) -> dict[str, str]:
        """What it would send when somebody has paid, or could not; each try has a reference of its own."""
        said = {
            "application": str(payment.application_id),
            "reference": f"SB-{payment.application_id}-{payment.tries + 1}",
            "outcome": outcome,
            "amount": str(payment.amount),
        }
        return said | {"signature": self._sign(said)}

    def read(self, notice: Mapping[str, str]) -> tuple[UUID, str, Outcome, Decimal]:
        """The notice, if it is signed."""
        said = {name: str(notice.get(name, "")) for name in ("application", "reference", "outcome", "amount")}
        if not hmac.compare_digest(self._sign(said), str(notice.get("signature", ""))):
            raise Problem("payment-forged", _("This notice of payment is not genuine."), status=403)
        outcome: Outcome = "paid" if said["outcome"] == "paid" else "failed"
        return UUID(said["application"]), said["reference"], outcome, Decimal(said["amount"])

    def _sign(self, said: Mapping[str, str]) -> str:
        text = "\n".join(f"{name}={said[name]}" for name in sorted(said))
        return hmac.new(
            str(settings.SECRET_KEY).encode(), b"payment sandbox" + text.encode(), hashlib.sha256
        ).hexdigest()


PROVIDER: Final[Provider] = Sandbox()


def fee_of(item: Item) -> Decimal:
    """What an item costs in yuan; nothing where its fees are no fixed sum (the office asks for those itself)."""
    return sum((Decimal(str(one.amount)) for one in item.fees if one.amount), Decimal(0))


@transaction.atomic
def ask(application: Application, item: Item) -> Payment | None:
    """Ask for the fee of a granted application; None where it costs nothing. The same again changes nothing."""
    fee = fee_of(item)
    if not fee:
        return None
    return Payment.objects.get_or_create(application=application, defaults={"amount": fee, "provider": PROVIDER.name})[
        0
    ]


def settled(application: Application, item: Item) -> bool:
    """Whether nothing is owed for an application; what is owed is asked for."""
    payment = ask(application, item)
    return payment is None or payment.state == PaymentState.PAID


@transaction.atomic
def notified(notice: Mapping[str, str]) -> Payment:
    """Take a notice of the provider; the same a second time changes nothing. Raises Problem 403, 404, 409 for another sum."""
    application_id, reference, outcome, amount = PROVIDER.read(notice)
    found = Payment.objects.select_for_update().filter(application_id=application_id).first()
    if found is None:
        raise Problem("payment-unknown", _("Nothing is to be paid for this."), status=404)
    if found.state == PaymentState.PAID or found.reference == reference:
        return found
    if amount != found.amount:
        raise Problem("payment-amount", _("Another sum was paid than asked for."), status=409)
    found.reference, found.tries = reference, found.tries + 1
    found.state = PaymentState.PAID if outcome == "paid" else PaymentState.FAILED
    found.paid_at = now() if outcome == "paid" else None
    found.save()
    audit.record(
        f"services.payment.{outcome}", actor_id=None, object_type="application", object_id=application_id,
        division_path=found.application.division_path, detail={"amount": str(amount), "reference": reference},
    )  # fmt: skip
    return found
