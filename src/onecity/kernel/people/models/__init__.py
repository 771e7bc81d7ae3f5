"""Tables of the people: who there is, where they work, and which role they hold in which division."""

from onecity.kernel.people.models.account import Account, AssuranceLevel
from onecity.kernel.people.models.client_session import ClientSession
from onecity.kernel.people.models.identity import Identity, IdentitySource, Mandate, MandateKind, PartyKind
from onecity.kernel.people.models.organisation import Organisation
from onecity.kernel.people.models.role import Duty, Role, RoleAssignment

__all__ = [
    "Account",
    "AssuranceLevel",
    "ClientSession",
    "Duty",
    "Identity",
    "IdentitySource",
    "Mandate",
    "MandateKind",
    "Organisation",
    "PartyKind",
    "Role",
    "RoleAssignment",
]
