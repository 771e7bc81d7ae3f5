"""Documents, moments and answers of Open311: whatever is in them, what comes out can be read."""

import datetime as dt
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.cases.intake.open311.logic import attributes, documents, moments
from onecity.kernel.cases.intake.open311.tests.form import FORM

# what breaks documents: markup, characters that XML has no way to write, halves of characters
ODD = "a1<&>]\"'\0\x0b\x1f\ud800\ufffe\U0001f600 é街\n-:TZ+"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(ODD, max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner),
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"description": st.text(ODD, max_size=20), "lat": st.floats(), "values": st.lists(PLAIN, max_size=2)}
        ),
        max_size=3,
    )
)
def test_any_text_becomes_a_document_that_can_be_read(rows: list[dict[str, Any]]) -> None:
    root = ET.fromstring(documents.write("service_requests", rows, "xml"))  # noqa: S314 - written by us
    assert len(root.findall("request")) == len(rows)
    documents.write("service_requests", rows, "json").decode("utf-8")


@given(st.text(ODD, max_size=20))
def test_no_moment_is_guessed(text: str) -> None:
    try:
        moment = moments.read(text, dt.UTC)
    except ValueError:
        return
    assert moment.tzinfo is not None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([f"attribute[{c}]" for c in ("kinds", "amount", "bags", "x")]),
            st.lists(st.text(ODD, max_size=20)),
        )
    )
)
def test_any_answers_are_read(sent: list[tuple[str, list[str]]]) -> None:
    answers, others = attributes.read(FORM, sent)
    assert set(answers) <= {"kinds", "amount", "bags"}
    assert set(others) <= {"x"}
