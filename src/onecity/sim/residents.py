"""Residents of the demonstration: people of the simulated registers who can sign in, with their companies and children."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import translation

from onecity.domains.services.applying import entitling, kinds
from onecity.domains.services.items import shipped
from onecity.kernel.people import demo, identity, mandates
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, AssuranceLevel, IdentitySource, MandateKind, PartyKind
from onecity.kernel.records.certificates import issuing, types
from onecity.kernel.records.certificates.issuing import Holder, IssueRequest
from onecity.sim.registers.people import DRAWN_ON, Person
from onecity.sim.registers.source import Registers

# user name → the life that the registers tell of
RESIDENTS: Final[Mapping[str, str]] = {
    "resident": "mother", "pensioner": "pensioner", "owner": "owner", "graduate": "graduate", "carer": "carer",
    "newcomer": "newcomer",
}  # fmt: skip
HELD: Final = ("identity_card", "birth_certificate")


def settle(registers: Registers) -> None:
    """Publish the shipped services, let these people in and look what is due to them; a second time changes nothing."""
    shipped.install()
    if not demo.exist():
        return
    with translation.override("zh-hans"), transaction.atomic():
        found = [_let_in(name, registers.population.persona(persona), registers) for name, persona in RESIDENTS.items()]
        _hold([registers.population.persona(persona) for persona in RESIDENTS.values()], found)
    entitling.look([one.id for one in found])


def _let_in(name: str, person: Person, registers: Registers) -> Account:
    account = Account.objects.filter(username=name).first()
    if account is None:
        account = people.create_account(
            name, display_name=person.name, is_demo=True, assurance_level=AssuranceLevel.CONTACT
        )
        Account.objects.filter(id=account.id).update(password=make_password(demo.PASSWORD))
    if identity.identity_of(account.id) is None:
        identity.identify(account, person.number, person.name, IdentitySource.COUNTER)
        account.refresh_from_db()
    company = registers.population.owned.get(person.number)
    if company is not None:
        party = identity.register_party(PartyKind.COMPANY, company.code, company.name, IdentitySource.REGISTER)
        mandates.confirm(party, account, MandateKind.REPRESENTATIVE, IdentitySource.REGISTER)
    for child in person.children:
        known = registers.population.people[child]
        party = identity.register_party(PartyKind.PERSON, known.number, known.name, IdentitySource.REGISTER)
        mandates.confirm(party, account, MandateKind.GUARDIAN, IdentitySource.REGISTER)
    return account


def _hold(persons: Sequence[Person], accounts: Sequence[Account]) -> None:
    """What these people hold from earlier: their identity cards, and birth certificates of children born this year."""
    types.install(*(kinds.shipped_certificates()[code] for code in HELD if code not in types.titles()))
    wanted = []
    for person, account in zip(persons, accounts, strict=True):
        holder = Holder("person", person.name, person.number, account.id)
        claims = {"birth_date": person.born_on.isoformat(), "sex": person.sex}
        wanted.append(_request("identity_card", holder, claims, person.number))
        wanted += [
            _request("birth_certificate", holder, {"born_on": f"{child[6:10]}-{child[10:12]}-{child[12:14]}"}, child)
            for child in person.children
            if int(child[6:10]) >= DRAWN_ON.year
        ]
    issuing.issue_many(wanted, issued_by=None)


def _request(code: str, holder: Holder, claims: Mapping[str, str], number: str) -> IssueRequest:
    issuer = kinds.shipped_certificates()[code].defining_uscc
    return IssueRequest(code, holder, issuer, f"register:{code}:{number[-12:]}", claims)
