"""Sends what is on paper: asked for once, handed to a carrier behind a port, followed until it has arrived.

The sandbox carrier takes everything and delivers it after a while; its numbers begin with SB.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final, Protocol

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying.models import Application, Delivery, DeliveryState, Outcome
from onecity.domains.services.items.logic.item import Item
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem

MOST: Final = 500


class Carrier(Protocol):
    """Whoever carries letters and parcels."""

    @property
    def name(self) -> str:
        """Its name, kept with each delivery."""
        ...

    def take(self, delivery: Delivery) -> str:
        """Take a letter; returns its number. Called again for the same one it gives the same number."""
        ...

    def arrived(self, delivery: Delivery) -> bool:
        """Whether it has arrived."""
        ...


class Sandbox:
    """A carrier that carries nothing; what it took has arrived two days later."""

    name: Final = "sandbox"
    takes: Final = dt.timedelta(days=2)

    def take(self, delivery: Delivery) -> str:
        """A number that follows from the letter."""
        return f"SB{delivery.id.int % 10**11:011d}"

    def arrived(self, delivery: Delivery) -> bool:
        """After two days."""
        return now() >= delivery.changed_at + self.takes


CARRIER: Final[Carrier] = Sandbox()


@dataclass(frozen=True)
class Where:
    """To whom and where."""

    name: str
    phone: str
    address: str


@transaction.atomic
def want(application: Application, item: Item, where: Where) -> Delivery:
    """Have the result sent; once, a second time gives the same. Raises Problem 409 before it was granted or where the item is
    not sent by post, 422 for an address that is none."""
    known = Delivery.objects.filter(application=application).first()
    if known is not None:
        return known
    if application.outcome != Outcome.ISSUED or not item.channels.post:
        raise Problem("delivery-not-offered", _("This cannot be sent by post."), status=409)
    said = {name: getattr(where, name).replace("\0", "").strip() for name in ("name", "phone", "address")}
    longest = {"name": 80, "phone": 30, "address": 200}
    wrong = [
        FieldError(name, _("This is needed."), "required")
        for name, text in said.items()
        if not 0 < len(text) <= longest[name]
    ]
    if wrong:
        raise Problem("delivery-address", _("Please correct the following"), status=422, errors=wrong)
    return Delivery.objects.create(application=application, **said)


def carry() -> int:
    """Hand over what waits, and note what has arrived; returns how many changed. Each is a transaction of its own."""
    changed = 0
    rows = Delivery.objects.exclude(state=DeliveryState.DELIVERED).order_by("changed_at")
    for identity in list(rows.values_list("id", flat=True)[:MOST]):
        with transaction.atomic():
            changed += _carry(Delivery.objects.select_for_update().get(id=identity))
    return changed


def _carry(found: Delivery) -> int:
    if found.state == DeliveryState.WANTED:
        found.tracking, found.carrier, found.state = CARRIER.take(found), CARRIER.name, DeliveryState.SENT
    elif found.state == DeliveryState.SENT and CARRIER.arrived(found):
        found.state = DeliveryState.DELIVERED
    else:
        return 0
    found.changed_at = now()
    found.save()
    return 1
