"""The search: what people type finds what they look for, measured on queries that were not looked at while it was made."""

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.domains.services.items import finding, shipped
from onecity.domains.services.items.logic import letters, reading, search
from onecity.domains.services.items.logic.search import Document, Field, Index
from onecity.domains.services.items.models import Sort

QUERIES = json.loads((Path(__file__).parent / "queries.json").read_text(encoding="utf-8"))


@cache
def index() -> Index:
    contents = shipped.contents()
    items = {one.code: reading.read(one.data) for one in contents if one.sort == Sort.ITEM}
    bundles = {one.code: reading.read_bundle(one.data) for one in contents if one.sort == Sort.BUNDLE}
    return search.build(finding.documents(items, bundles), finding.synonyms())


def shares(queries: list[tuple[str, str]]) -> tuple[float, float]:
    """How often the first, and one of the first three, is what was looked for."""
    found = [([hit.key for hit in search.search(index(), query, 3)], wanted.split()) for query, wanted in queries]
    first = sum(bool(hits) and hits[0] in wanted for hits, wanted in found)
    three = sum(any(hit in wanted for hit in hits) for hits, wanted in found)
    return first / len(found), three / len(found)


def test_everyday_words_find_what_is_meant() -> None:
    assert len(QUERIES["held_out"]) >= 150
    assert not {query for query, _wanted in QUERIES["held_out"]} & {query for query, _wanted in QUERIES["tuning"]}
    first, three = shares(QUERIES["held_out"])
    assert first >= 0.84
    assert three >= 0.95


@cache
def small() -> Index:
    return search.build(
        [
            Document("permit", (Field("name", "居住证申领", 6.0), Field("name", "Residence permit", 6.0))),
            Document("card", (Field("name", "社会保障卡申领", 6.0), Field("word", "社保卡", 5.0))),
            Document("birth", (Field("name", "出生登记（新生儿落户）", 6.0),)),
        ],
        {"上户口": ["出生登记", "落户"]},
    )


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("怎么办居住证", "permit"), ("居主证", "permit"), ("jzz", "permit"), ("residense permit", "permit"), ("RESIDENCE　permits", "permit"),
        ("社保卡丢了", "card"), ("sbk", "card"), ("给孩子上户口", "birth"), ("新生儿", "birth"),
    ],
)  # fmt: skip
def test_words_synonyms_letters_and_slips(query: str, key: str) -> None:
    assert search.search(small(), query)[0].key == key


def test_what_is_nowhere_finds_nothing() -> None:
    assert search.search(small(), "火星旅行") == []
    assert search.search(small(), "") == []
    assert search.search(small(), "？！…") == []


def test_the_reason_is_the_text_that_matched() -> None:
    hit = search.search(small(), "我的社保卡")[0]
    assert (hit.text, hit.kind, hit.spans) == ("社保卡", "word", ((0, 3),))
    assert search.spans("居住证申领", ["居住", "住证"]) == ((0, 3),)


def test_letters_come_from_the_order_of_the_character_set() -> None:
    assert letters.initials("居住证社会保障卡") == "jzzshbzk"
    assert letters.initials("A1㐀é") == "a1"


@given(st.text(max_size=200))
def test_no_query_breaks_it(query: str) -> None:
    for hit in search.search(small(), query):
        assert hit.score > 0
        assert all(0 <= begin < end <= len(hit.text) for begin, end in hit.spans)
