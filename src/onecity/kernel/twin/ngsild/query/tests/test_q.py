"""The query language of 4.9: what is read, what is refused, and what each operator decides over each kind of attribute."""

from typing import Any

import pytest

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import Every, Link, Path, Range, Term, Value, link_depth
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.parsing import parse_q
from onecity.kernel.twin.ngsild.query.selection import Selection

BASE = "https://example.org/"


class Names:
    """An @context with a few terms."""

    def expand(self, term: str) -> str:
        return BASE + term if term in {"Male", "gender", "Car"} else term


NAMES = Names()


def prop(value: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **members}


STATION = StoredEntity(
    "urn:s:1", ("Device",), (), {"humidity": [prop(40)], "near": [{"type": "Relationship", "object": "urn:s:2"}]}
)
OTHER = StoredEntity("urn:s:2", ("Gate",), (), {"name": [prop("north")]})
CAR = StoredEntity(
    "urn:c:1",
    (BASE + "Car",),
    (),
    {
        "speed": [prop(55, observedAt="2026-03-01T12:00:00.5Z", unitCode="KMH"), prop(90, datasetId="urn:d:gps")],
        "brand": [prop("Mercedes")],
        "tags": [prop(["blue", "red"])],
        "ready": [prop(True)],
        "address": [prop({"city": "Berlin", "deep": {"n": 4}, "list": [{"n": 1}]}, accuracy=prop(0.9))],
        "made": [prop({"@type": "DateTime", "@value": "2020-01-01T08:00:00+08:00"})],
        "day": [prop("2020-01-05")],
        "hour": [prop("12:30:00Z")],
        "parked": [{"type": "Relationship", "object": ["urn:p:1", "urn:s:1"], "objectType": "Device"}],
        "route": [{"type": "ListRelationship", "objectList": ["urn:p:1", "urn:p:2"]}],
        "color": [{"type": "LanguageProperty", "languageMap": {"fr": ["chat", "rouge"], "en": "red"}}],
        BASE + "gender": [{"type": "VocabProperty", "vocab": BASE + "Male"}],
        "ticket": [{"type": "JsonProperty", "json": {"id": 7, "value": "late"}}],
        "steps": [{"type": "ListProperty", "valueList": [1, 2, 3]}],
        "place": [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}],
    },
    "2026-01-01T00:00:00Z",
    "2026-02-01T00:00:00Z",
)
WORLD = {entity.urn: entity for entity in (STATION, OTHER, CAR)}

MET = """
speed  speed==55  speed==55.0  speed==90  speed>54  speed>=90  speed<56  speed<=55  speed==50..60  speed!=1  speed!=55  speed==1,55
speed!=60..80  speed.unitCode=="KMH"  speed.observedAt>2026-03-01T12:00:00Z  speed.observedAt=="2026-03-01T12:00:00.500Z"
speed.observedAt==2026-03-01T20:00:00.5+08:00  speed.observedAt==2026-03-01T00:00:00Z..2026-03-02T00:00:00Z  speed.datasetId==urn:d:gps
brand=="Mercedes"  brand!="BMW"  brand!=5  brand~=^Mer  brand~="c.d"  brand!~=BMW  brand>"Ma"  brand=="A".."Z"  brand~=(Mer|BM)cedes
tags=="red"  tags=="green","blue"  tags!="green"  ready==true  ready!=false  ready!="true"
address[city]=="Berlin"  address[deep.n]==4  address[city]  address[deep.n]>3  address.accuracy>0.5  address.accuracy
made==2020-01-01T00:00:00Z  made<2020-01-01T00:00:01Z  day==2020-01-05  day>2020-01-04  hour<12:30:01Z  day=="2020-01-05"
parked==urn:p:1  parked=="urn:s:1"  parked!=urn:p:9  route==urn:p:2  route!=urn:p:9  parked.objectType=="Device"
color=="red"  color=="rouge"  color[en]=="red"  color[*]=="chat"  color[fr]=="rouge"  color[en]!="rouge"  color~=^ch  color[en]
gender==https://example.org/Male  gender!=https://example.org/Female  gender!=Male  ticket[value]=="late"  ticket[id]==7  ticket
steps==2  steps!=9  place  place[type]=="Point"  !nothing  !address[street]  createdAt<2026-01-01T00:00:01Z  modifiedAt>=2026-02-01T00:00:00Z
parked{humidity}==40  parked{Device:humidity}>39  parked{Gate,Device:humidity}  parked{near{name}}=="north"  parked{near{Gate:name}}~=th
speed>100|brand=="Mercedes"  (speed>100|brand=="Mercedes");ready==true  speed==55;brand~=^M;tags=="red"  ((speed>50|rpm>3000);brand=="Mercedes")
"""
UNMET = """
nothing  nothing!=5  speed==56  speed>90  speed<55  speed==60..80  speed=="55"  speed~=5  speed==true  speed.unitCode!="KMH"
speed.observedAt<2026-03-01T12:00:00Z  speed.observedAt=="soon"  brand=="mercedes"  brand!="Mercedes"  brand>5  brand!~=Mer  brand~=^er
tags!="red"  tags>"a"  tags=="blue".."red"  tags~=red  ready==1  ready=="true"  address[postcode]  address[postcode]!="x"  address[list.n]==1
address=="Berlin"  address[city.name]=="Berlin"  address.city=="Berlin"  made>2020-01-01T00:00:00Z  made=="2020-01-01T08:00:00+08:00"
parked>"urn:a"  parked~=urn  parked!~=xyz  parked!=urn:p:1  route!=urn:p:1  route<"z"  color!="red"  color[*]!="rouge"  color[en]=="rouge"
color[de]!="red"  color[de]  color>5  gender=="Male"  gender==Male  gender!=https://example.org/Male  gender~=Male  steps!=2  steps>1  place=="Point"
!speed  !address[city]  createdAt>2026-01-01T00:00:00Z  createdAt=="x"  expiresAt  parked{humidity}==41  parked{Gate:humidity}  parked{name}
speed>100;brand=="Mercedes"  speed>100|brand=="BMW"  (speed>100|brand=="Mercedes");ready==false  brand[en]=="Mercedes"  brand[*]=="Mercedes"
"""


def decide(text: str, **options: Any) -> bool:
    return matches(Selection(q=parse_q(text, NAMES, **options)), CAR, WORLD.get)


@pytest.mark.parametrize("text", [part for line in MET.strip().splitlines() for part in line.split("  ")])
def test_met(text: str) -> None:
    assert decide(text)


@pytest.mark.parametrize("text", [part for line in UNMET.strip().splitlines() for part in line.split("  ")])
def test_unmet(text: str) -> None:
    assert not decide(text)


def test_expand_values_reads_a_term_as_the_context_does() -> None:
    assert decide("gender==Male", expand_values=["gender"])
    assert decide('gender=="Male"', expand_values=["gender"])
    assert not decide("gender!=Male", expand_values=["gender"])
    assert not decide("gender==Male", expand_values=["gender"], json_keys=["gender"])


def test_and_binds_before_or() -> None:
    assert parse_q("a|b;c", NAMES) == parse_q("a|(b;c)", NAMES)
    assert parse_q("a|b;c", NAMES) != parse_q("(a|b);c", NAMES)


def test_spaces_and_quotes_are_read_as_in_the_example_of_the_clause() -> None:
    assert parse_q('color!="black", "red"', NAMES) == Term(
        Path(("color",)), "!=", (Value("string", "black"), Value("string", "red"))
    )
    assert parse_q('a=="x\\u00e9\\"y"', NAMES) == Term(Path(("a",)), "==", (Value("string", 'xé"y'),))


def test_paths() -> None:
    assert parse_q("a.b.observedAt", NAMES) == Term(Path(("a", "b"), "observedAt"))
    assert parse_q("a.b[c.d]==1..2", NAMES) == Term(
        Path(("a", "b"), "", ("c", "d")), "==", Range(Value("number", 1), Value("number", 2))
    )
    assert parse_q("https://x.org/a#b.c==1;d", NAMES) == Every(
        (Term(Path(("https://x.org/a#b.c",)), "==", (Value("number", 1),)), Term(Path(("d",))))
    )
    linked = parse_q("a{Car,B:c{d.e}}>=1.5", NAMES)
    assert linked == Term(
        Path(("d", "e"), links=(Link("a", (BASE + "Car", "B")), Link("c"))), ">=", (Value("number", 1.5),)
    )
    assert link_depth(linked) == 2
    assert link_depth(parse_q("a;b{c}", NAMES)) == 1


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("a==", 4),
        ("a==1;", 6),
        ("a=1", 2),
        ("(a", 3),
        ("a)", 2),
        ("a==1 b", 4),
        ('a=="x', 4),
        ("1a", 1),
        ("a>true", 3),
        ("a>1,2", 3),
        ("a>1..2", 3),
        ("a==1..true", 4),
        ('a==1,2.."x"', 6),
        ("a[b", 3),
        ("a[]", 3),
        ("a[*.b]", 3),
        ("a{b", 4),
        ("a{b,c}", 6),
        ("a~=", 4),
        ("a~=(", 2),
        ("a~=(?=x)", 3),
        ("a..b", 2),
        ("a==<", 4),
        ("a\x00", 2),
    ],
)
def test_wrong_text_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(Problem) as caught:
        parse_q(text, NAMES)
    problem = caught.value.to_dict()
    assert problem["status"] == 400
    assert problem["type"] == "https://uri.etsi.org/ngsi-ld/errors/BadRequestData"
    assert (problem["parameter"], problem["position"]) == ("q", position)
    assert problem["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 30 + "a" + ")" * 30,
        "a|" * 300 + "a",
        "a==" + "1," * 2000 + "1",
        ".".join("a" * 40),
        "a" * 20_000,
        "a{" * 12 + "b" + "}" * 12,
    ],
)
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_q(text, NAMES)
    assert (caught.value.status, caught.value.code) == (400, "BadRequestData")
