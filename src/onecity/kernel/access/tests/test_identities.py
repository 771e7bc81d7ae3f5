"""Identities and mandates behind the database's wall: sealed, found by their number, seen by those concerned alone."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from onecity.kernel.access.session import acting_as
from onecity.kernel.core import identity_numbers as numbers
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import identity, mandates, service
from onecity.kernel.people.models import (
    Account,
    AssuranceLevel,
    Identity,
    IdentitySource,
    Mandate,
    MandateKind,
    PartyKind,
    Role,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("app_role")]
COMPANY = "11990000MA0000001K"
REGISTER, COUNTER = IdentitySource.REGISTER, IdentitySource.COUNTER
SOON = dt.timedelta(days=30)


def number(order: int, born: str = "19900101") -> str:
    first = f"990000{born}{order:03d}"
    return first + numbers.resident_check(first)


@pytest.fixture
def people() -> tuple[Account, Account, Account]:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        made = [
            service.create_account(name, display_name=title)
            for name, title in (("chen.jie", "陈洁"), ("li.wei", "李伟"), ("guan.li", "管丽"))
        ]
        role = Role.objects.create(name="counter", title="窗口", permissions=["people.identify"])
        service.assign_role(made[2], role, "")
        cursor.execute("SET ROLE onecity_app")
    return made[0], made[1], made[2]


def test_a_number_is_sealed_found_again_and_raises_the_level(people: tuple[Account, Account, Account]) -> None:
    chen = people[0]
    with acting_as(chen.id):
        made = identity.identify(chen, f" {number(1).lower()} ", "陈洁", REGISTER)
        assert identity.identify(chen, number(1), "陈洁", REGISTER).id == made.id
        assert chen.assurance_level == AssuranceLevel.IDENTITY_ONLINE
        assert made.born_on == dt.date(1990, 1, 1)
        assert made.shown == f"990***********{number(1)[-4:]}"
        assert identity.accounts_for(PartyKind.PERSON, number(1)) == [chen.id]
        found = Identity.objects.get(id=made.id)
        assert identity.number_of(found) == number(1)
        assert number(1).encode() not in bytes(found.number_sealed)
        assert number(1) not in found.fingerprint


def test_a_wrong_number_a_taken_one_and_a_second_one_change_nothing(people: tuple[Account, Account, Account]) -> None:
    chen, li, _clerk = people
    with acting_as(chen.id):
        identity.identify(chen, number(1), "陈洁", REGISTER)
        with pytest.raises(Problem) as second:
            identity.identify(chen, number(2), "陈洁", REGISTER)
        assert second.value.status == 409
    with acting_as(li.id):
        with pytest.raises(Problem) as wrong:
            identity.identify(
                li, number(1)[:-1] + "0" if number(1)[-1] != "0" else number(1)[:-1] + "1", "李伟", REGISTER
            )
        assert wrong.value.status == 422
        with pytest.raises(Problem) as taken:
            identity.identify(li, number(1), "李伟", REGISTER)
        assert taken.value.status == 409
        assert identity.identity_of(li.id) is None
        assert li.assurance_level == AssuranceLevel.NONE
        assert identity.find(PartyKind.PERSON, number(1)) is None


def test_a_stranger_sees_no_identity_and_the_counter_sees_it(people: tuple[Account, Account, Account]) -> None:
    chen, li, clerk = people
    with acting_as(chen.id):
        identity.identify(chen, number(1), "陈洁", REGISTER)
    with acting_as(li.id):
        assert Identity.objects.count() == 0
    with acting_as(None):
        assert Identity.objects.count() == 0
    with acting_as(clerk.id):
        assert [i.name for i in Identity.objects.all()] == ["陈洁"]
        assert identity.identify(chen, number(1), "陈洁", COUNTER).account_id == chen.id
    chen.refresh_from_db()
    assert chen.assurance_level == AssuranceLevel.IDENTITY_IN_PERSON


def test_both_parents_act_for_their_child_and_a_stranger_does_not(people: tuple[Account, Account, Account]) -> None:
    chen, li, clerk = people
    child = number(7, "20240301")
    for parent in (chen, li):
        with acting_as(parent.id):
            party = identity.register_party(PartyKind.PERSON, child, "陈小宝", REGISTER)
            mandates.confirm(party, parent, MandateKind.GUARDIAN, REGISTER)
            mandates.confirm(party, parent, MandateKind.GUARDIAN, REGISTER)
            assert [(s.identity.name, s.kind) for s in mandates.spaces(parent.id)] == [("陈小宝", "guardian")]
    assert Identity.objects.count() == 0
    with acting_as(clerk.id):
        assert Identity.objects.count() == 1
        assert Mandate.objects.count() == 2


def test_an_agent_acts_once_he_accepted_for_the_services_named_and_until_the_end(
    people: tuple[Account, Account, Account],
) -> None:
    chen, li, _clerk = people
    with acting_as(chen.id):
        own = identity.identify(chen, number(1), "陈洁", REGISTER)
        made = mandates.offer(chen, own, li, services=["pension"], valid_to=now() + SOON)
        with pytest.raises(Problem) as again:
            mandates.offer(chen, own, li, services=[], valid_to=now() + SOON)
        assert again.value.status == 409
    with acting_as(li.id):
        assert mandates.space(li.id, own.id, "pension") is None
        mandates.accept(made, li)
        mandates.accept(made, li)
        assert mandates.space(li.id, own.id, "pension") is not None
        assert mandates.space(li.id, own.id, "residence") is None
        with use_clock(FixedClock(now() + SOON)):
            assert mandates.spaces(li.id) == []
        with pytest.raises(Problem) as stranger:
            mandates.offer(li, own, people[2], services=[], valid_to=now() + SOON)
        assert stranger.value.status == 403
    with acting_as(chen.id):
        mandates.end(made, chen)
    with acting_as(li.id):
        assert mandates.spaces(li.id) == []
        with pytest.raises(Problem) as ended:
            mandates.accept(made, li)
        assert ended.value.status == 409


def test_a_representative_appoints_for_his_company_and_an_agent_does_not(
    people: tuple[Account, Account, Account],
) -> None:
    chen, li, clerk = people
    with acting_as(chen.id):
        company = identity.register_party(PartyKind.COMPANY, COMPANY, "甲公司", REGISTER)
        mandates.confirm(company, chen, MandateKind.REPRESENTATIVE, REGISTER)
        made = mandates.offer(chen, company, li, services=[], valid_to=now() + SOON)
        assert [m.agent_id for m in mandates.given(chen)] == [li.id]
    with acting_as(li.id):
        mandates.accept(made, li)
        with pytest.raises(Problem) as refused:
            mandates.offer(li, company, clerk, services=[], valid_to=now() + SOON)
        assert refused.value.status == 403


def test_the_wall_refuses_what_the_code_forgot(people: tuple[Account, Account, Account]) -> None:
    chen, li, _clerk = people
    with acting_as(chen.id):
        own = identity.identify(chen, number(1), "陈洁", REGISTER)
        made = mandates.offer(chen, own, li, services=["pension"], valid_to=now() + SOON)
    with acting_as(li.id):
        for forged in (
            {"kind": MandateKind.AGENT, "source": IdentitySource.PARTY},
            {"kind": MandateKind.REPRESENTATIVE, "source": COUNTER},
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                Mandate.objects.create(principal=own, agent=li, accepted_at=now(), **forged)
        with pytest.raises(DatabaseError), transaction.atomic():
            Mandate.objects.filter(id=made.id).update(services=[])
        assert Identity.objects.filter(id=own.id).update(name="李伟") == 0
        assert Mandate.objects.get(id=made.id).services == ["pension"]
