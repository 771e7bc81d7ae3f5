"""The pure part of applying: who supplies a material, what facts say, how a form is cut and read, which decisions are drawn."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.domains.services.applying.logic import explaining, facts, fields, resolving, sampling, screens
from onecity.domains.services.applying.logic.resolving import Certificate, Earlier, Fetched, Supply
from onecity.domains.services.items.logic import tables
from onecity.domains.services.items.logic.item import Condition, Material, Situation, Source, Test

NAME = {"zh": "户口簿", "en": "Household book"}
EVERYTHING = Material(
    key="book", name=NAME, certificate_type="household_register", commitment=True,
    source=Source(register="household", fields=("household_number", "registered_address")),
)  # fmt: skip
CERTIFICATE = Certificate("household_register", "1.2.3", NAME)
ANSWER = Fetched("household", {"household_number": "99", "registered_address": "人民路1号"}, "sys", "SIM-001", "r1")
EARLIER = {"book": Earlier("book", "2026-000001", "ab" * 32, "户口簿")}
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["account", "count"],
    "properties": {
        "count": {"type": "integer", "title": "人数"},
        "note": {"type": "string", "maxLength": 1000},
        "account": {"type": "string", "title": "账号"},
        "promise": {"type": "boolean"},
        "kinds": {"type": "array", "items": {"enum": ["a", "b"]}},
        "day": {"type": "string", "format": "date"},
    },
}


def way(material: Material, **supply: Any) -> tuple[str, tuple[str, ...]]:
    found = resolving.resolve([material], Supply(**supply))[0]
    return found.way, found.failed


def test_a_material_is_supplied_by_the_first_who_has_it() -> None:
    everything: dict[str, Any] = {
        "certificates": [CERTIFICATE], "answers": {"household": ANSWER}, "earlier": EARLIER,
        "commitments": frozenset({"book"}), "uploads": {"book": ["cd" * 32]},
    }  # fmt: skip
    order = []
    for removed in ("", "certificates", "answers", "earlier", "uploads", "commitments"):
        everything.pop(removed, None)
        order.append(way(EVERYTHING, **everything)[0])
    assert order == ["certificate", "register", "case", "upload", "commitment", "missing"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Fetched("household", failure="away"), "away"),
        (Fetched("household", failure="consent"), "consent"),
        (Fetched("household", {"household_number": "", "registered_address": None}), "not-found"),
    ],
)
def test_a_register_that_does_not_say_costs_the_paper(answer: Fetched, reason: str) -> None:
    assert way(EVERYTHING, answers={"household": answer}) == ("missing", ("no-certificate", reason))


def test_what_is_disputed_is_not_taken_from_the_register() -> None:
    found = way(EVERYTHING, answers={"household": ANSWER}, disputed=frozenset({"book"}))
    assert found == ("missing", ("no-certificate", "disputed"))


def test_materials_of_a_situation_and_the_share_never_asked_for() -> None:
    other = Material(key="other", name=NAME, situations=("move",))
    spare = Material(key="spare", name=NAME, required=False)
    assert [one.key for one in resolving.needed([EVERYTHING, other, spare], "stay")] == ["book", "spare"]
    found = resolving.resolve([EVERYTHING, other, spare], Supply(certificates=[CERTIFICATE]))
    assert [one.way for one in found] == ["certificate", "missing", "skipped"]
    assert resolving.share_free(found) == (1, 2)


def test_a_condition_is_yes_no_or_unknown_and_never_guessed() -> None:
    old = Condition(text=NAME, test=Test(value="household.age", sort="number", accepts=">= 70"))
    words = Condition(text=NAME)
    known = facts.check([old, words], {"household.age": 73})
    assert [one.verdict for one in known] == ["yes", "unknown"]
    assert facts.may_apply(known) == "yes"
    assert facts.may_apply(facts.check([old], {"household.age": "69"})) == "no"
    assert facts.may_apply(facts.check([old], {})) == "unknown"
    assert facts.may_apply(facts.check([old], {"household.age": "seventy"})) == "unknown"


def test_situations_that_are_ruled_out_are_not_offered() -> None:
    local = Test(value="household.local", sort="boolean", accepts="true")
    offered = [Situation(key="any", name=NAME), Situation(key="local", name=NAME, when=(local,))]
    assert [one.key for one in facts.fitting(offered, {"household.local": True})] == ["local", "any"]
    assert [one.key for one in facts.fitting(offered, {"household.local": False})] == ["any"]
    assert [one.key for one in facts.fitting(offered, {})] == ["any", "local"]


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.dates(), st.floats(), st.lists(st.text())))
def test_values_become_what_tables_take_or_nothing(value: object) -> None:
    for sort, kind in (("number", Decimal), ("boolean", bool), ("string", str), ("date", dt.date)):
        found = facts.typed(value, sort)  # type: ignore[arg-type]  # the sorts of the loop are those of the type
        assert found is None or isinstance(found, kind)


def test_a_form_is_cut_into_screens_with_what_must_be_said_first() -> None:
    assert [one.names for one in screens.screens(FORM)] == [("account", "count", "note", "promise"), ("kinds", "day")]
    topics = {**FORM, "properties": {"a": {"type": "string", "x-topic": "t"}, "b": {"type": "string", "x-topic": "t"}}}
    topics |= {"x-topics": {"t": NAME}, "required": []}
    assert screens.screens(topics) == [screens.Screen(NAME, ("a", "b"))]


def test_what_is_sent_is_read_as_the_schema_says() -> None:
    sent = {
        "answer.count": ["3"], "answer.account": [" 62\0 "], "answer.kinds": ["a", "b"], "answer.promise": ["yes"],
        "answer.day": [""],
    }  # fmt: skip
    names = list(FORM["properties"])
    assert fields.read(FORM, names, lambda name: sent.get(name, [])) == {
        "count": 3, "note": None, "account": "62", "promise": True, "kinds": ["a", "b"], "day": None,
    }  # fmt: skip
    assert fields.read(FORM, ["count"], lambda _name: ["many"]) == {"count": "many"}


def test_a_field_tells_from_which_register_it_was_filled_in() -> None:
    form = {"properties": {"age": {"type": "integer", "x-prefill": "household.age"}}}
    filled, changed = (
        fields.of_form(form, ["age"], {"age": said}, lambda text: text.get("zh", ""), known={"household.age": "73"})[0]
        for said in (73, 74)
    )
    assert (filled.source, changed.source) == ("household.age", "")


def test_the_draw_is_steady_unforeseeable_and_about_as_large_as_said() -> None:
    ids = [number.to_bytes(16, "big") for number in range(20_000)]
    drawn = [one for one in ids if sampling.drawn(b"key", one, 0.02)]
    assert drawn == [one for one in ids if sampling.drawn(b"key", one, 0.02)]
    assert 320 <= len(drawn) <= 480
    assert drawn != [one for one in ids if sampling.drawn(b"other", one, 0.02)]
    assert not any(sampling.drawn(b"key", one, 0.0) for one in ids)
    assert all(sampling.drawn(b"key", one, 1.0) for one in ids)


def test_a_decision_explains_what_it_looked_at_and_nothing_else() -> None:
    table = tables.read(
        {
            "name": "t",
            "title": NAME,
            "inputs": [
                {"name": "household.age", "kind": "number", "label": {"zh": "年龄", "en": "Age"}},
                {"name": "born", "kind": "date", "label": {"zh": "出生", "en": "Born"}, "optional": True},
            ],
            "outputs": [{"name": "outcome", "kind": "string"}],
            "rules": [
                {"tests": [">= 70", "-"], "outputs": ["grant"], "reason": {"zh": "年满70周岁", "en": "70 or over"}},
                {"tests": ["< 70", "-"], "outputs": ["refuse"], "reason": {"zh": "未满70周岁", "en": "Younger"}},
            ],
        }
    )
    values = {"household.age": Decimal(1234), "born": None}
    assert explaining.explain(table, table.decide(values), values) == {
        "zh": ["核对了：年龄：1,234。", "依据第1条规则：年满70周岁。"],
        "en": ["Looked at: Age: 1,234.", "By rule 1: 70 or over."],
    }
    assert explaining.written(dt.date(2026, 11, 5), "zh") == "2026年11月5日"
    assert explaining.written(dt.date(2026, 11, 5), "en") == "5 Nov 2026"
    assert explaining.written(None, "en") == "nothing on record"
    assert explaining.written(Decimal("12.50"), "en") == "12.5"
