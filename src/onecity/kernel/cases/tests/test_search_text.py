"""Chinese text is found by any phrase in it, and nothing typed can break the query."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.cases import listing, service
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.tests.conftest import Town, litter
from onecity.kernel.core import search_text


def test_words() -> None:
    assert search_text.words("井盖破损，A12路灯") == ["井盖", "盖破", "破损", "损", "a12", "路灯", "灯"]
    assert search_text.query("井盖") == "'井盖'"
    assert search_text.query("盖") == "'盖':*"
    assert search_text.query("井盖破损 a1") == "'井盖' & '盖破' & '破损' & 'a1':*"
    assert search_text.query("ＡＢＣ！") == "'abc':*"
    assert search_text.query("' & | !") == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("井盖", True), ("破损", True), ("损", True), ("井", True), ("南桥路 井盖", True), ("A12", True), ("a1", True),
        ("路灯", False), ("盖井", False), ("井盖 路灯", False), ("2号", True), ("!!!", False),
    ],
)  # fmt: skip
def test_found_by_any_phrase(town: Town, text: str, found: bool) -> None:
    case = service.open_case(litter(title="井盖破损", description="位于A12岗亭旁", address="南桥路2号"))
    cases = listing.page(town["handler_a"], Wanted(text=text)).cases
    assert [c.id for c in cases] == ([case.id] if found else [])


def test_found_by_number(town: Town) -> None:
    case = service.open_case(litter())
    for text in (case.number, case.number.split("-")[1], str(int(case.number.split("-")[1])), f" {case.number} "):
        assert [c.id for c in listing.page(town["handler_a"], Wanted(text=text)).cases] == [case.id]
    assert listing.page(town["handler_a"], Wanted(text="2025-000001")).cases == []


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_valid_query(text: str) -> None:
    query = search_text.query(text)
    assert all(part.strip("'").rstrip("':*") for part in query.split(" & ") if query)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["a'b", "a\\b", "'", ":*", "井'盖:*|!", "\u0000x", "𠮷野家", "a:*b", "中\u200b文"])
def test_the_database_reads_what_was_made_of_it(text: str) -> None:
    query = search_text.query(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsquery::text", [query])
        assert (cursor.fetchone()[0] != "") is (query != "")
        cursor.execute("SELECT array_to_tsvector(%s::text[])", [search_text.document(text)])
