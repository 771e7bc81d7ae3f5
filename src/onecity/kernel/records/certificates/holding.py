"""Certificates by their holder: what somebody holds, what he shows of it, and who read his number for what."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records import permissions
from onecity.kernel.records.certificates import opening, sealing
from onecity.kernel.records.certificates.logic import sdjwt
from onecity.kernel.records.models import Certificate

LONGEST_PURPOSE = 200


def held_by(
    identity: str | None = None, account_id: UUID | None = None, type_code: str | None = None
) -> list[Certificate]:
    """Certificates of a person or company by number or account, newest first; of all states, read `state` and the period.

    The caller answers for its right to ask by `identity`: it opens what the number's owner holds.
    """
    if not identity and account_id is None:
        return []
    digest = sealing.identity_hash(identity) if identity else ""
    wanted = Q(account_id=account_id) if account_id is not None else Q()
    if digest:
        wanted |= Q(identity_hash=digest)
    rows = Certificate.objects.filter(wanted).order_by("-issued_at", "-id")
    if type_code:
        rows = rows.filter(type_code=type_code)
    with opening.holder(digest):
        return list(rows)


def claims_of(certificate: Certificate) -> dict[str, object]:
    """Everything that a certificate says, the sensitive too: for its holder, or for a service that acts for him."""
    return {**certificate.claims, **sealing.unseal(certificate.id, certificate.sealed).claims}


def present(certificate: Certificate, names: Iterable[str] = ()) -> str:
    """Its signed data with these entries shown and no other; raises Problem 422 for one that it does not have.

    Names: `name`, `identity`, `holder_kind`, those of the kind's fields, and `age_over_18` where the kind has it.
    """
    inside = sealing.unseal(certificate.id, certificate.sealed)
    try:
        chosen = sdjwt.select(inside.disclosures, dict.fromkeys(names))
    except KeyError as error:
        raise Problem(
            "no-such-claim", _("This certificate does not say “%(name)s”.") % {"name": error.args[0]}, status=422
        ) from error
    return sdjwt.combine(certificate.signed, chosen)


def presentable(certificate: Certificate) -> Sequence[str]:
    """The names that `present` takes for this certificate."""
    inside = sealing.unseal(certificate.id, certificate.sealed)
    return sdjwt.names(inside.disclosures)


def reveal(certificate: Certificate, account: Account, purpose: str) -> str:
    """The holder's identity number in clear; needs the right and a purpose, and is in the audit trail with it.

    Raises Problem 403, and 422 without a purpose.
    """
    policy.require(account, permissions.REVEAL, certificate.division_path)
    said = " ".join(purpose.replace("\0", "").split())
    if not said or len(said) > LONGEST_PURPOSE:
        raise Problem("purpose-needed", _("Say for what you need the number, in at most 200 characters."), status=422)
    audit.record(
        "certificates.identity.read",
        actor_id=account.id,
        object_type="certificate",
        object_id=certificate.id,
        division_path=certificate.division_path,
        purpose=said,
    )
    return sealing.unseal(certificate.id, certificate.sealed).identity
