"""Terms and IRIs, both ways; the core @context counts last; what JSON-LD of strangers may and may not do."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.core import (
    CORE_BASE,
    CORE_URL,
    DEFAULT_VOCAB,
    NGSI,
    VERSIONS,
    document,
    version_of,
)
from onecity.kernel.twin.ngsild.context.processing import process
from onecity.kernel.twin.ngsild.context.terms import CORE, Context, iri_of, stored_name
from onecity.kernel.twin.ngsild.model.tests.bodies import ANYTHING, refused


@pytest.mark.parametrize(
    ("term", "stored"),
    [
        ("speed", "speed"),
        ("location", f"{NGSI}location"),
        ("description", "http://purl.org/dc/terms/description"),
        ("value", f"{NGSI}hasValue"),
        ("Point", "https://purl.org/geojson/vocab#Point"),
        ("ngsi-ld:x", f"{NGSI}x"),
        (f"{DEFAULT_VOCAB}speed", "speed"),
        ("other:x", "other:x"),
        ("https://x.example/y", "https://x.example/y"),
    ],
)
def test_core_terms(term: str, stored: str) -> None:
    assert CORE.expand(term) == stored
    assert CORE.expand(CORE.compact(stored)) == stored
    assert stored_name(iri_of(stored)) == stored


def test_a_client_s_terms() -> None:
    context = process(
        [
            {
                "ex": "https://example.org/ns#",
                "speed": "ex:speed",
                "velocidad": f"{DEFAULT_VOCAB}speed",
                "mass": {"@id": "ex:mass", "@type": "xsd:double"},
                "kg": "ex:mass",
                "odd": {"@id": "https://example.org/odd/", "@type": "@id"},
                "location": "https://evil.example/",
                "@vocab": "https://evil.example/",
                "nothing": None,
            }
        ],
        "https://example.org/c.jsonld",
    )
    assert context.expand("speed") == "https://example.org/ns#speed"
    assert context.compact("https://example.org/ns#speed") == "speed"
    assert context.compact("speed") == "velocidad"
    assert context.compact("https://example.org/ns#mass") == "kg"
    assert context.compact("https://example.org/ns#height") == "ex:height"
    assert context.expand("location") == f"{NGSI}location"
    assert context.expand("plain") == "plain"
    assert context.expand("odd:x") == "odd:x"
    assert context.expand("nothing") == "nothing"
    assert context.link == "https://example.org/c.jsonld"
    assert CORE.link == process([{"a": "ex:b"}], [{"a": "ex:b"}]).link == CORE_URL


def test_a_bare_name_that_means_something_else_is_written_out() -> None:
    context = process([{"speed": "https://example.org/speed"}], None)
    assert context.compact("speed") == "ngsi-ld:default-context/speed"
    assert context.expand("ngsi-ld:default-context/speed") == "speed"
    assert context.expand(context.compact("speed")) == "speed"


def test_the_last_context_counts() -> None:
    context = process([{"a": "https://x.example/1", "b": "https://x.example/b"}, {"a": "https://x.example/2"}], None)
    assert (context.expand("a"), context.expand("b")) == ("https://x.example/2", "https://x.example/b")


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": 5},
        {"a": {"@id": []}},
        {"a": {"@id": "https://x.example/", "@context": {}}},
        {"@vocab": 3},
        {"@version": 1.0},
        {"a": "b:c", "b": "a:c"},
        {"@import": "https://x.example/"},
        {"@base": 7},
        {"": "https://x.example/"},
        {"a": {"@id": "https://x.example/", "@container": "@foo"}},
        {f"t{i}": "https://x.example/" for i in range(20_001)},
    ],
)
def test_what_is_no_context(wrong: dict[str, Any]) -> None:
    with refused():
        process([wrong], None)


def test_words_that_look_like_keywords_are_ignored() -> None:
    assert process([{"@wrong": "https://x.example/", "b": "@wrong", "c": {"@id": "@wrong"}}], None).expand("c") == "c"


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "a:b", "@vocab", "@base", "@id", "location"]), ANYTHING), max_size=2
    )
)
def test_no_context_ends_in_anything_but_terms_or_a_problem(contexts: list[dict[str, Any]]) -> None:
    try:
        context = process(contexts, contexts)
    except Problem:
        return
    for name in ("a", "b", "a:b", "location", "speed"):
        assert context.expand(context.compact(context.expand(name))) == context.expand(name)


NAMES = st.sampled_from(
    ["a", "b", "speed", "ex:a", "location", "https://x.example/a", f"{DEFAULT_VOCAB}a", "ngsi-ld:location"]
)
IRIS = st.sampled_from(
    ["https://x.example/a", "https://x.example/", f"{DEFAULT_VOCAB}a", f"{NGSI}location", "ex:a", "b", "a"]
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "ex", "speed", "place"]), IRIS), NAMES)
def test_compacting_is_undone_by_expanding(terms: dict[str, str], name: str) -> None:
    try:
        context = process([terms], terms)
    except Problem:
        return
    stored = context.expand(name)
    assert context.expand(context.compact(stored)) == stored


def test_memory_is_bounded() -> None:
    context = Context()
    for index in range(20_000):
        context.expand(f"name{index}")
        context.compact(f"name{index}")
    assert len(context._expanded) <= 8_192
    assert len(context._compacted) <= 8_192


def test_every_version_of_the_core_is_known() -> None:
    for version in VERSIONS:
        assert version_of(f"{CORE_BASE}-v{version}.jsonld") == version
        body = document(version)["@context"]
        assert body["@vocab"] == DEFAULT_VOCAB
        assert body["Property"] == "ngsi-ld:Property"
        assert ("LanguageProperty" in body) == (version >= "1.4")
        assert ("ngsildproof" in body) == (version == "1.9")
    assert version_of(f"{CORE_BASE}.jsonld") == "1.9"
    assert version_of(f"{CORE_BASE}-v1.9.1.jsonld") == "1.9"
    assert version_of("https://example.org/ngsi-ld-core-context-v1.9.jsonld") is None
    assert version_of(f"{CORE_BASE}-vx.jsonld") is None
