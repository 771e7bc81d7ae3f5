"""Registrations of any shape: what is read is shown again, looking up misses none, and conflicts do not depend on the order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation import presenting, reading
from onecity.kernel.twin.ngsild.federation.compiling import compiled
from onecity.kernel.twin.ngsild.federation.conflicts import conflicting
from onecity.kernel.twin.ngsild.federation.discovering import places, wanted
from onecity.kernel.twin.ngsild.federation.index import Index
from onecity.kernel.twin.ngsild.federation.registration import DEFAULT_GROUP, GROUPS, OPERATIONS
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.parsing import parse_id_pattern
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.temporal.span import Span

OWN = Context(
    "https://a.example/context",
    {"speed": "https://a.example/speed", "Car": "https://a.example/Car", "ex": "https://e.example/"},
    prefixes=("ex",),
)
URNS = st.sampled_from([f"urn:ngsi-ld:Car:{number}" for number in range(4)])
TYPES = st.sampled_from(["Car", "Bus", "ex:Tram", "https://b.example/Ship"])
NAMES = st.sampled_from(["speed", "brand", "ex:fuel", "https://b.example/mass"])
PATTERNS = st.sampled_from(["Car:[12]$", "^urn", "Bus", "Car:3"])


def several(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, min_size=1, max_size=3, unique=True)


def texts() -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@st.composite
def entity_infos(draw: st.DrawFn) -> dict[str, Any]:
    types = draw(several(TYPES))
    found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    match draw(st.sampled_from(["", "id", "idPattern"])):
        case "id":
            found["id"] = draw(URNS)
        case "idPattern":
            found["idPattern"] = draw(PATTERNS)
    return found


def informations() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {},
        optional={
            "entities": st.lists(entity_infos(), min_size=1, max_size=3),
            "propertyNames": several(NAMES),
            "relationshipNames": several(NAMES),
        },
    ).filter(bool)
    return st.lists(one, min_size=1, max_size=3)


def registrations() -> st.SearchStrategy[dict[str, Any]]:
    interval = st.just({"startAt": "2026-01-01T00:00:00Z"})
    return st.fixed_dictionaries(
        {
            "type": st.just("ContextSourceRegistration"),
            "endpoint": st.just("https://source.example/api"),
            "information": informations(),
        },
        optional={
            "mode": st.sampled_from(["inclusive", "redirect"]),
            "operations": several(st.sampled_from(sorted(OPERATIONS | GROUPS.keys()))),
            "registrationName": texts(),
            "description": texts(),
            "datasetId": several(st.sampled_from(["@none", "urn:d:1", "urn:d:2"])),
            "observationInterval": interval,
            "scope": st.sampled_from(["/a", "/a/b"]) | st.just(["/a", "/c"]),
            "location": st.just({"type": "Point", "coordinates": [1.0, 2.0]}),
            "management": st.just({"timeout": 500, "localOnly": True}),
            "ex:owner": texts(),
            "rank": st.integers(-5, 5),
        },
    )


@given(registrations(), st.sampled_from([CORE, OWN]))
def test_what_is_read_is_shown_again(body: dict[str, Any], context: Context) -> None:
    document = reading.read(body, context)
    assert presenting.document_of("urn:r:1", document, context, trusted=True) == {"id": "urn:r:1"} | body
    assert reading.patched(document, {}, context) == document | {"properties": document.get("properties", {})}
    one = compiled("t", "urn:r:1", document)
    assert len(one.information) == len(body["information"])
    asked = body.get("operations", [DEFAULT_GROUP])
    assert one.operations == frozenset().union(*(GROUPS.get(name, {name}) for name in asked))
    # whole names say the same in every context
    whole = presenting.document_of("urn:r:1", document, Context(), trusted=True)
    assert compiled("t", "urn:r:1", reading.read(whole, Context())) == one


@given(
    st.lists(registrations(), max_size=6),
    st.lists(URNS, max_size=2, unique=True),
    st.none() | PATTERNS,
    st.lists(TYPES, max_size=2, unique=True),
    st.lists(NAMES, max_size=2, unique=True),
)
def test_looking_up_misses_none(
    bodies: list[dict[str, Any]], ids: list[str], pattern: str | None, types: list[str], names: list[str]
) -> None:
    known = [compiled("", f"urn:r:{place}", reading.read(body, OWN)) for place, body in enumerate(bodies)]
    selection = Selection(
        ids=tuple(ids),
        id_pattern=None if pattern is None else parse_id_pattern(pattern),
        types=TypeExpr(tuple((OWN.expand(name),) for name in types)) if types else None,
        attrs=tuple(OWN.expand(name) for name in names),
    )
    asked = wanted(selection, Span())
    every = [one.id for one in known if places(one, asked)]
    found = [one.id for one in Index(known).candidates(selection.ids, asked.type_names()) if places(one, asked)]
    assert found == every
    for one in known:
        whole = places(one, asked)
        assert whole == sorted(set(whole))
        assert all(place < len(one.information) for place in whole)


@given(informations(), st.lists(st.tuples(URNS, several(NAMES)), min_size=1, max_size=2))
def test_a_conflict_is_one_from_both_sides(
    information: list[dict[str, Any]], claims: list[tuple[str, list[str]]]
) -> None:
    base = {"type": "ContextSourceRegistration", "endpoint": "https://source.example"}
    exclusive = compiled(
        "",
        "urn:r:x",
        reading.read(
            base
            | {
                "mode": "exclusive",
                "information": [
                    {"entities": [{"id": urn, "type": "Car"}], "propertyNames": names} for urn, names in claims
                ],
            },
            CORE,
        ),
    )
    redirect = compiled("", "urn:r:y", reading.read(base | {"mode": "redirect", "information": information}, CORE))
    found = conflicting(exclusive, redirect)
    assert conflicting(redirect, exclusive) is found
    assert conflicting(exclusive, exclusive)
    expected = any(
        _speaks_of(one, urn) and (not _names(one) or not _names(one).isdisjoint(names))
        for one in information
        for urn, names in claims
    )
    assert found is expected


def _speaks_of(information: dict[str, Any], urn: str) -> bool:
    if "entities" not in information:
        return True
    return any(
        info["id"] == urn
        if "id" in info
        else "idPattern" not in info or bool(parse_id_pattern(info["idPattern"]).search(urn))
        for info in information["entities"]
    )


def _names(information: dict[str, Any]) -> set[str]:
    return {*information.get("propertyNames", ()), *information.get("relationshipNames", ())}
