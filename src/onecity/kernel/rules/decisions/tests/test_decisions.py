"""Decision tables: tests read as they are meant, every hit policy, gaps and overlaps proved, DMN in and out."""

import datetime as dt
import itertools
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.rules.decisions import checking, dmn, table, unary
from onecity.kernel.rules.decisions.region import Kind, Value
from onecity.kernel.rules.decisions.table import Input, Output, Rule, Table, TableError, UndecidedError

D = Decimal


@pytest.mark.parametrize(
    ("text", "kind", "inside", "outside"),
    [
        ("-", "number", [D(1), None], []),
        ("", "string", ["x", None], []),
        ("<18", "number", [D(17), D("17.9")], [D(18), None]),
        (">= 60", "number", [D(60)], [D("59.9")]),
        ("[60..79]", "number", [D(60), D(79)], [D(80), D("59.99")]),
        ("(60..79)", "number", [D(61)], [D(60), D(79)]),
        ("]60..79[", "number", [D(61)], [D(60), D(79)]),
        ("<0, [5..6), 9", "number", [D(-1), D(5), D(9)], [D(0), D(6), D("9.1")]),
        ("not(<18, >60)", "number", [D(18), D(60)], [D(17), D(61), None]),
        ("!= 3", "number", [D(2), None], [D(3)]),
        ('"本市", "外省"', "string", ["本市", "外省"], ["境外", None]),
        ('not("本市")', "string", ["外省", None], ["本市"]),
        (r'"a\"b"', "string", ['a"b'], ["a"]),
        ("true", "boolean", [True], [False, None]),
        ("not(true)", "boolean", [False, None], [True]),
        ("null", "number", [None], [D(0)]),
        ('<= date("2026-01-31")', "date", [dt.date(2026, 1, 31)], [dt.date(2026, 2, 1)]),
        ('(@"2026-01-01"..@"2026-01-03")', "date", [dt.date(2026, 1, 2)], [dt.date(2026, 1, 1), dt.date(2026, 1, 3)]),
    ],
)
def test_tests_accept_what_they_mean(text: str, kind: Kind, inside: list[Value], outside: list[Value]) -> None:
    region = unary.parse(text, kind)
    assert [value in region for value in inside] == [True] * len(inside)
    assert [value in region for value in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("text", "kind", "at"),
    [
        ("<", "number", 1), ("1 2", "number", 2), ('"a"', "number", 0), ("[5..3]", "number", 0), ("(3..3)", "number", 0),
        ("age + 1", "number", 4), ("not(1", "number", 5), ('< "a"', "string", 2), ('date("2026-02-30")', "date", 0),
        ("1;", "number", 1), ("x" * 3000, "string", 2000), ('(@"2026-01-01"..@"2026-01-02")', "date", 0),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_place(text: str, kind: Kind, at: int) -> None:
    with pytest.raises(unary.FeelError) as caught:
        unary.parse(text, kind)
    assert caught.value.position == at


@given(
    st.text(alphabet='[](),.<>=!-"0123456789 notruefalsdp@', max_size=30), st.sampled_from(["number", "string", "date"])
)
def test_no_text_breaks_the_reader(text: str, kind: Kind) -> None:
    try:
        unary.parse(text, kind)
    except unary.FeelError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - either outcome is right


def allowance(policy: table.HitPolicy = "UNIQUE", **more: object) -> Table:
    """The allowance for the old: by age and where somebody is registered."""
    rules = [
        Rule(("[65..70)", '"本市"'), (D(75),), "65 至 69 岁"),
        Rule(("[70..80)", '"本市"'), (D(150),), "70 至 79 岁"),
        Rule((">=80", '"本市"'), (D(180),), "80 岁以上"),
        Rule(("<65", "-"), (D(0),), "不满 65 岁"),
        Rule((">=65", 'not("本市")'), (D(0),), "非本市户籍"),
    ]
    return table.of(
        "高龄津贴", [Input("age", "number", "年龄", "[0..150]"), Input("household", "string", "户籍")],
        [Output("amount", "number", "每月金额", (D(180), D(150), D(75), D(0)))], rules, policy, **more,  # type: ignore[arg-type]  # by name
    )  # fmt: skip


def test_a_table_decides_and_names_its_rule() -> None:
    made = table.decide(allowance(), {"age": 72, "household": "本市"})
    assert (made.rows, made.fired) == (({"amount": D(150)},), (2,))
    assert table.decide(allowance(), {"age": 72, "household": "外省"}).fired == (5,)
    assert checking.check(allowance()) == []


@pytest.mark.parametrize(
    ("values", "reason", "where"),
    [
        ({"age": 200, "household": "本市"}, "outside", "age"),
        ({"age": "72", "household": "本市"}, "kind", "age"),
        ({"age": None, "household": "本市"}, "kind", "age"),
        ({"age": 72}, "kind", "household"),
        ({"age": D("NaN"), "household": "本市"}, "kind", "age"),
        ({"age": True, "household": "本市"}, "kind", "age"),
    ],
)
def test_what_it_does_not_decide_is_said(values: dict[str, Value], reason: str, where: str) -> None:
    with pytest.raises(UndecidedError) as caught:
        table.decide(allowance(), values)
    assert (caught.value.reason, caught.value.where) == (reason, where)


def two(policy: table.HitPolicy, aggregation: table.Aggregation = "", same: bool = False) -> Table:
    column = Output("out", "number", "", (D(2), D(1)))
    rules = [Rule((">0",), (D(1),)), Rule((">5",), (D(1) if same else D(2),)), Rule(("<=0",), (D(1),))]
    return table.of("t", [Input("x", "number")], [column], rules, policy, aggregation)


@pytest.mark.parametrize(
    ("policy", "aggregation", "rows", "fired"),
    [
        ("FIRST", "", [D(1)], (1,)),
        ("PRIORITY", "", [D(2)], (2,)),
        ("COLLECT", "", [D(1), D(2)], (1, 2)),
        ("RULE ORDER", "", [D(1), D(2)], (1, 2)),
        ("COLLECT", "SUM", [D(3)], (1, 2)),
        ("COLLECT", "MIN", [D(1)], (1, 2)),
        ("COLLECT", "MAX", [D(2)], (1, 2)),
        ("COLLECT", "COUNT", [D(2)], (1, 2)),
    ],
)
def test_hit_policies(
    policy: table.HitPolicy, aggregation: table.Aggregation, rows: list[D], fired: tuple[int, ...]
) -> None:
    made = table.decide(two(policy, aggregation), {"x": D(9)})
    assert ([row["out"] for row in made.rows], made.fired) == (rows, fired)


def test_unique_and_any_refuse_what_contradicts() -> None:
    for policy in ("UNIQUE", "ANY"):
        with pytest.raises(UndecidedError, match="conflict: 1, 2"):
            table.decide(two(policy), {"x": D(9)})
    assert table.decide(two("ANY", same=True), {"x": D(9)}).fired == (1,)
    assert [(f.kind, f.rules) for f in checking.check(two("ANY"))] == [("overlap", (1, 2))]
    assert checking.check(two("ANY", same=True)) == []


def test_gaps_overlaps_and_rules_that_never_fire_come_with_examples() -> None:
    columns = [Input("age", "number", allowed="[0..150]"), Input("kind", "string", allowed='"a", "b"')]
    rules = [Rule(("<18", '"a"'), (D(1),)), Rule(("[10..20]", "-"), (D(2),)), Rule((">20", "-"), (D(3),))]
    made = table.of("t", columns, [Output("out", "number")], rules)
    found = checking.check(made)
    assert [(f.kind, f.rules) for f in found] == [("gap", ()), ("overlap", (1, 2))]
    gap, overlap = (f.example for f in found)
    assert gap is not None
    assert overlap is not None
    with pytest.raises(UndecidedError, match="none"):
        table.decide(made, gap)
    with pytest.raises(UndecidedError, match="conflict: 1, 2"):
        table.decide(made, overlap)
    hidden = table.of("t", columns, [Output("out", "number")], [*rules, Rule(("[12..15]", '"b"'), (D(4),))], "FIRST")
    assert [(f.kind, f.rules) for f in checking.check(hidden) if f.kind == "unreached"] == [("unreached", (4,))]


TESTS = {
    "number": ["-", "<3", ">=3", "[1..4)", "not([2..3])", "2", "(0..5]"],
    "string": ["-", '"a"', '"b","c"', 'not("a")'],
    "boolean": ["-", "true", "false", "not(true)"],
    "date": ["-", '<@"2026-01-02"', '>=@"2026-01-02"', '[@"2026-01-01"..@"2026-01-03"]'],
}
SAMPLES: dict[str, list[Value]] = {
    "number": [D(n) / 4 for n in range(-8, 32)],
    "string": ["a", "b", "c", "d"],
    "boolean": [True, False],
    "date": [dt.date(2025, 12, 31) + dt.timedelta(days=n) for n in range(6)],
}


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_the_proof_agrees_with_trying_everything(seed: int) -> None:
    chance = random.Random(seed)
    kinds: list[Kind] = [chance.choice(["number", "string", "boolean", "date"]) for _n in range(chance.randrange(1, 4))]
    columns = [Input(f"x{n}", kind) for n, kind in enumerate(kinds)]
    rules = [
        Rule(tuple(chance.choice(TESTS[kind]) for kind in kinds), (D(number),))
        for number in range(chance.randrange(1, 7))
    ]
    made = table.of("t", columns, [Output("out", "number")], rules)
    found = checking.check(made)
    gap, overlaps = False, set[tuple[int, int]]()
    for values in itertools.product(*(SAMPLES[kind] for kind in kinds)):
        hits = [n for n, row in enumerate(made.regions, 1) if all(v in r for v, r in zip(values, row, strict=True))]
        gap = gap or not hits
        overlaps.update(itertools.combinations(hits, 2))
    assert any(f.kind == "gap" for f in found) == gap
    assert {f.rules for f in found if f.kind == "overlap"} == overlaps


def test_a_table_of_many_rules_is_proved() -> None:
    columns = [
        Input("a", "number", allowed="[0..1000)"),
        Input("b", "number", allowed="[0..10)"),
        Input("c", "boolean"),
    ]
    rules = [
        Rule((f"[{a * 10}..{a * 10 + 10})", f"[{b}..{b + 1})", c), (D(1),))
        for a in range(100) for b in range(10) for c in ("true", "false")
    ]  # fmt: skip
    made = table.of("t", columns, [Output("out", "number")], rules)
    assert checking.check(made) == []
    short = table.of("t", columns, [Output("out", "number")], rules[:-1])
    (gap,) = checking.check(short)
    assert gap.example is not None
    with pytest.raises(UndecidedError, match="none"):
        table.decide(short, gap.example)


def test_dmn_goes_out_and_comes_back() -> None:
    made = allowance("PRIORITY")
    again = dmn.read(dmn.write(made))
    assert again == made
    assert b"20191111" in dmn.write(made)
    assert dmn.read(dmn.write(two("COLLECT", "SUM"))) == two("COLLECT", "SUM")


CAMUNDA = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="d" name="dish" namespace="n">
 <decision id="dish" name="Dish"><decisionTable id="t" hitPolicy="FIRST">
  <input id="i1" label="Season" camunda:inputVariable="season"><inputExpression id="e1" typeRef="string"><text>season</text></inputExpression></input>
  <input id="i2" label="Guests"><inputExpression id="e2" typeRef="integer"><text>guests</text></inputExpression></input>
  <output id="o1" label="Dish" name="dish" typeRef="string"/>
  <rule id="r1"><inputEntry id="a"><text>"Winter"</text></inputEntry><inputEntry id="b"><text>&lt;= 8</text></inputEntry><outputEntry id="c"><text>"Roastbeef"</text></outputEntry></rule>
  <rule id="r2"><description>all else</description><inputEntry id="f"><text></text></inputEntry><inputEntry id="g"><text>-</text></inputEntry><outputEntry id="h"><text>"Stew"</text></outputEntry></rule>
 </decisionTable></decision>
</definitions>"""


def test_a_table_of_another_editor_is_read() -> None:
    made = dmn.read(CAMUNDA.encode())
    assert table.decide(made, {"season": "Winter", "guests": D(8)}).rows == ({"dish": "Roastbeef"},)
    assert table.decide(made, {"season": "Spring", "guests": D(3)}).rows == ({"dish": "Stew"},)
    assert made.rules[1].reason == "all else"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no XML"),
        (b"<x/>", "no decision table"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "entities"),
        (CAMUNDA.replace("FIRST", "SOMETIMES").encode(), "hit policy"),
        (CAMUNDA.replace("&lt;= 8", "guests + 1").encode(), "rule 1, guests"),
        (CAMUNDA.replace("integer", "money").encode(), "the type 'money'"),
        (CAMUNDA.replace("<text>season</text>", "<text>a b</text>").encode(), "no name of a value"),
        (
            CAMUNDA.replace('<outputEntry id="h"><text>"Stew"</text></outputEntry>', "").encode(),
            "rule 2 has not as many",
        ),
    ],
)
def test_what_is_no_table_is_named(content: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        dmn.read(content)
