"""Certificates with SM2 keys: the chain, the dates, the purpose, the status; and time stamps over what they claim."""

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from onecity.kernel.records.seals import der, sm2_certificates, time_stamps, trust
from onecity.kernel.records.seals.sm2_certificates import Usage
from onecity.kernel.records.seals.tests.authorities import DAY, NOW, Party, party, world
from onecity.kernel.records.seals.trust import Checked, Trust


def check(
    who: Party, trusted: Trust, *, at: dt.datetime = NOW, usage: Usage = "sign", proven: bool = True
) -> tuple[str, str]:
    found = trust.check(who.certificate, trusted, at=at, usage=usage, proven=proven)
    return found.outcome, found.cause


def test_a_good_certificate_is_ok_and_each_thing_wrong_has_its_name() -> None:
    here = world()
    assert trust.check(here.office.certificate, here.trust, at=NOW, usage="sign", proven=True) == Checked(
        "ok", "", "测试根"
    )
    assert check(here.clock, here.trust, usage="time") == ("ok", "")
    assert check(here.office, here.trust, at=NOW + 365 * DAY) == ("failed", "expired")
    assert check(here.office, here.trust, at=NOW - 2 * DAY) == ("failed", "not_yet_valid")
    assert check(here.office, here.trust, usage="time") == ("failed", "wrong_usage")
    assert check(here.office, Trust((world().maker.certificate,))) == ("failed", "no_anchor")
    assert check(here.office, Trust((here.root.certificate,))) == ("not_checked", "no_status")
    assert check(Party(here.office.key, b"\x30\x00"), here.trust) == ("failed", "unreadable")


def test_an_office_cannot_issue_certificates() -> None:
    here = world()
    forged = party("冒名", "sign", here.office.signer)
    between = Trust(here.trust.anchors, (here.office.certificate,), here.trust.revocation_lists)
    assert check(forged, between) == ("failed", "not_an_authority")


def test_an_authority_in_between_carries_the_chain() -> None:
    here = world()
    middle = party("测试中级", "authority", here.root.signer)
    leaf = party("测试末级", "sign", middle.signer)
    lists = sm2_certificates.revocation_list(middle.signer, {}, at=NOW - DAY, until=NOW + DAY, number=1)
    trusted = Trust(here.trust.anchors, (middle.certificate,), (*here.trust.revocation_lists, lists))
    assert check(leaf, trusted) == ("ok", "")
    assert check(leaf, here.trust) == ("failed", "no_anchor")


def test_a_changed_byte_under_the_signature_breaks_the_chain() -> None:
    here = world()
    changed = bytearray(here.office.certificate)
    place = changed.index("测试机构".encode(), changed.index("测试签章人".encode()) - 60)
    changed[place + 11] ^= 1
    assert check(Party(here.office.key, bytes(changed)), here.trust) == ("failed", "bad_signature")


def test_a_revocation_counts_from_its_time_when_the_time_is_proven_and_always_when_it_is_claimed() -> None:
    here = world()
    serial = sm2_certificates.read(here.office.certificate).serial
    lists = sm2_certificates.revocation_list(here.root.signer, {serial: NOW}, at=NOW, until=NOW + DAY, number=2)
    trusted = Trust(here.trust.anchors, (), (lists,))
    assert check(here.office, trusted, at=NOW) == ("failed", "revoked")
    assert check(here.office, trusted, at=NOW - DAY / 2) == ("ok", "")
    assert check(here.office, trusted, at=NOW - DAY / 2, proven=False) == ("failed", "revoked")
    assert check(here.stranger, trusted) == ("ok", "")
    assert check(here.stranger, trusted, at=NOW + 2 * DAY) == ("not_checked", "no_status")


def test_a_list_of_revocations_that_another_signed_says_nothing() -> None:
    here = world()
    other = party("测试根", "authority", None, days=3650)
    lists = sm2_certificates.revocation_list(other.signer, {}, at=NOW, until=NOW + DAY, number=2)
    assert check(here.office, Trust(here.trust.anchors, (), (lists, b"\x30\x00"))) == ("not_checked", "no_status")


def test_the_openssl_command_accepts_the_chain_and_the_list(tmp_path: Path) -> None:
    here = world()
    (tmp_path / "root.der").write_bytes(here.root.certificate)
    (tmp_path / "leaf.der").write_bytes(here.office.certificate)
    (tmp_path / "list.der").write_bytes(here.trust.revocation_lists[0])

    def openssl(*words: str) -> bytes:
        return subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True, check=True, timeout=20).stdout

    openssl("x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem")
    openssl("x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem")
    distinguished = ("-vfyopt", "distid:1234567812345678", "-attime", str(int(NOW.timestamp())))
    assert openssl("verify", *distinguished, "-CAfile", "root.pem", "leaf.pem") == b"leaf.pem: OK\n"
    assert b"SM2-with-SM3" in openssl("crl", "-inform", "DER", "-in", "list.der", "-noout", "-text")


@pytest.mark.parametrize("signature", [b"\x11" * 64, b"\x00" * 64])
def test_plain_r_and_s_become_der(signature: bytes) -> None:
    made = sm2_certificates.as_der(signature)
    assert made[0] == 0x30
    assert len(made) == made[1] + 2
    assert sm2_certificates.as_der(made) == made


def test_a_plain_signature_of_a_device_verifies_like_the_der_one() -> None:
    here = world()
    signature = here.office.key.sign(b"data")
    parts = der.fields(der.node(signature), "signature")
    plain = b"".join(der.integer(part, "n").to_bytes(32, "big") for part in parts)
    assert sm2_certificates.read(here.office.certificate).verifies(b"data", plain)
    assert not sm2_certificates.read(here.office.certificate).verifies(b"dat1", plain)


def test_a_time_stamp_proves_its_bytes_at_its_time_and_a_changed_one_nothing() -> None:
    here = world()
    token = here.stamper()(b"signature")
    found = time_stamps.check(token, b"signature", here.trust)
    assert (found.stamped_at, found.covers, found.checked) == (NOW, True, Checked("ok", "", "测试根"))
    assert not time_stamps.check(token, b"signaturf", here.trust).covers
    for place in (token.index(b"20261125"), len(token) - 2):
        changed = bytearray(token)
        changed[place + 1] ^= 1
        assert time_stamps.check(bytes(changed), b"signature", here.trust).checked.outcome == "failed"
    by_office = time_stamps.make(b"signature", here.office.signer, at=NOW, serial=1)
    assert time_stamps.check(by_office, b"signature", here.trust).checked == Checked(
        "failed", "wrong_usage", "测试签章人"
    )
    assert time_stamps.check(b"\x30\x00", b"signature", here.trust).checked.cause == "unreadable"
