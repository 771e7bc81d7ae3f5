"""Whatever is written, a parser answers with a value or with a problem, and what is read can be compiled."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.query import indexing, ordering, parsing, sql
from onecity.kernel.twin.ngsild.query.matching import matcher
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.tests import worlds

NAMES = worlds.Names()
PIECES = [
    "a",
    "b.c",
    "==",
    "!=",
    ">",
    "<=",
    "~=",
    "!~=",
    ";",
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "..",
    ",",
    ".",
    ":",
    "!",
    '"',
    "\\",
    "1",
    "-2.5e3",
]
PIECES += [
    '"x"',
    "true",
    "2020-01-01T00:00:00Z",
    "2020-01-01",
    "12:00:00Z",
    "urn:a:b",
    "*",
    "+",
    "#",
    "/",
    "desc",
    "dist-asc",
    "observedAt",
    " ",
    "é中",
    "[0-9]+",
    "(?i)",
    "\x00",
]
TEXT = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))


def compiled(selection: Selection) -> None:
    where = sql.compile(selection, {"a"}, prefilter=indexing.prefilter({"a", "b"}))
    assert where.sql.count("%s") == len(where.params)
    matcher(selection)


def read_q(text: str) -> None:
    compiled(Selection(q=parsing.parse_q(text, NAMES, expand_values=["a"])))


def read_order(text: str) -> None:
    ordering.order_sql(parsing.parse_order(text, NAMES, origin="[1,2]"))


READERS: dict[str, Callable[[str], object]] = {
    "q": read_q,
    "type": lambda text: compiled(Selection(types=parsing.parse_types(text, NAMES))),
    "scope": lambda text: compiled(Selection(scope=parsing.parse_scope(text))),
    "idPattern": lambda text: compiled(Selection(id_pattern=parsing.parse_id_pattern(text))),
    "pick": lambda text: parsing.parse_projection(text, NAMES),
    "attrs": lambda text: compiled(Selection(attrs=parsing.parse_names(text, NAMES))),
    "order": read_order,
    "coordinates": lambda text: compiled(Selection(geo=parsing.parse_geo("within", "Polygon", text, "", NAMES))),
    "georel": lambda text: compiled(Selection(geo=parsing.parse_geo(text, "Point", "[1,2]", "", NAMES))),
    "geometry": lambda text: parsing.parse_geometry(text, "[1,2]"),
    "collation": lambda text: parsing.parse_order("a", NAMES, collation=text),
}


@pytest.mark.parametrize("reader", list(READERS))
@settings(deadline=None)
@given(text=TEXT)
def test_only_problems(reader: str, text: str) -> None:
    try:
        READERS[reader](text)
    except Problem as problem:
        assert (problem.status, bool(str(problem))) == (400, True)  # noqa: PT017 - any problem must be one of the client


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=30,
)


@settings(deadline=None)
@given(
    kind=st.sampled_from(
        [
            "Point",
            "MultiPoint",
            "LineString",
            "MultiLineString",
            "Polygon",
            "MultiPolygon",
            "GeometryCollection",
            "Circle",
        ]
    ),
    coordinates=JSON,
)
def test_only_problems_for_coordinates(kind: str, coordinates: object) -> None:
    try:
        parsing.parse_geometry(kind, coordinates)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017 - as above


def test_deep_json_is_refused() -> None:
    with pytest.raises(Problem):
        parsing.parse_geometry("Polygon", "[" * 100_000)
