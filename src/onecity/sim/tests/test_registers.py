"""The simulated registers: valid numbers, families that fit together in every register, and answers with provenance."""

import datetime as dt

import pytest

from onecity.domains.services.registers import catalogue, connected
from onecity.domains.services.registers.port import Answer, Question, RefusedError, Subject
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.sim.registers import people
from onecity.sim.registers.answers import BOOKS
from onecity.sim.registers.numbers import credit_code, identity_number
from onecity.sim.registers.source import Registers

NOON = dt.datetime(2026, 11, 25, 4, tzinfo=dt.UTC)


def question(register: str, number: str, *fields: str, consent: bool = False) -> Question:
    subject = Subject("company", number) if number.startswith("91") else Subject("person", number)
    return Question(register, subject, fields, "申请高龄津贴", "老年人权益保障法 第三十三条", consent)


def test_numbers_carry_their_check_character_and_an_area_that_exists_nowhere() -> None:
    # day and serial of the example of GB 11643-1999 in our area; 270 mod 11 = 6, whose check is 6
    assert identity_number(dt.date(1949, 12, 31), 2) == "990000194912310026"
    assert credit_code(1)[:8] == "91990000"
    assert len(credit_code(1)) == 18
    assert credit_code(1) != credit_code(2)


def test_more_households_leave_the_first_ones_as_they_are_and_numbers_are_given_once() -> None:
    small, large = people.draw(20), people.draw(400)
    assert [large.people[number] for number in small.people] == list(small.people.values())
    assert len(large.people) == sum(len(one.members) for one in large.households)


def test_families_fit_together() -> None:
    everybody = people.draw(400).people
    for person in everybody.values():
        if person.spouse:
            assert everybody[person.spouse].spouse == person.number
            assert everybody[person.spouse].children == person.children
        for child in person.children:
            assert everybody[child].born_on > person.born_on + dt.timedelta(days=17 * 365)
        if person.married_on:
            assert person.married_on > person.born_on + dt.timedelta(days=20 * 365)
        assert (int(person.number[16]) % 2 == 1) == (person.sex == "男")
        assert person.number[6:14] == f"{person.born_on:%Y%m%d}"


def test_every_register_answers_every_field_of_its_catalogue() -> None:
    source = Registers(40)
    mother = source.population.persona("owner").number
    assert set(BOOKS) == set(catalogue.registers())
    for name, register in catalogue.registers().items():
        fields = tuple(one.name for one in register.fields)
        values = source.ask(question(name, mother, *fields, consent=True)).values
        # asked of the book itself: a field that the catalogue has and the register does not know would come as nothing
        with use_clock(FixedClock(NOON)):
            known = source._values(question(name, mother, *fields), NOON.date()) or {}
        assert set(known) == set(fields), name
        assert set(values) == set(fields)


def test_registers_agree_on_a_mother_her_husband_and_their_newborn_child() -> None:
    source = Registers(40)
    mother = source.population.persona("mother")
    with use_clock(FixedClock(NOON)):
        births = source.ask(
            question("births", mother.number, "children", "child_number", "child_months", "child_registered")
        )
        wedding = source.ask(question("marriage", mother.number, "married", "spouse_number"))
        home = source.ask(question("household", mother.number, "age", "members", "local"))
    assert births.values == {
        "children": 1, "child_number": mother.children[0], "child_months": 5, "child_registered": False,
    }  # fmt: skip
    assert wedding.values == {"married": True, "spouse_number": mother.spouse}
    # the child is not entered in the household yet
    assert home.values == {"age": 32, "members": 2, "local": True}
    assert (births.system, births.entry, births.at) == ("register.births", "SIM-008", NOON)
    assert len(births.digest) == 64


def test_a_company_is_asked_by_its_code() -> None:
    source = Registers(40)
    owner = source.population.persona("owner")
    company = source.population.owned[owner.number]
    found = source.ask(question("companies", company.code, "name", "legal_representative_number"))
    assert found.values == {"name": company.name, "legal_representative_number": owner.number}
    assert source.ask(question("marriage", company.code, "married")).status == "none"


def test_nobody_is_invented() -> None:
    found = Registers(40).ask(question("household", "990000198001010004", "name"))
    assert (found.status, dict(found.values)) == ("none", {})


def test_what_may_not_be_asked_never_leaves_the_house() -> None:
    source = Registers(40)
    carer = source.population.persona("carer").number
    with connected.connected_to(source):
        asked = connected.ask_many([
            question("social_relief", carer, "disabled"),
            question("social_relief", carer, "disabled", "disability_level", consent=True),
            question("household", carer, "favourite_colour"),
            Question("household", Subject("person", carer), ("name",), " ", "law"),
        ])  # fmt: skip
    reasons = [one.reason if isinstance(one, RefusedError) else dict(one.values) for one in asked]
    assert reasons == ["consent", {"disabled": True, "disability_level": 2}, "unknown", "refused"]


def test_a_register_that_is_away_holds_up_no_other() -> None:
    source = Registers(40, away={"marriage"})
    mother = source.population.persona("mother").number
    with connected.connected_to(source):
        asked = connected.ask_many([question("marriage", mother, "married"), question("household", mother, "sex")])
    assert isinstance(asked[0], RefusedError)
    assert asked[0].reason == "away"
    assert isinstance(asked[1], Answer)
    assert asked[1].values == {"sex": "女"}
    with pytest.raises(RefusedError):
        source.ask(question("marriage", mother, "married"))
