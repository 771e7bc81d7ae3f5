"""Confirming who somebody is and appointing agents, as acts: limited against guessing and written in the audit trail."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, throttle
from onecity.kernel.core import identity_numbers as numbers
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people import checking, identity, mandates
from onecity.kernel.people.models import Account, Identity, IdentitySource, Mandate

CONFIRMING: Final = throttle.Limit("identity.confirm", 5, dt.timedelta(days=1))
APPOINTING: Final = throttle.Limit("identity.appoint", 20, dt.timedelta(hours=1))
ABOUT: Final = "identity"


def confirm_online(account: Account, number: str, name: str) -> Identity:
    """Ask the register whether the account's holder is this person, and note it.

    Raises a problem: 503 where no register is at hand, 429 after five attempts a day, 422 for a number and name that do not
    belong together, 409 as people.identity says.
    """
    register = checking.register()
    if register is None:
        raise Problem("no-register", _("Identities are confirmed at counters here."), status=503)
    throttle.take(CONFIRMING, str(account.id))
    plain = numbers.plain(number)
    if not numbers.is_resident_number(plain) or not register(account, plain, name.strip()):
        audit.record("identity.not_confirmed", actor_id=account.id, object_type="account", object_id=account.id)
        wrong = FieldError("number", _("Number and name do not belong together in the register. Check both."))
        raise Problem("identity-unknown", _("The identity was not confirmed."), status=422, errors=[wrong])
    found = identity.identify(account, plain, name, IdentitySource.REGISTER)
    audit.record("identity.confirmed", actor_id=account.id, object_type=ABOUT, object_id=found.id)
    return found


def reveal(identity_id: UUID, actor: Account, purpose: str) -> str:
    """A number in clear for a stated purpose; raises a problem (404) where the actor may not see the party at all."""
    found = Identity.objects.filter(id=identity_id).first()
    if found is None:
        raise Problem("identity-not-found", _("There is no such party, or it is not yours to see."), status=404)
    if not purpose.strip():
        raise Problem("purpose-missing", _("Say what the number is needed for."), status=422)
    audit.record("identity.revealed", actor_id=actor.id, object_type=ABOUT, object_id=found.id, purpose=purpose.strip())
    return identity.number_of(found)


def appoint(giver: Account, principal_id: UUID, username: str, services: Sequence[str], until: dt.datetime) -> Mandate:
    """Offer somebody by his user name to act for a party; the problems are those of people.mandates."""
    throttle.take(APPOINTING, str(giver.id))
    principal = Identity.objects.filter(id=principal_id).first()
    agent = Account.objects.filter(username=username.strip().lower(), is_active=True).first()
    if principal is None or agent is None:
        wrong = FieldError("username", _("Nobody has this user name. Ask for it letter by letter."))
        raise Problem("agent-unknown", _("Nobody was appointed."), status=422, errors=[wrong])
    made = mandates.offer(giver, principal, agent, services=services, valid_to=until)
    audit.record(
        "mandate.offered", actor_id=giver.id, object_type="mandate", object_id=made.id, detail={"to": str(agent.id)}
    )
    return made


def accept(mandate: Mandate, agent: Account) -> None:
    """Take an offer."""
    mandates.accept(mandate, agent)
    audit.record("mandate.accepted", actor_id=agent.id, object_type="mandate", object_id=mandate.id)


def end(mandate: Mandate, account: Account) -> None:
    """Give a mandate back, or take it away."""
    mandates.end(mandate, account)
    audit.record("mandate.ended", actor_id=account.id, object_type="mandate", object_id=mandate.id)
