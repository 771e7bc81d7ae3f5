"""Selections of types (4.17) and scopes (4.19), projections (4.21) and orders (4.23)."""

from typing import Any

import pytest

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query import ordering
from onecity.kernel.twin.ngsild.query.language import LOCATION
from onecity.kernel.twin.ngsild.query.matching import scope_test, type_test
from onecity.kernel.twin.ngsild.query.parsing import (
    parse_names,
    parse_order,
    parse_projection,
    parse_q,
    parse_scope,
    parse_types,
)
from onecity.kernel.twin.ngsild.query.selection import Selection


class Names:
    def expand(self, term: str) -> str:
        return LOCATION if term == "location" else f"x:{term}"


NAMES = Names()


@pytest.mark.parametrize(
    ("text", "types", "met"),
    [
        ("Building|House", ("House",), True),
        ("Building,House", ("Building", "Tower"), True),
        ("Building,House", ("Tower",), False),
        ("(Home;Vehicle)", ("Vehicle", "Home"), True),
        ("(Home;Vehicle)", ("Vehicle",), False),
        ("(Home;Vehicle)|Motorhome", ("Motorhome",), True),
        ("(Home;Vehicle),Motorhome", ("Home",), False),
        ("(Home)", ("Home",), True),
    ],
)
def test_types(text: str, types: tuple[str, ...], met: bool) -> None:
    expression = parse_types(text, NAMES)
    assert expression is not None
    assert type_test(expression)(tuple(f"x:{name}" for name in types)) is met


def test_all_types() -> None:
    assert parse_types("*", NAMES) is None
    assert Selection(types=parse_types("A,(B;C)", NAMES)).type_names() == frozenset({"x:A", "x:B", "x:C"})
    assert Selection().type_names() is None


@pytest.mark.parametrize("text", ["", "A|", "(A", "A;B", "(A;B", "A)", "((A))", "A B", "*,A", "(A|B)", "A,,B"])
def test_wrong_types(text: str) -> None:
    with pytest.raises(Problem):
        parse_types(text, NAMES)


@pytest.mark.parametrize(
    ("text", "scopes", "met"),
    [
        ("/Madrid", ("/Madrid",), True),
        ("/Madrid", ("Madrid",), True),
        ("/Madrid", ("/Madrid/Gardens",), False),
        ("/Madrid/Gardens/#", ("/Madrid/Gardens",), True),
        ("/Madrid/Gardens/#", ("/Madrid/Gardens/North/Bed1",), True),
        ("/Madrid/Gardens/#", ("/Madrid/Gardens2",), False),
        ("/Madrid/+/North", ("/Madrid/Sights/North",), True),
        ("/Madrid/+/North", ("/Madrid/Sights/South",), False),
        ("/+", ("/Madrid",), True),
        ("/+/#", ("/Madrid/x",), True),
        ("(/Madrid/Districts;/CompanyA)", ("/Madrid/Districts",), False),
        ("(/Madrid/Districts;/CompanyA)", ("/Madrid/Districts", "/CompanyA"), True),
        ("(/Madrid/Districts;/CompanyA)|CompanyB", ("/CompanyB",), True),
        ("(/Madrid/Districts;/CompanyA),/CompanyB", ("/CompanyB",), True),
        ("/#", ("/x",), True),
        ("/#", (), False),
    ],
)
def test_scopes(text: str, scopes: tuple[str, ...], met: bool) -> None:
    assert scope_test(parse_scope(text))(scopes) is met


@pytest.mark.parametrize("text", ["", "/", "//A", "/A/", "/#/A", "/9a", "/a-b", "(/A", "/A;/B", "/A+"])
def test_wrong_scopes(text: str) -> None:
    with pytest.raises(Problem):
        parse_scope(text)


def test_projection() -> None:
    found = parse_projection("id,temperature|observation{humidity,in{speed}}", NAMES)
    assert found.names == {"id", "x:temperature", "x:observation"}
    inner = found.linked("x:observation")
    assert inner is not None
    assert inner.names == {"x:humidity", "x:in"}
    assert found.depth() == 2
    assert "x:temperature" in found
    assert found.linked("x:temperature") is None
    assert parse_names("a,b,a", NAMES) == ("x:a", "x:b")


@pytest.mark.parametrize("text", ["", ",", "a,", "a,,b", "a{", "a{}", "a}", "a,a", "a b", "{a}", "a{b{c}", "1a"])
def test_wrong_projection(text: str) -> None:
    with pytest.raises(Problem):
        parse_projection(text, NAMES)


def entity(urn: str, **values: Any) -> StoredEntity:
    attributes = {f"x:{name}": [{"type": "Property", "value": value}] for name, value in values.items()}
    return StoredEntity(urn, ("x:T",), (), attributes, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")


def ordered(text: str, entities: list[StoredEntity], **options: Any) -> list[str]:
    return [entities[place].urn for place in ordering.sort(parse_order(text, NAMES, **options), entities)]


MIXED = [None, "2026-01-01T00:00:00Z", "2026-01-01", "10:00:00Z", True, [1], {"a": 1}, "text", 5]


def test_mixed_types_are_ranked() -> None:
    entities = [entity(f"e{n}", v=value) for n, value in enumerate(MIXED)] + [entity("none")]
    assert ordered("v", entities) == ["e8", "e7", "e6", "e5", "e4", "e3", "e2", "e1", "e0", "none"]
    assert ordered("v;desc", entities) == ["e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e0", "none"]


def test_keys_follow_one_another_and_ids_decide_last() -> None:
    entities = [entity("d", n="b", a=1), entity("c", n="a", a=1), entity("b", n="a", a=2), entity("a", n="a", a=2)]
    assert ordered("n,a", entities) == ["c", "a", "b", "d"]
    assert ordered("n,a;desc", entities) == ["a", "b", "c", "d"]
    assert ordered("id;desc", entities) == ["d", "c", "b", "a"]


def test_texts_are_in_the_order_of_people() -> None:
    words = ["_a", "-b", "1", "10", "2", "a", "A", "á", "ab", "Äb", "b", "B", "zebra", "Éclair", "éclair", "上海"]
    entities = [entity(word, v=word) for word in words]
    assert ordered("v", entities) == [
        "_a",
        "-b",
        "1",
        "10",
        "2",
        "a",
        "A",
        "á",
        "ab",
        "Äb",
        "b",
        "B",
        "éclair",
        "Éclair",
        "zebra",
        "上海",
    ]
    assert ordered("v", [entity("1", v="B"), entity("2", v="b")], collation="und-u-ks-identic") == ["1", "2"]
    assert ordered("v", [entity("1", v="B"), entity("2", v="b")]) == ["2", "1"]


def test_paths_of_keys() -> None:
    entities = [entity("1", a={"city": "B"}), entity("2", a={"city": "A"}), entity("3", a="x")]
    assert ordered("a[city]", entities) == ["2", "1", "3"]
    entities[0].attributes["x:a"][0]["observedAt"] = "2026-01-01T00:00:00.5Z"
    entities[1].attributes["x:a"][0]["observedAt"] = "2026-01-01T00:00:01Z"
    assert ordered("a.observedAt;desc", entities) == ["2", "1", "3"]


def test_distances() -> None:
    def at(urn: str, lon: float) -> StoredEntity:
        return StoredEntity(
            urn,
            ("x:T",),
            (),
            {LOCATION: [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, 40]}}]},
        )

    entities = [at("near", 8.1), at("far", 9), entity("nowhere"), at("here", 8)]
    assert ordered("location;dist-asc", entities, origin="[8,40]") == ["here", "near", "far", "nowhere"]
    assert ordered("location;dist-desc", entities, origin="[8,40]") == ["far", "near", "here", "nowhere"]
    line = {"origin": "[[9,40],[9,42],[10,45]]", "geometry": "LineString"}
    assert ordered("location;dist-asc", entities, **line) == ["far", "near", "here", "nowhere"]


def test_what_the_database_can_order() -> None:
    assert ordering.order_sql(parse_order("id", NAMES)) == "e.urn ASC"
    assert ordering.order_sql(parse_order("modifiedAt;desc", NAMES)) == "e.changed_at DESC, e.urn ASC"
    assert ordering.order_sql(parse_order("id,name", NAMES)) is None
    assert ordering.attribute_names(parse_order("id,name,a.b", NAMES)) == {"x:name", "x:a"}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("a;up", {}),
        ("a,", {}),
        ("a;", {}),
        ("a;dist-asc", {}),
        ("a;dist-asc", {"origin": "[8]"}),
        ("a;dist-asc", {"origin": "[8,40]", "geometry": "Circle"}),
        ("a{b}", {}),
        ("a", {"collation": "not a tag"}),
        (",".join("abcdefghij"), {}),
    ],
)
def test_wrong_order(text: str, options: dict[str, Any]) -> None:
    with pytest.raises(Problem):
        parse_order(text, NAMES, **options)


@pytest.mark.parametrize(
    "tag", ["und", "und-x-icu", "de-u-co-phonebk", "und-u-ks-identic", "zh-Hans-CN", "en-US-u-ks-level2-kn-true"]
)
def test_collations(tag: str) -> None:
    assert parse_order("a", NAMES, collation=tag).collation == tag


def test_what_a_selection_looks_at() -> None:
    selection = Selection(q=parse_q("a.b>1;(c{d}==2|!e);createdAt>2020-01-01T00:00:00Z", NAMES), attrs=("x:f",))
    assert selection.attribute_names() == {"x:a", "x:c", "x:e", "x:f"}
    assert selection.follows_links()
    assert not Selection(q=parse_q("a", NAMES)).follows_links()
