"""Tables of applying: drafts, applications, decisions, questions to registers, entitlements, appointments, the counter's queue."""

from onecity.domains.services.applying.models.application import Application, Outcome
from onecity.domains.services.applying.models.appointment import Appointment, AppointmentState, Slot
from onecity.domains.services.applying.models.archive_refusal import ArchiveRefusal
from onecity.domains.services.applying.models.decision import Decision
from onecity.domains.services.applying.models.draft import Draft, DraftState
from onecity.domains.services.applying.models.entitlement import Entitlement, EntitlementState
from onecity.domains.services.applying.models.handover import Delivery, DeliveryState, Payment, PaymentState
from onecity.domains.services.applying.models.register_use import RegisterUse
from onecity.domains.services.applying.models.ticket import Ticket, TicketState

__all__ = [
    "Application",
    "Appointment",
    "AppointmentState",
    "ArchiveRefusal",
    "Decision",
    "Delivery",
    "DeliveryState",
    "Draft",
    "DraftState",
    "Entitlement",
    "EntitlementState",
    "Outcome",
    "Payment",
    "PaymentState",
    "RegisterUse",
    "Slot",
    "Ticket",
    "TicketState",
]
