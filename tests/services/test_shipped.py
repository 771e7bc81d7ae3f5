"""Over all shipped items: what of their materials is never asked for, and that every automatic one decides by itself."""

import itertools
from collections import Counter
from collections.abc import Iterator

import pytest

from onecity.domains.services.applying import asking, certifying, kinds
from onecity.domains.services.applying.logic import facts, resolving
from onecity.domains.services.applying.logic.resolving import Certificate, Fetched, Supply
from onecity.domains.services.items import shipped
from onecity.domains.services.items.logic import reading, tables
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.items.logic.tables import Deciding
from onecity.domains.services.items.models import Sort
from onecity.domains.services.registers import catalogue
from onecity.domains.services.registers.port import Question, Subject, plain
from onecity.kernel.cases.logic.definition import to_data
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.rules.decisions.table import UndecidedError
from onecity.sim.registers.people import Person, adults
from onecity.sim.registers.source import Registers
from tests.services.conftest import MONDAY

# of all materials that a resident whose data exist needs, so many hundredths are never asked for
NEVER_ASKED = 80


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return [reading.read(one.data) for one in shipped.contents() if one.sort == Sort.ITEM]


@pytest.fixture(scope="module")
def decisions() -> dict[str, Deciding]:
    return {one.code: tables.read(one.data) for one in shipped.contents() if one.sort == Sort.TABLE}


def fetched(registers: Registers, item: Item, person: Person, inputs: tuple[str, ...] = ()) -> dict[str, Fetched]:
    """What the registers say of somebody for an item, with his consent."""
    subject = Subject("person", person.number, person.name)
    found = {}
    for register, fields in facts.asked_of_registers(item, inputs).items():
        answer = registers.ask(Question(register, subject, fields, "x", "y", consent=True))
        found[register] = Fetched(register, plain(answer.values))
    return found


def held(item: Item) -> list[Certificate]:
    """The certificates that government bodies issue and that the item asks for, as somebody holds them."""
    types = {one.certificate_type for one in item.materials if one.certificate_type}
    return [Certificate(code, code, {}) for code in sorted(types)]


def test_four_in_five_materials_are_never_asked_for(items: list[Item]) -> None:
    registers = Registers(60)
    person = registers.population.persona("owner")
    free = whole = 0
    with use_clock(FixedClock(MONDAY)):
        for item in items:
            answers = fetched(registers, item, person)
            known = asking.known_facts(answers)
            situations = [one.key for one in facts.fitting(item.situations, known)] or [""]
            supply = Supply(certificates=held(item), answers=answers)
            part, all_ = resolving.share_free(
                resolving.resolve(resolving.needed(item.materials, situations[0]), supply)
            )
            free, whole = free + part, whole + all_
    assert whole > 100
    share = 100 * free / whole
    assert share >= NEVER_ASKED, f"{free} of {whole}"


def test_every_source_of_an_item_is_in_the_catalogue(items: list[Item], decisions: dict[str, Deciding]) -> None:
    wrong = []
    for item in items:
        inputs = decisions[item.decision].inputs if item.decision else ()
        for register, fields in facts.asked_of_registers(item, inputs).items():
            wrong += [f"{item.code}: {one}" for one in catalogue.unknown(register, fields)]
    assert wrong == []


def test_every_result_that_is_a_certificate_has_its_kind(items: list[Item]) -> None:
    types = {result.certificate_type for item in items for result in item.results} - {""}
    assert sorted(types - set(kinds.shipped_certificates())) == []
    for item in items:
        assert to_data(kinds.of_item(item))["initial"] == "submitted"
        result = certifying.certificate_of(item)
        if result is not None and item.automatic:
            kind = kinds.shipped_certificates()[result.certificate_type]
            assert kind.holder in {"any", "person"}


def outcomes(item: Item, table: Deciding, registers: Registers) -> Iterator[str]:
    """What the table says of everybody, with an answer to each question of the form that fits it."""
    for person, said_of in itertools.product(adults(registers.population), ((True, 25), (False, 25), (True, 2))):
        said = {name: _some(one, *said_of) for name, one in facts.properties(item.form).items()}
        known = {**asking.known_facts(fetched(registers, item, person, table.inputs)), **said}
        values = {one.name: facts.typed(known.get(one.name), one.kind) for one in table.table.inputs}
        try:
            yield str(table.decide(values).rows[0]["outcome"])
        except UndecidedError as error:
            yield f"undecided {error.reason}: {error.where}"


def _some(schema: object, word: bool, number: int) -> object:
    """An answer that the schema takes: the first choice, yes or no, a number, a day, a word."""
    assert isinstance(schema, dict)
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("format") == "date":
        return "2026-11-01"
    return {"boolean": word, "integer": 1, "number": number}.get(str(schema.get("type")), "x")


def test_every_automatic_item_decides_by_itself(items: list[Item], decisions: dict[str, Deciding]) -> None:
    automatic = [one for one in items if one.automatic]
    assert len(automatic) >= 12
    registers = Registers(120)
    never = {}
    with use_clock(FixedClock(MONDAY)):
        for item in automatic:
            found = Counter(outcomes(item, decisions[item.decision], registers))
            if not found["grant"]:
                never[item.code] = found.most_common(3)
    assert never == {}


def test_entitlements_find_somebody(items: list[Item], decisions: dict[str, Deciding]) -> None:
    registers = Registers(400)
    found = {}
    with use_clock(FixedClock(MONDAY)):
        for item in (one for one in items if one.entitlement):
            found[item.code] = Counter(outcomes(item, decisions[item.entitlement], registers))["grant"]
    assert found
    assert [code for code, count in found.items() if not count] == []
