"""Residents of the demonstration: people of the simulated registers who can sign in, with their companies and children."""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import translation

from onecity.domains.services.applying import entitling
from onecity.domains.services.items import shipped
from onecity.kernel.people import demo, identity, mandates
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, AssuranceLevel, IdentitySource, MandateKind, PartyKind
from onecity.sim.registers.people import Person
from onecity.sim.registers.source import Registers

# user name → the life that the registers tell of
RESIDENTS: Final[Mapping[str, str]] = {
    "resident": "mother", "pensioner": "pensioner", "owner": "owner", "graduate": "graduate", "carer": "carer",
    "newcomer": "newcomer",
}  # fmt: skip


def settle(registers: Registers) -> None:
    """Publish the shipped services, let these people in and look what is due to them; a second time changes nothing."""
    shipped.install()
    if not demo.exist():
        return
    with translation.override("zh-hans"), transaction.atomic():
        found = [_let_in(name, registers.population.persona(persona), registers) for name, persona in RESIDENTS.items()]
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
