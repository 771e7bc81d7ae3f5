"""Random entities and random selections over one small vocabulary, so that they meet often."""

import random
from collections.abc import Callable
from typing import Any

from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import LOCATION

TYPES = ["Car", "Bus", "https://example.org/Tram"]
TEXTS = ["red", "blue", "Grün", "red-hot", "", "a.b", 'quo"te', "中文", "2020-01-01", "12:00:00Z", "urn:x:1", "10"]
NUMBERS: list[Any] = [0, 1, -3, 2.5, 10, 10.0, 1e20, 49.99]
MOMENTS = [
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00.5Z",
    "2020-01-01T00:00:00.123456Z",
    "2021-06-01T12:30:00Z",
    "2020-02-30T00:00:00Z",
]
URNS = [f"urn:ngsi-ld:E:{number}" for number in range(40)]
WORDS = ["Male", "https://example.org/Female"]
NAMES = ["a", "b", "https://example.org/c#x", "na'me"]
SUBS = ["s", "t"]
PATTERNS = [
    "red",
    "^r.*d$",
    "[a-c]+",
    "^$",
    "hot|中",
    "(re?d){1,2}",
    ".",
    r"\d",
    "^[^a]",
    "urn:x:[0-9]",
    "(?i)GRÜN|RED",
]


class Names:
    """An @context that leaves names as they are."""

    def expand(self, term: str) -> str:
        return term


def scalar(rng: random.Random) -> Any:
    return rng.choice([rng.choice(NUMBERS), rng.choice(TEXTS), rng.choice(MOMENTS), rng.random() < 0.5])


def value(rng: random.Random, depth: int = 0) -> Any:
    pick = rng.random()
    if pick < 0.65 or depth > 2:
        return scalar(rng)
    if pick < 0.8:
        return [value(rng, depth + 1) if rng.random() < 0.2 else scalar(rng) for _ in range(rng.randrange(4))]
    if pick < 0.85:
        return {"@type": "DateTime", "@value": rng.choice(MOMENTS)}
    return {key: value(rng, depth + 1) for key in ("x", "y", "en") if rng.random() < 0.6}


def instance(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "Property": lambda: {"value": value(rng)},
        "Relationship": lambda: {"object": rng.choice([rng.choice(URNS), rng.sample(URNS, 2)])},
        "LanguageProperty": lambda: {
            "languageMap": {
                lang: rng.choice([rng.choice(TEXTS), rng.sample(TEXTS, 2)])
                for lang in ("en", "fr", "zh-CN")
                if rng.random() < 0.6
            }
        },
        "VocabProperty": lambda: {"vocab": rng.choice([rng.choice(WORDS), list(WORDS)])},
        "JsonProperty": lambda: {"json": rng.choice([{"x": value(rng)}, [scalar(rng)], scalar(rng)])},
        "ListProperty": lambda: {"valueList": [scalar(rng) for _ in range(rng.randrange(3))]},
        "ListRelationship": lambda: {"objectList": rng.sample(URNS, rng.randrange(3))},
    }
    kind = rng.choices(list(makers), [8, 2, 3, 2, 2, 1, 1])[0]
    found: dict[str, Any] = {
        "type": kind,
        **makers[kind](),
        "createdAt": MOMENTS[0],
        "modifiedAt": rng.choice(MOMENTS[:4]),
    }
    if rng.random() < 0.5:
        found["observedAt"] = rng.choice(MOMENTS[:4])
    if rng.random() < 0.3:
        found["unitCode"] = rng.choice(["CEL", "GQ"])
    if depth < 1:
        for name in SUBS:
            if rng.random() < 0.3:
                found[name] = (
                    instance(rng, depth + 1) if rng.random() < 0.7 else [instance(rng, depth + 1) for _ in range(2)]
                )
    return found


def geometry(rng: random.Random) -> dict[str, Any]:
    x, y = round(rng.uniform(121.3, 121.7), 3), round(rng.uniform(30.8, 31.1), 3)
    w, h = rng.choice([0.01, 0.05, 0.1]), rng.choice([0.01, 0.05])
    ring = [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
    return rng.choice(
        [
            {"type": "Point", "coordinates": [x, y]},
            {"type": "Point", "coordinates": [x, y]},
            {"type": "LineString", "coordinates": [[x, y], [x + w, y + h]]},
            {"type": "Polygon", "coordinates": [ring]},
            {"type": "MultiPoint", "coordinates": [[x, y], [x + w, y]]},
            {"type": "MultiPolygon", "coordinates": [[ring]]},
        ]
    )


def entity(rng: random.Random, urn: str) -> StoredEntity:
    attributes: dict[str, list[dict[str, Any]]] = {}
    for name in NAMES:
        if rng.random() < 0.6:
            instances = [instance(rng)]
            while rng.random() < 0.2:
                instances.append(instance(rng) | {"datasetId": f"urn:d:{len(instances)}"})
            attributes[name] = instances
    if rng.random() < 0.7:
        attributes[LOCATION] = [{"type": "GeoProperty", "value": geometry(rng)}]
    if rng.random() < 0.3:
        attributes["place"] = [{"type": "GeoProperty", "value": geometry(rng)}]
    scopes = rng.sample(["/A", "/A/B", "A/B/C", "/D/B", "/中/B"], rng.randrange(3))
    return StoredEntity(
        urn,
        tuple(rng.sample(TYPES, rng.choice([1, 1, 2]))),
        tuple(scopes),
        attributes,
        rng.choice(MOMENTS[:4]),
        rng.choice(MOMENTS[:4]),
        rng.choice([None, MOMENTS[3]]),
    )


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(rng: random.Random, *, ordered: bool) -> str:
    kinds = [
        lambda: str(rng.choice(NUMBERS)).replace("+", ""),
        lambda: quoted(rng.choice(TEXTS)),
        lambda: rng.choice([*MOMENTS[:4], "2020-01-01T08:00:00+08:00"]),
        lambda: rng.choice(["2020-01-01", "12:00:00Z", "11:00:00.5Z"]),
    ]
    if not ordered:
        kinds += [lambda: rng.choice(["true", "false"]), lambda: rng.choice([*URNS, *WORDS])]
    return rng.choice(kinds)()


def path(rng: random.Random, *, local: bool = False) -> str:
    if rng.random() < 0.08:
        return rng.choice(["createdAt", "modifiedAt", "expiresAt"])
    found = rng.choice([name for name in NAMES if "'" not in name])
    if not local and rng.random() < 0.15:
        hint = rng.choice(["", "Car:", "Car,Bus:"])
        return f"{rng.choice('ab')}{{{hint}{path(rng, local=rng.random() < 0.7)}}}"
    if "://" not in found and rng.random() < 0.3:
        found += "." + rng.choice(SUBS)
    if "://" not in found and rng.random() < 0.2:
        return found + "." + rng.choice(["observedAt", "unitCode", "modifiedAt", "datasetId"])
    if rng.random() < 0.35:
        found += rng.choice(["[x]", "[x.y]", "[en]", "[*]", "[zh-CN]", "[x.x]"])
    return found


def condition(rng: random.Random) -> str:
    where = path(rng)
    pick = rng.random()
    if pick < 0.1:
        return where
    if pick < 0.15:
        return "!" + where
    if pick < 0.4:
        return where + rng.choice([">", ">=", "<", "<="]) + literal(rng, ordered=True)
    if pick < 0.5:
        return where + rng.choice(["~=", "!~="]) + quoted_pattern(rng.choice(PATTERNS))
    operator = rng.choice(["==", "!="])
    if pick < 0.6:
        low, high = rng.choice(
            [("0", "10"), ("-3.5", "2.5"), ('"b"', '"s"'), (MOMENTS[0], MOMENTS[3]), ("2019-01-01", "2020-06-01")]
        )
        return f"{where}{operator}{low}..{high}"
    return where + operator + ",".join(literal(rng, ordered=False) for _ in range(rng.choice([1, 1, 1, 3])))


def quoted_pattern(pattern: str) -> str:
    return '"' + pattern + '"'


def query(rng: random.Random, depth: int = 0) -> str:
    if depth > 2 or rng.random() < 0.6:
        return condition(rng)
    parts = [query(rng, depth + 1) for _ in range(rng.choice([2, 2, 3]))]
    return "(" + rng.choice([";", "|"]).join(parts) + ")"
