"""Who may act for whom (代办): given, accepted, used and ended, with both sides able to see and to end it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import identity
from onecity.kernel.people.models import Account, Identity, IdentitySource, Mandate, MandateKind

LONGEST = dt.timedelta(days=3 * 365)
# they speak for the party in everything and may appoint others
FULL = (MandateKind.REPRESENTATIVE, MandateKind.GUARDIAN)


@dataclass(frozen=True, slots=True)
class Space:
    """For whom an account can act now; `services` empty: everything. `mandate_id` None: the person himself."""

    identity: Identity
    kind: str
    services: tuple[str, ...] = ()
    mandate_id: UUID | None = None

    def allows(self, service: str) -> bool:
        """Whether the service of this code may be asked for here."""
        return not self.services or service in self.services


def spaces(account_id: UUID, *, at: dt.datetime | None = None) -> list[Space]:
    """Himself first (once identified), then those he acts for, by name."""
    own = identity.identity_of(account_id)
    held = current(at).filter(agent_id=account_id).select_related("principal").order_by("principal__name")
    found = [Space(own, "self")] if own is not None else []
    return found + [Space(m.principal, m.kind, tuple(m.services), m.id) for m in held]


def space(account_id: UUID, identity_id: UUID, service: str = "") -> Space | None:
    """The space of this party for this account, if it may act there (for `service`, where one is named)."""
    for found in spaces(account_id):
        if found.identity.id == identity_id and (not service or found.allows(service)):
            return found
    return None


def current(at: dt.datetime | None = None) -> QuerySet[Mandate]:
    """The mandates that hold at an instant (now)."""
    at = at or now()
    return Mandate.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=at), accepted_at__lte=at, ended_at__isnull=True, valid_from__lte=at
    )


def offer(
    giver: Account, principal: Identity, agent: Account, *, services: Sequence[str], valid_to: dt.datetime
) -> Mandate:
    """Offer somebody to act for oneself, or for the party one speaks for; it holds once he accepts.

    Raises a problem: 403 where the giver does not speak for the party, 422 for an end that is past or too far away,
    409 where the same person holds one already.
    """
    if not speaks_for(giver, principal):
        raise Problem("not-the-principal", _("Only the person concerned can appoint somebody."), status=403)
    if agent.id == giver.id:
        raise Problem("own-agent", _("Nobody needs a mandate for himself."), status=422)
    if not now() < valid_to <= now() + LONGEST:
        raise Problem("mandate-too-long", _("A mandate ends in the future, within three years."), status=422)
    return _added(
        principal=principal, agent=agent, kind=MandateKind.AGENT, services=sorted(set(services)),
        source=IdentitySource.PARTY, given_by_id=giver.id, valid_to=valid_to,
    )  # fmt: skip


def confirm(principal: Identity, agent: Account, kind: MandateKind, source: IdentitySource) -> Mandate:
    """Note what a register or a document at the counter says: who represents a company, whose parent somebody is."""
    if kind not in FULL or source == IdentitySource.PARTY:
        raise ValueError("an agent is appointed by the party itself: use offer")
    held = current().filter(principal=principal, agent=agent, kind=kind).first()
    if held is not None:
        return held
    return _added(principal=principal, agent=agent, kind=kind, source=source, accepted_at=now())


def accept(mandate: Mandate, agent: Account) -> None:
    """Take an offer; the same again changes nothing. Raises a problem (404) for another's, (409) for one that ended."""
    if mandate.agent_id != agent.id:
        raise _unknown()
    changed = Mandate.objects.filter(id=mandate.id, ended_at__isnull=True, valid_to__gt=now())
    if not changed.filter(accepted_at__isnull=True).update(accepted_at=now()) and not changed.exists():
        raise Problem("mandate-ended", _("This mandate has ended. Ask for a new one."), status=409)


def end(mandate: Mandate, account: Account) -> None:
    """Give a mandate back or take it away, at once; the same again changes nothing. Raises a problem (404) for strangers."""
    if mandate.agent_id != account.id and not speaks_for(account, mandate.principal):
        raise _unknown()
    Mandate.objects.filter(id=mandate.id, ended_at__isnull=True).update(ended_at=now(), ended_by_id=account.id)


def speaks_for(account: Account, principal: Identity) -> bool:
    """Whether the account is this person, or represents it in everything."""
    if principal.account_id == account.id:
        return True
    return current().filter(agent=account, principal=principal, kind__in=FULL).exists()


def given(account: Account) -> QuerySet[Mandate]:
    """What the account gave for itself or for parties it speaks for, still running or offered."""
    mine = [s.identity.id for s in spaces(account.id) if s.kind in {"self", *FULL}]
    return Mandate.objects.filter(principal_id__in=mine, ended_at__isnull=True, kind=MandateKind.AGENT).select_related(
        "agent", "principal"
    )


def held(account: Account) -> QuerySet[Mandate]:
    """What the account was given, offers included."""
    return Mandate.objects.filter(agent=account, ended_at__isnull=True).select_related("principal")


def _added(**fields: object) -> Mandate:
    try:
        with transaction.atomic():
            return Mandate.objects.create(**fields)
    except IntegrityError as error:
        raise Problem(
            "mandate-exists", _("This person was already appointed. End that mandate first."), status=409
        ) from error


def _unknown() -> Problem:
    return Problem("mandate-not-found", _("There is no such mandate."), status=404)
