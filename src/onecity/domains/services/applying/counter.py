"""The counter: a queue of numbers, people who come without an account, and applications made with them by the same rules."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import appointments
from onecity.domains.services.applying.models import Application, Ticket, TicketState
from onecity.domains.services.applying.models.ticket import today
from onecity.kernel.access import audit, policy
from onecity.kernel.cases.models import Case
from onecity.kernel.core import identity_numbers as numbers
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people import identity
from onecity.kernel.people.models import Account, Identity, IdentitySource, PartyKind

# whoever works at a counter may open cases there, and confirm who somebody is by his card
OPEN: Final = "cases.open"
IDENTIFY: Final = "people.identify"
LOCK: Final = 0x0A0C0DE


@dataclass(frozen=True)
class Queue:
    """The queue of one place and day."""

    waiting: list[Ticket]
    mine: list[Ticket]
    served: int


def place_of(account: Account) -> str:
    """The division of whoever works at the counter: the widest in which he may open cases. Raises Problem 403."""
    found = policy.scopes(account, OPEN)
    if not found:
        raise policy.refusal(OPEN)
    return found[0]


def queue(account: Account) -> Queue:
    """Who waits, whom this person has called, and how many were served today."""
    rows = Ticket.objects.filter(day=today(), division_path=place_of(account))
    return Queue(
        list(rows.filter(state=TicketState.WAITING)[:100]),
        list(rows.filter(state=TicketState.CALLED, called_by_id=account.id)),
        rows.filter(state=TicketState.SERVED).count(),
    )


@transaction.atomic
def draw(account: Account, item_code: str = "", appointment_id: UUID | None = None) -> Ticket:
    """The next number of the day; whoever has an appointment goes before (letter P)."""
    place, letter = place_of(account), "P" if appointment_id else "A"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, f"{place}{letter}"])
    if appointment_id is not None:
        appointments.arrive(appointment_id)
    last = Ticket.objects.filter(day=today(), division_path=place, letter=letter).aggregate(last=Max("number"))["last"]
    return Ticket.objects.create(
        division_path=place, letter=letter, number=(last or 0) + 1, item_code=item_code[:48],
        appointment_id=appointment_id,
    )  # fmt: skip


@transaction.atomic
def call_next(account: Account, window: str) -> Ticket | None:
    """The next one in the queue to this window, those with an appointment first; None where nobody waits.

    Two windows that press at the same time call two different people.
    """
    rows = Ticket.objects.select_for_update(skip_locked=True).filter(
        day=today(), division_path=place_of(account), state=TicketState.WAITING
    )
    found = rows.order_by("-letter", "drawn_at", "id").first()
    if found is None:
        return None
    found.state, found.called_at, found.called_by_id, found.window = TicketState.CALLED, now(), account.id, window[:20]
    found.save()
    return found


@transaction.atomic
def end(account: Account, ticket_id: UUID, *, came: bool) -> None:
    """Somebody was served, or did not come; a second time changes nothing."""
    found = Ticket.objects.select_for_update().filter(id=ticket_id, called_by_id=account.id).first()
    if found is None:
        raise Problem("ticket-unknown", _("There is no such number at your window."), status=404)
    if found.state == TicketState.CALLED:
        found.state, found.ended_at = (TicketState.SERVED if came else TicketState.MISSED), now()
        found.save(update_fields=["state", "ended_at"])


def somebody(account: Account, number: str, name: str) -> Identity:
    """The person or company at the window, by the card that was seen; noted in the trail.

    Raises Problem 403 without the right to confirm identities, 422 for a number that cannot be one.
    """
    policy.require(account, IDENTIFY, place_of(account))
    plain = numbers.plain(number)
    kind = PartyKind.PERSON if numbers.is_resident_number(plain) else PartyKind.COMPANY
    if not name.strip() or not (kind == PartyKind.PERSON or numbers.is_credit_code(plain)):
        wrong = FieldError(
            "number", _("Number and name as on the card: the last character is computed from the others.")
        )
        raise Problem("counter-identity", _("This number cannot be right."), status=422, errors=[wrong])
    found = identity.register_party(kind, plain, name, IdentitySource.COUNTER)
    audit.record(
        "services.counter.identity", actor_id=account.id, object_type="identity", object_id=found.id,
        division_path=place_of(account), purpose="counter",
    )  # fmt: skip
    return found


def find(account: Account, number: str) -> Application:
    """The application of a case's number, or of a certificate's or a slip's code that ends with it; Problem 404 otherwise."""
    plain = number.strip().rsplit("/", 1)[-1].partition("?")[0]
    case = Case.objects.filter(number=plain, source="service").only("id", "division_path").first()
    found = Application.objects.filter(case_id=case.id).first() if case else None
    if case is None or found is None or not policy.may(account, "cases.view", case.division_path):
        raise Problem(
            "application-unknown", _("There is no application with this number among those you may see."), status=404
        )
    return found
