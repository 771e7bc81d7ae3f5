"""The condition of PostgreSQL and the decision in memory are one: over random entities and random selections."""

import json
import random
from typing import Any

import pytest
from django.db import connection

from onecity.kernel.core.ids import new_id
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query import indexing, sql
from onecity.kernel.twin.ngsild.query.language import LOCATION
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.parsing import parse_geo, parse_id_pattern, parse_q, parse_scope, parse_types
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.tests import worlds
from onecity.kernel.twin.ngsild.store.geometry import extent

pytestmark = pytest.mark.django_db
NAMES = worlds.Names()


def store(entities: list[StoredEntity]) -> None:
    rows: list[list[Any]] = []
    for entity in entities:
        place = extent(entity.attributes[LOCATION][0]["value"]) if LOCATION in entity.attributes else None
        rows.append(
            [
                new_id(),
                entity.urn,
                entity.types[0],
                "",
                entity.urn,
                list(entity.types),
                list(entity.scopes),
                json.dumps(entity.attributes),
                place and place.box(),
                entity.expires_at,
                "adm/",
                entity.created_at,
                entity.modified_at,
            ]
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO twin_entity (id, urn, type, key, name, types, scopes, attributes, extent, expires_at, division_path, created_at, changed_at,"
            " properties, public, status) VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::box, %s, %s, %s, %s, '{}', true, 'active')",
            rows,
        )


def found(selection: Selection, **options: Any) -> tuple[set[str], bool]:
    where = sql.compile(selection, **options)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT e.urn FROM twin_entity e WHERE {where.sql}", where.params)  # noqa: S608 - the condition has parameters only
        return {urn for (urn,) in cursor.fetchall()}, where.exact


@pytest.fixture
def world() -> dict[str, StoredEntity]:
    rng = random.Random(2026)
    entities = [worlds.entity(rng, urn) for urn in worlds.URNS] + [
        worlds.entity(rng, f"urn:ngsi-ld:F:{n}") for n in range(160)
    ]
    store(entities)
    return {entity.urn: entity for entity in entities}


@pytest.mark.parametrize("seed", range(6))
def test_q(world: dict[str, StoredEntity], seed: int) -> None:
    rng = random.Random(seed)
    hits = 0
    for _turn in range(250):
        text = worlds.query(rng) if seed else worlds.condition(rng)
        selection = Selection(q=parse_q(text, NAMES))
        got, exact = found(selection)
        expected = {urn for urn, entity in world.items() if matches(selection, entity, world.get)}
        assert exact
        assert got == expected, (
            text,
            [world[urn].attributes for urn in sorted(got ^ expected)[:1]],
            len(got),
            len(expected),
        )
        hits += 0 < len(expected) < len(world)
    assert hits > 100


def test_types_scopes_ids(world: dict[str, StoredEntity]) -> None:
    texts = [
        "Car",
        "Car|Bus",
        "(Car;Bus)",
        "(Car;Bus),https://example.org/Tram",
        "(https://example.org/Tram;Bus)|(Car;Bus)",
        "Plane",
    ]
    scopes = ["/A", "A/B", "/A/#", "/+/B", "/A/+/C", "/#", "(/A;/D/B)", "(/A/#;/中/B)|/D/B,/A/B", "/X"]
    patterns = ["E:[0-9]$", "^urn:ngsi-ld:F:1.*", "^E", "urn:ngsi-ld:E:[0-9]+", "(E|F):3?7$"]
    selections = [Selection(types=parse_types(text, NAMES)) for text in texts]
    selections += [Selection(scope=parse_scope(text)) for text in scopes]
    selections += [Selection(id_pattern=parse_id_pattern(text)) for text in patterns]
    selections += [Selection(ids=("urn:ngsi-ld:E:3", "urn:nowhere")), Selection(attrs=("a", "place")), Selection()]
    for selection in selections:
        got, exact = found(selection)
        assert exact
        assert got == {urn for urn, entity in world.items() if matches(selection, entity)}


def test_prefilter_changes_nothing(world: dict[str, StoredEntity]) -> None:
    rng = random.Random(7)
    served = 0
    for _turn in range(300):
        selection = Selection(q=parse_q(worlds.query(rng), NAMES))
        served += bool(indexing.advise(selection))
        assert found(selection, prefilter=indexing.prefilter(worlds.NAMES)) == found(selection)
    assert served > 30


def test_index_serves_the_condition(world: dict[str, StoredEntity]) -> None:
    selection = Selection(q=parse_q("a>10", NAMES))
    (advice,) = indexing.advise(selection)
    where = sql.compile(selection, prefilter=indexing.prefilter({"a"}))
    with connection.cursor() as cursor:
        for statement in advice.statements:
            cursor.execute(statement.replace("CONCURRENTLY ", ""))
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT 1 FROM twin_entity e WHERE {where.sql}", where.params)  # noqa: S608 - as above
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"Bitmap Index Scan on {advice.name} " in plan
    assert f"Bitmap Index Scan on {advice.name}_odd" in plan


@pytest.mark.parametrize(
    "relation",
    [
        "within",
        "contains",
        "intersects",
        "equals",
        "disjoint",
        "overlaps",
        "near;maxDistance==3000",
        "near;minDistance==9000",
    ],
)
def test_geo_candidates_hold_every_match(world: dict[str, StoredEntity], relation: str) -> None:
    rng = random.Random(relation)
    hits = 0
    for _turn in range(40):
        shape = (
            worlds.geometry(rng)
            if rng.random() < 0.8
            else rng.choice(list(world.values())).attributes.get(LOCATION, [{"value": worlds.geometry(rng)}])[0][
                "value"
            ]
        )
        selection = Selection(
            geo=parse_geo(relation, shape["type"], shape["coordinates"], rng.choice(["", "place"]), GeoNames())
        )
        got, exact = found(selection)
        expected = {urn for urn, entity in world.items() if matches(selection, entity)}
        assert not exact
        rest = sql.compile(selection).rest
        assert rest is not None
        assert expected == {urn for urn in got if matches(rest, world[urn])}
        hits += len(expected)
    assert hits > 0


def test_a_circle_leaves_its_corners_out_and_nothing_else(world: dict[str, StoredEntity]) -> None:
    rng = random.Random(11)
    hits = saved = 0
    for _turn in range(60):
        centre = [rng.uniform(121.3, 121.7), rng.uniform(30.8, 31.1)]
        metres = rng.choice([1, 50, 3000, 20_000])
        geo = parse_geo(f"near;maxDistance=={metres}", "Point", centre, "", GeoNames())
        where = sql.compile(Selection(types=parse_types("Car|Bus", NAMES), geo=geo, q=parse_q("a>10", NAMES)))
        assert where.near is not None
        assert not where.exact
        inside = run(where.near.sql, where.near.params)
        assert inside & run(where.near.left, where.near.left_params) == run(where.sql, where.params)
        assert run(where.near.walked, where.params) == run(where.sql, where.params)
        expected = {urn for urn, entity in world.items() if matches(Selection(geo=geo), entity)}
        assert expected & run("e.types && %s::text[]", [["Car", "Bus"]]) <= inside
        boxes = run("e.extent && ANY (%s::box[])", [sql._boxes(geo)])
        hits += len(inside)
        saved += len(boxes & run("e.types && %s::text[]", [["Car", "Bus"]])) - len(inside)
    assert hits > 20
    assert saved > 20


def test_an_area_is_answered_by_its_index_alone(world: dict[str, StoredEntity]) -> None:
    geo = parse_geo("near;maxDistance==5000", "Point", [121.5, 31], "", GeoNames())
    near = sql.compile(Selection(types=parse_types("Car", NAMES), geo=geo)).near
    assert near is not None
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN SELECT e.id, e.urn FROM twin_seen e WHERE {near.sql}", near.params)  # noqa: S608 - as above
        assert any("Index Only Scan using entity_by_place" in line for (line,) in cursor.fetchall())
        cursor.execute(f"EXPLAIN SELECT e.id, e.urn FROM twin_seen e WHERE {near.walked}", near.params)  # noqa: S608 - as above
        assert not any("Index Cond: (extent" in line for (line,) in cursor.fetchall())


def run(condition: str, params: list[Any]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT e.urn FROM twin_entity e WHERE {condition}", params)  # noqa: S608 - the condition has parameters only
        return {urn for (urn,) in cursor.fetchall()}


class GeoNames:
    def expand(self, term: str) -> str:
        return LOCATION if term == "location" else term
