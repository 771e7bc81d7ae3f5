"""Who an account is before the law: numbers checked, sealed and found again without being readable in the database."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import identity_numbers as numbers
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.sealing import Sealer
from onecity.kernel.people import service
from onecity.kernel.people.models import Account, AssuranceLevel, Identity, IdentitySource, PartyKind

PURPOSE = "onecity identities 1"
UNCLAIMED = "SELECT * FROM people_party(%s, %s)"  # a party without account, whoever may see it
LEVELS = {
    IdentitySource.REGISTER: AssuranceLevel.IDENTITY_ONLINE,
    IdentitySource.COUNTER: AssuranceLevel.IDENTITY_IN_PERSON,
}


def identify(account: Account, number: str, name: str, source: IdentitySource) -> Identity:
    """Note that an account is this natural person, and how surely that is known now; the same again changes nothing.

    `source` says who confirmed it: whoever calls has asked the register or seen the card. Raises a problem: 422 for a number
    that cannot be one, 409 where the number belongs to another account or the account to another person.
    """
    if source not in LEVELS:
        raise ValueError("nobody confirms his own identity")
    number = _checked(PartyKind.PERSON, number)
    found = identity_of(account.id)
    if found is not None and found.fingerprint != fingerprint(number):
        raise _taken()
    party = _party(PartyKind.PERSON, number, name, source, account)
    if account.assurance_level < LEVELS[source]:
        service.set_assurance(account, LEVELS[source])
    return party


def register_party(kind: PartyKind, number: str, name: str, source: IdentitySource) -> Identity:
    """The party with this number, who may have no account: a company, a child; made where it is not known yet."""
    return _party(kind, _checked(kind, number), name, source, None)


def identity_of(account_id: UUID) -> Identity | None:
    """The natural person behind an account, as far as anybody confirmed it."""
    return Identity.objects.filter(account_id=account_id).first()


def find(kind: PartyKind, number: str) -> Identity | None:
    """The party with this number, if the asking account may see it."""
    return Identity.objects.filter(kind=kind, fingerprint=fingerprint(numbers.plain(number))).first()


def accounts_for(kind: PartyKind, number: str) -> Sequence[UUID]:
    """The accounts of the party with this number: none or one."""
    found = find(kind, number)
    return [found.account_id] if found is not None and found.account_id is not None else []


def holder(number: str) -> Account | None:
    """The account of the person with this number, whoever asks: for machines that have his card before them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT people_holder(%s)", [fingerprint(numbers.plain(number))])
        found = cursor.fetchone()[0]
    return Account.objects.filter(id=found, is_active=True).first() if found else None


def number_of(identity: Identity) -> str:
    """The number in clear. Whoever calls states the purpose in the audit trail, or asks for the person himself."""
    return _sealer().open(bytes(identity.number_sealed), identity.id.bytes).decode()


def fingerprint(number: str) -> str:
    """What a number is found by: 64 hexadecimal digits that tell nothing without the installation's secret."""
    return _sealer().fingerprint(number)


def _party(kind: PartyKind, number: str, name: str, source: IdentitySource, account: Account | None) -> Identity:
    found = find(kind, number) or next(iter(Identity.objects.raw(UNCLAIMED, [kind, fingerprint(number)])), None)
    if found is None:
        return _added(kind, number, name, source, account)
    if account is not None and found.account_id not in {None, account.id}:
        raise _taken()
    if account is None:  # known already; what a party is called is for its own confirmation to change
        return found
    found.account, found.name, found.source, found.confirmed_at = account, name.strip(), source, now()
    said = {"account": account, "name": found.name, "source": source, "confirmed_at": found.confirmed_at}
    if not Identity.objects.filter(id=found.id).update(**said):  # a party without account is claimed at a counter only
        raise _taken()
    return found


def _added(kind: PartyKind, number: str, name: str, source: IdentitySource, account: Account | None) -> Identity:
    row = new_id()
    born: dt.date | None = numbers.birth_date(number) if kind == PartyKind.PERSON else None
    try:
        with transaction.atomic():
            return Identity.objects.create(
                id=row,
                account=account,
                kind=kind,
                name=name.strip(),
                number_sealed=_sealer().seal(number.encode(), row.bytes),
                fingerprint=fingerprint(number),
                shown=numbers.masked(number),
                born_on=born,
                source=source,
            )
    except IntegrityError as error:  # somebody else's row, which this account does not see
        raise _taken() from error


def _checked(kind: PartyKind, number: str) -> str:
    number = numbers.plain(number)
    valid = numbers.is_resident_number(number) if kind == PartyKind.PERSON else numbers.is_credit_code(number)
    if valid:
        return number
    wrong = FieldError(
        "number", _("This number cannot be right: check each character, the last one is computed from the others.")
    )
    raise Problem("invalid-identity", _("The identity was not confirmed."), status=422, errors=[wrong])


def _taken() -> Problem:
    return Problem(
        "identity-taken",
        _("The identity was not confirmed."),
        status=409,
        detail=_(
            "The number belongs to another account, or this account to another person. Come to a counter with your card."
        ),
    )


def _sealer() -> Sealer:
    return Sealer(settings.SECRET_KEY, PURPOSE)
