"""Check characters of identity numbers, against known values and every single mistyped character."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core import identity_numbers as numbers


def test_the_example_of_the_standard_is_valid() -> None:
    assert numbers.is_resident_number("11010519491231002X")
    assert numbers.is_resident_number("440524188001010014")
    assert numbers.birth_date("11010519491231002X") == dt.date(1949, 12, 31)
    assert numbers.is_female("11010519491231002X")
    assert not numbers.is_female("440524188001010014")


@pytest.mark.parametrize(
    "code", ["11370800MB28559184", "11110000000021135M", "11990000MA0000001K", "11990000MA0000002N"]
)
def test_credit_codes_that_were_seen_are_valid(code: str) -> None:
    assert numbers.is_credit_code(code)
    assert not numbers.is_credit_code(code[:-2] + code[-1] + code[-2])


@pytest.mark.parametrize(
    "number", ["", "11010519491231002", "110105194912310021", "11010519490231002X", "１1010519491231002X"]
)
def test_what_is_no_resident_number_is_refused(number: str) -> None:
    assert not numbers.is_resident_number(number)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2026, 1, 1)), st.integers(0, 999), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(born: dt.date, order: int, place: int, step: int) -> None:
    first = f"990000{born:%Y%m%d}{order:03d}"
    number = first + numbers.resident_check(first)
    assert numbers.is_resident_number(number)
    if number[place] != "X":
        wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
        assert not numbers.is_resident_number(wrong)


def test_numbers_are_compared_without_spaces_and_shown_without_their_middle() -> None:
    assert numbers.plain(" 110105 1949-1231 002x ") == "11010519491231002X"
    assert numbers.masked("11010519491231002X") == "110***********002X"
