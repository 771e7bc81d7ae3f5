"""Our look-ups and the JSON-LD processor agree on what a name means, the core @context being last (4.4, 5.5.7)."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.core import document
from onecity.kernel.twin.ngsild.context.processing import process
from onecity.kernel.twin.ngsild.context.terms import iri_of

TERMS = st.sampled_from(["a", "b", "ex", "ex2", "speed", "location", "status"])
IRIS = st.sampled_from(
    [
        "https://x.example/a",
        "https://x.example/",
        "https://x.example#",
        "https://y.example/ns:",
        "ex:a",
        "ex2:b",
        "urn:z:1",
    ]
)
DEFINITIONS = IRIS | IRIS.map(lambda iri: {"@id": iri}) | IRIS.map(lambda iri: {"@id": iri, "@type": "@id"})
NAMES = st.sampled_from(
    [
        "a",
        "b",
        "ex",
        "speed",
        "location",
        "status",
        "plain",
        "ex:c",
        "ex2:d",
        "a:e",
        "ngsi-ld:f",
        "https://x.example/a",
        "urn:q:1",
    ]
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(TERMS, DEFINITIONS, max_size=4), max_size=2), NAMES)
def test_a_name_means_what_the_processor_says(contexts: list[dict[str, Any]], name: str) -> None:
    try:
        context = process(contexts, contexts)
    except Problem:
        return
    expanded = jsonld.expand({"@context": [*contexts, document()["@context"]], name: {"@value": 1}})
    found = [key for item in expanded for key in item]
    assert found == [iri_of(context.expand(name))]
