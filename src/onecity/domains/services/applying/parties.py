"""For whom somebody applies: himself, a company he speaks for, a child, or whoever gave him a mandate (代办)."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.domains.services.registers.port import Subject
from onecity.kernel.access import policy
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import identity, mandates
from onecity.kernel.people.mandates import Space
from onecity.kernel.people.models import Account, Identity, PartyKind


@dataclass(frozen=True)
class Party:
    """Whoever an application is for, and by what right somebody applies for him (`kind`: self, representative, agent, …)."""

    identity: Identity
    kind: str
    mandate_id: UUID | None = None

    @cached_property
    def number(self) -> str:
        """The number in clear; for questions to registers and for certificates only, never for a page."""
        return identity.number_of(self.identity)

    @property
    def sort(self) -> Literal["person", "company"]:
        """A person or a company."""
        return "company" if self.identity.kind == PartyKind.COMPANY else "person"

    @property
    def subject(self) -> Subject:
        """As registers are asked about him."""
        return Subject(self.sort, self.number, self.identity.name)


def parties(account: Account) -> list[Party]:
    """All for whom an account may apply, himself first; none where nobody confirmed who he is."""
    return [_party(one) for one in mandates.spaces(account.id)]


def party(account: Account, principal_id: UUID | None, service: str = "") -> Party:
    """The party of this id, or himself; raises Problem 403 where he may not act for it, or is not known himself."""
    if principal_id is None:
        own = identity.identity_of(account.id)
        if own is None:
            raise unknown()
        return Party(own, "self")
    found = mandates.space(account.id, principal_id, service)
    if found is None:
        raise Problem(
            "not-your-party",
            _("You may not act for this person or company."),
            status=403,
            detail=_("Ask whoever it concerns for a mandate; it may have ended."),
        )
    return _party(found)


def at_counter(account: Account, principal_id: UUID) -> Party:
    """The party for whom a counter applies; raises Problem 403 without the right to confirm identities, 404 for nobody."""
    if not policy.may_somewhere(account, "people.identify"):
        raise policy.refusal("people.identify")
    found = Identity.objects.filter(id=principal_id).first()
    if found is None:
        raise Problem("not-your-party", _("You may not act for this person or company."), status=404)
    return Party(found, "counter")


def unknown() -> Problem:
    """The problem for somebody whose identity nobody confirmed."""
    return Problem(
        "identity-needed",
        _("We do not know yet who you are."),
        status=403,
        detail=_("Confirm your identity once; then nothing that the city holds is asked of you again."),
    )


def _party(found: Space) -> Party:
    return Party(found.identity, found.kind, found.mandate_id)
