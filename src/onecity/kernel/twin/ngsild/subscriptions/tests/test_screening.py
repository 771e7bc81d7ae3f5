"""What the screen leaves out never matches, and it leaves out what it is there for."""

import random
from typing import Any

import pytest

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import LOCATION
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.parsing import parse_geo, parse_id_pattern, parse_q
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.tests import worlds
from onecity.kernel.twin.ngsild.subscriptions.screening import Screen

RELATIONS = [
    *("near;maxDistance==5000", "near;minDistance==5000", "within", "contains"),
    *("intersects", "equals", "disjoint", "overlaps"),
]
PREFIXES = [
    "^urn:ngsi-ld:E:1",
    "^urn:ngsi-ld:E:12$",
    "E:2",
    "^urn",
    "(?i)^URN:ngsi-ld:E:3",
    "^(urn|x):ngsi-ld:E:4",
    "^urn:[a-z]",
]


def geo(relation: str, shape: dict[str, Any], name: str = "") -> Selection:
    return Selection(geo=parse_geo(relation, shape["type"], shape["coordinates"], name, CORE))


def selection(rng: random.Random) -> Selection:
    pick = rng.random()
    if pick < 0.6:
        return Selection(q=parse_q(worlds.query(rng), worlds.Names()))
    if pick < 0.85:
        found = geo(rng.choice(RELATIONS), worlds.geometry(rng))
        with_q = Selection(q=parse_q(worlds.condition(rng), worlds.Names()), geo=found.geo)
        return with_q if rng.random() < 0.3 else found
    return Selection(id_pattern=parse_id_pattern(rng.choice(PREFIXES)))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_out_never_matches(seed: int) -> None:
    rng = random.Random(seed)
    selections = [selection(rng) for _ in range(600)]
    screen = Screen(selections)
    met = left_out = 0
    for number in range(100):
        entity = worlds.entity(rng, worlds.URNS[number % len(worlds.URNS)])
        passed = set(screen.passed(entity))
        found = {row for row, one in enumerate(selections) if matches(one, entity)}
        assert found <= passed, [(selections[row], entity) for row in found - passed][:1]
        met += len(found)
        left_out += len(selections) - len(passed)
    assert met > 1_000
    assert left_out > 5_000


def car(**more: Any) -> StoredEntity:
    attributes = {name: [{"type": "Property", "value": value}] for name, value in more.items()}
    return StoredEntity("urn:ngsi-ld:E:7", ("Car",), (), attributes, "t", "t", None)


def test_of_a_thousand_few_pass() -> None:
    numbers = [Selection(q=parse_q(f"a>={n};a<{n + 1};b==true", worlds.Names())) for n in range(1_000)]
    assert Screen(numbers).passed(car(a=500.5)) == [500]
    assert Screen(numbers).passed(car(b=True)) == []
    assert Screen(numbers).passed(car(a=[3, 7.5])) == [2, 3, 4, 5, 6, 7]
    places = [geo("near;maxDistance==500", {"type": "Point", "coordinates": [n / 10, 30]}) for n in range(1_000)]
    entity = car()
    entity.attributes[LOCATION] = [
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [12.3, 30]}},
        {"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[40, 30], [40.1, 30]]}},
    ]
    assert Screen(places).passed(entity) == [123, 400, 401]
    assert Screen(places).passed(car()) == []
    ids = [Selection(id_pattern=parse_id_pattern(f"^urn:ngsi-ld:E:{n}$")) for n in range(1_000)]
    assert Screen(ids).passed(car()) == [7]


@pytest.mark.parametrize(("q", "value"), [("a>1e308", 10**400), ("a==10000000000000001", 10**16 + 1), ("a>=0.1", 0.1)])
def test_numbers_at_the_edge_pass_where_they_match(q: str, value: float) -> None:
    one = Selection(q=parse_q(q, worlds.Names()))
    entity = car(a=value)
    assert matches(one, entity)
    assert Screen([one]).passed(entity) == [0]
