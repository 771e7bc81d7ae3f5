"""The card reader as a port: the machine's program reports the card that lies on it, the machine's browser takes it once.

A real reader speaks to the program on the machine, which posts number and name with the machine's secret. In a demonstration
the browser offers a few cards of the simulated district instead, through the same door.
"""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.kiosk import machines
from onecity.domains.services.kiosk.models import CardReading, Terminal
from onecity.kernel.access import audit, session
from onecity.kernel.core import identity_numbers as numbers
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.sealing import SealBrokenError, Sealer
from onecity.kernel.people import identity, service
from onecity.kernel.people.models import Account, IdentitySource
from onecity.kernel.web import terminal as bound

PURPOSE: Final = "onecity card readings 1"
LIES_FOR: Final = dt.timedelta(seconds=60)
BACKEND: Final = settings.AUTHENTICATION_BACKENDS[0]


@dataclass(frozen=True, slots=True)
class Card:
    """What a reader tells of an identity card."""

    number: str
    name: str


def read(terminal: Terminal, card: Card) -> None:
    """A card lies on the reader of a machine; raises a problem (422) for one that cannot be right."""
    number = numbers.plain(card.number)
    if not numbers.is_resident_number(number) or not card.name.strip():
        raise Problem("card-unreadable", _("The card could not be read. Put it on the reader again."), status=422)
    told = json.dumps({"number": number, "name": card.name.strip()[:200]}).encode()
    sealed = _sealer().seal(told, terminal.id.bytes)
    with machines.acting(terminal):
        CardReading.objects.update_or_create(terminal=terminal, defaults={"sealed": sealed, "read_at": now()})


def take(terminal: Terminal) -> Card | None:
    """The card that was read within the last minute; a second time there is none."""
    with machines.acting(terminal):
        row = CardReading.objects.filter(terminal=terminal).first()
        if row is None:
            return None
        row.delete()
    if now() - row.read_at > LIES_FOR:
        return None
    try:
        said = json.loads(_sealer().open(bytes(row.sealed), terminal.id.bytes))
    except SealBrokenError:
        return None
    return Card(said["number"], said["name"])


def enter(request: HttpRequest, terminal: Terminal, card: Card) -> Account:
    """Sign the holder of a card in at a machine: to his own account, or to one made for the card."""
    account = identity.holder(card.number) or _made(card)
    login(request, account, backend=BACKEND)
    session.set_principal(account.id)
    identity.identify(account, card.number, card.name, IdentitySource.REGISTER)
    bound.begin(request, terminal.id)
    audit.record(
        "terminal.entered", actor_id=account.id, object_type="terminal", object_id=terminal.id,
        division_path=terminal.division_path,
    )  # fmt: skip
    return account


def _made(card: Card) -> Account:
    name = f"card-{identity.fingerprint(card.number)[:24]}"
    return Account.objects.filter(username=name).first() or service.create_account(name, display_name=card.name)


def _sealer() -> Sealer:
    return Sealer(settings.SECRET_KEY, PURPOSE)
