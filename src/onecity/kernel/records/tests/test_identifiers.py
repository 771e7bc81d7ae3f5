"""Identifiers against the vectors of real and synthetic certificates, and against every single slip of a hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.records import identifiers
from onecity.kernel.records.identifiers import CertificateNumber

VALID = [
    "1.2.156.3005.2.11100000000013338W011.11110000000021135M.20230329701.003.Y",
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
    "1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N.TEST0001.001.F",
    "1.2.156.3005.2.11990000MA0000001K002.11990000MA0000002N.20990101000001.003.5",
    "1.2.156.3005.2.11990000MA0000001K003.11990000MA0000002N.A.010.G",
]


@pytest.mark.parametrize("text", VALID)
def test_known_identifiers_are_read_and_written_the_same(text: str) -> None:
    report = identifiers.read(text)
    assert report.faults == ()
    assert str(report.number) == text
    assert identifiers.parse(f" {text.lower()} ") == report.number


def test_the_parts_are_what_the_standard_says() -> None:
    assert identifiers.parse(VALID[3]) == CertificateNumber(
        "11990000MA0000001K", "002", "11990000MA0000002N", "20990101000001", 3
    )


def test_two_swapped_digits_are_found() -> None:
    report = identifiers.read("1.2.156.3005.2.11100000000013338W011.11110000000021135M.20230329710.003.Y")
    assert [fault.code for fault in report.faults] == ["check"]
    assert report.number is not None
    assert str(report.number).endswith(".I")


def test_a_made_up_sample_is_reported_not_crashed_on() -> None:
    wrong = VALID[0][:-1] + "M"
    assert [fault.code for fault in identifiers.read(wrong).faults] == ["check"]
    with pytest.raises(ValueError, match=r"no certificate number: check$"):
        identifiers.parse(wrong)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "root"),
        ("1.2.156.3005.3.X", "root"),
        ("1.2.156.3005.2.A.B", "parts"),
        ("1.2.156.3005.2." + "9" * 300, "length"),
        ("1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N..001.F", "serial"),
        ("1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N.T-1.001.F", "serial"),
        ("1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N.T1.1.F", "version"),
        ("1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N.T1.٠٠١.F", "version"),
        ("1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002.T1.001.F", "issuer"),
        ("1.2.156.3005.2.11990000MA0000001K1.11990000MA0000002N.T1.001.F", "type"),
        ("1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N.T1.001.FF", "check-form"),
        ("1.2.156.3005.2.1199000OMA0000001K001.11990000MA0000002N.T1.001.F", "uscc-letters"),
        ("1.2.156.3005.2.11990000MA000000K1001.11990000MA0000002N.T1.001.F", "uscc-check"),
    ],
)
def test_each_fault_is_named(text: str, code: str) -> None:
    assert code in [fault.code for fault in identifiers.read(text).faults]


@pytest.mark.parametrize(
    "code", ["11370800MB28559184", "11110000000021135M", "11990000MA0000001K", "11990000MA0000002N"]
)
def test_social_credit_codes_check(code: str) -> None:
    assert identifiers.is_uscc(code)
    swapped = code[:-2] + code[-1] + code[-2]
    assert swapped == code or not identifiers.is_uscc(swapped)
    assert not identifiers.is_uscc(code.lower())
    assert not identifiers.is_uscc(code + "0")


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=60), st.data())
def test_every_single_wrong_character_is_found(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ").filter(lambda c: c != text[place]))
    changed = text[:place] + other + text[place + 1 :]
    assert identifiers.check_character(changed) != identifiers.check_character(text)


@given(st.text(max_size=120))
def test_reading_never_raises(text: str) -> None:
    identifiers.read(text)
    identifiers.uscc_faults(text)
