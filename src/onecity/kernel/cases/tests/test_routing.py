"""A case goes to the body that its type, its severity and its place say, whatever the depth of the tree."""

import uuid

import pytest

from onecity.kernel.cases.logic.definition import Route
from onecity.kernel.cases.logic.routing import Body, Destination, ancestors, choose

D, T, A, V = "adm/1/", "adm/1/2/", "adm/1/2/3/", "adm/1/2/3/4/"
LEVELS = {D: "district", T: "town", A: "area", V: "village"}
IDS = {name: uuid.UUID(int=n) for n, name in enumerate(["audit", "centre", "ecology", "town", "area"], 1)}
BODIES = [
    Body(IDS["audit"], "audit", D),
    Body(IDS["centre"], "centre", D, frozenset({"operator"})),
    Body(IDS["ecology"], "ecology", D, frozenset({"handler"})),
    Body(IDS["town"], "town", T),
    Body(IDS["area"], "area", A, frozenset({"handler"})),
]


def test_ancestors() -> None:
    assert ancestors(V) == (V, A, T, D)
    assert ancestors("adm/1/") == ("adm/1/",)
    assert ancestors("") == ()


@pytest.mark.parametrize(
    ("routes", "severity", "expected"),
    [
        ([Route(organisation="ecology")], "", Destination(IDS["ecology"])),
        ([Route(organisation="nobody"), Route(level="town")], "", Destination(IDS["town"])),
        ([Route(level="town", role="handler")], "", Destination(IDS["town"], "handler")),
        ([Route(level="district", role="operator")], "", Destination(IDS["centre"], "operator")),
        ([Route(level="district")], "", Destination(IDS["centre"])),
        ([Route(level="province")], "", Destination(IDS["area"])),
        ([Route(role="handler")], "", Destination(IDS["area"], "handler")),
        ([Route(level="district", role="operator", severities=("red",)), Route(level="town")], "red",
         Destination(IDS["centre"], "operator")),
        ([Route(level="district", role="operator", severities=("red",)), Route(level="town")], "blue",
         Destination(IDS["town"])),
        ([], "", Destination(IDS["area"])),
    ],
)  # fmt: skip
def test_destinations(routes: list[Route], severity: str, expected: Destination) -> None:
    assert choose(routes, V, severity, LEVELS, BODIES) == expected
    assert choose(routes, V, severity, LEVELS, reversed(BODIES)) == expected


def test_nobody() -> None:
    assert choose([Route(level="town")], V, "", LEVELS, []) == Destination(None)
    assert choose([Route(level="town")], "adm/9/", "", LEVELS, BODIES) == Destination(None)
