"""Selective disclosure and status lists against the examples of their standards."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.records.certificates.logic import kind, sdjwt, serials, statuslist
from onecity.kernel.records.certificates.tests.conftest import RESIDENCE


def test_the_digest_of_the_standards_example() -> None:
    # RFC 9901, 4.2.1 and 4.2.3
    text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert json.loads(sdjwt.decode(text)) == ["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]
    assert sdjwt.digest(text) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


def test_disclosures_have_salts_of_their_own_and_sorted_digests() -> None:
    texts, digests = sdjwt.disclose({"a": 1, "b": 1})
    assert digests == sorted(map(sdjwt.digest, texts))
    salts = [json.loads(sdjwt.decode(text))[0] for text in texts]
    assert len(set(salts)) == 2
    assert all(len(sdjwt.decode(salt)) == 16 for salt in salts)


# draft-ietf-oauth-status-list-18, 4.1
@pytest.mark.parametrize(
    ("states", "width", "data", "packed"),
    [
        ([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], 1, "b9a3", "eNrbuRgAAhcBXQ"),
        ([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], 2, "c944f9", "eNo76fITAAPfAgc"),
    ],
)
def test_the_status_lists_of_the_standard(states: list[int], width: int, data: str, packed: str) -> None:
    bits = bytes.fromhex(data)
    assert [statuslist.get(bits, n, width) for n in range(len(states))] == states
    assert statuslist.claim(bits, width) == {"bits": width, "lst": packed}
    assert statuslist.read({"bits": width, "lst": packed}) == (bits, width)


@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 3)), max_size=30))
def test_a_list_keeps_the_last_state_of_each_place(changes: list[tuple[int, int]]) -> None:
    bits, wanted = statuslist.empty(64), [0] * 64
    for index, status in changes:
        bits, wanted[index] = statuslist.put(bits, index, status), status
    assert [statuslist.get(bits, n) for n in range(64)] == wanted


def test_a_list_that_would_fill_the_memory_is_refused() -> None:
    bomb = statuslist.claim(bytes(5_000_000))
    with pytest.raises(ValueError, match="too long"):
        statuslist.read(bomb)
    with pytest.raises(ValueError, match="compressed"):
        statuslist.read({"bits": 2, "lst": "AAAA"})


@given(st.text(max_size=300))
def test_whatever_is_read_is_read_or_refused_as_malformed(text: str) -> None:
    try:
        sdjwt.parse(text)
    except sdjwt.MalformedError:
        return


@pytest.mark.parametrize(
    "token",
    ["", "~", "a.b.c~", "e30.e30.~", "e30.W10.AA~", "e30.e30=.AA~", "é.e30.AA", "a" * 40_000, "e30.e30.AA~" + "~" * 99],
)
def test_tokens_that_are_none(token: str) -> None:
    if token == "e30.e30.~":
        assert sdjwt.parse(token).signature == b""
        return
    with pytest.raises(sdjwt.MalformedError):
        sdjwt.parse(token)


def test_serials_of_one_key_are_all_different() -> None:
    key = bytes(32)
    made = {serials.serial(count, 2026, key) for count in range(20_000)}
    assert len(made) == 20_000
    assert all(len(one) == 16 and one.startswith("2026") for one in made)
    with pytest.raises(ValueError, match="1000000000000th"):
        serials.serial(serials.SPACE, 2026, key)


@pytest.mark.parametrize(
    ("born", "day", "reached"),
    [
        ("2008-03-01", dt.date(2026, 2, 28), False),
        ("2008-03-01", dt.date(2026, 3, 1), True),
        ("2008-02-29", dt.date(2026, 2, 28), False),
        ("2008-02-29", dt.date(2026, 3, 1), True),
    ],
)
def test_an_age_is_reached_on_the_birthday(born: str, day: dt.date, reached: bool) -> None:
    assert kind.ages(RESIDENCE, {"birthday": born}, day) == {"age_over_18": reached, "age_over_60": False}


def test_months_end_on_their_last_day() -> None:
    assert kind.add_months(dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 28)
    assert kind.add_months(dt.date(2027, 12, 31), 2) == dt.date(2028, 2, 29)
    assert kind.Validity(months=12).last_day(dt.date(2026, 3, 1)) == dt.date(2027, 2, 28)
