"""What is sealed opens for its own row and purpose alone, and fingerprints find equals without telling what they are."""

import pytest

from onecity.kernel.core.sealing import SealBrokenError, Sealer

SEALER = Sealer("the installation's secret", "identities 1")


def test_what_is_sealed_opens_for_its_row() -> None:
    sealed = SEALER.seal(b"990000199001010018", b"row 1")
    assert b"990000" not in sealed
    assert SEALER.open(sealed, b"row 1") == b"990000199001010018"
    assert SEALER.seal(b"x", b"row 1") != SEALER.seal(b"x", b"row 1")


@pytest.mark.parametrize("place", range(0, 40, 3))
def test_one_changed_byte_opens_nothing(place: int) -> None:
    sealed = bytearray(SEALER.seal(b"990000199001010018", b"row 1"))
    sealed[place] ^= 1
    with pytest.raises(SealBrokenError):
        SEALER.open(bytes(sealed), b"row 1")


def test_another_row_another_purpose_and_another_installation_open_nothing() -> None:
    sealed = SEALER.seal(b"x", b"row 1")
    for other, row in (
        (SEALER, b"row 2"),
        (Sealer("the installation's secret", "other 1"), b"row 1"),
        (Sealer("another secret", "identities 1"), b"row 1"),
    ):
        with pytest.raises(SealBrokenError):
            other.open(sealed, row)
    with pytest.raises(SealBrokenError):
        SEALER.open(b"", b"row 1")


def test_a_fingerprint_is_the_same_for_the_same_text_purpose_and_installation_only() -> None:
    mark = SEALER.fingerprint("990000199001010018")
    assert len(mark) == 64
    assert mark == Sealer("the installation's secret", "identities 1").fingerprint("990000199001010018")
    assert mark != Sealer("another secret", "identities 1").fingerprint("990000199001010018")
    assert mark != Sealer("the installation's secret", "other 1").fingerprint("990000199001010018")
