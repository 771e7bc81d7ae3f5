"""SM2 through OpenSSL against published vectors, an independent implementation and the openssl command."""

import ctypes.util
import hashlib
import stat
import subprocess
from pathlib import Path

import gmalg
import pytest
from asn1crypto import core, keys
from cryptography.hazmat.primitives import hashes

from onecity.kernel.core.errors import Problem
from onecity.kernel.records.keys import sm2, sm2_openssl
from onecity.kernel.records.keys.sm2_openssl import PrivateKey, PublicKey, Sm2Error, Sm2Unavailable

# GB/T 32918.2-2016 with the recommended curve (GB/T 32918.5-2017, A.2)
X = bytes.fromhex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020")
Y = bytes.fromhex("CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA


class Pair(core.SequenceOf):  # type: ignore[misc]  # asn1crypto ships no types
    _child_spec = core.Integer


def info_of(point: bytes) -> bytes:
    """SubjectPublicKeyInfo by hand: SEQUENCE { SEQUENCE { id-ecPublicKey, SM2 curve }, BIT STRING }."""
    return bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200") + point


def point_of(info: bytes) -> bytes:
    return bytes(keys.PublicKeyInfo.load(info)["public_key"].contents[1:])


def test_the_published_signature_verifies_and_no_other() -> None:
    public = PublicKey(info_of(b"\x04" + X + Y))
    signature = bytes(Pair([R, S]).dump())
    assert public.verify(b"message digest", signature)
    assert not public.verify(b"message digesu", signature)
    assert not public.verify(b"message digest", signature, b"1234567812345679")
    assert not public.verify(b"message digest", bytes(Pair([R, S + 1]).dump()))
    assert not public.verify(b"message digest", b"no DER at all")
    assert not public.verify(b"message digest", b"")


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_published_digests(data: bytes, digest: str) -> None:
    ours = hashes.Hash(hashes.SM3())
    ours.update(data)
    assert ours.finalize().hex() == digest


def test_an_independent_implementation_verifies_ours_and_we_verify_its() -> None:
    private = PrivateKey.generate()
    other = gmalg.SM2(pk=point_of(private.info), uid=sm2_openssl.DEFAULT_ID)
    r, s = (int.from_bytes(part, "big") for part in split(private.sign(b"seal")))
    assert other.verify(b"seal", r.to_bytes(32, "big"), s.to_bytes(32, "big"))
    assert not other.verify(b"sea1", r.to_bytes(32, "big"), s.to_bytes(32, "big"))

    secret, point = gmalg.SM2().generate_keypair()
    r2, s2 = gmalg.SM2(secret, sm2_openssl.DEFAULT_ID, point).sign(b"seal")
    theirs = bytes(Pair([int.from_bytes(r2, "big"), int.from_bytes(s2, "big")]).dump())
    assert PublicKey(info_of(point)).verify(b"seal", theirs)
    assert not PublicKey(info_of(point)).verify(b"sea1", theirs)


def split(signature: bytes) -> tuple[bytes, bytes]:
    pair = Pair.load(signature)
    return int(pair[0].native).to_bytes(32, "big"), int(pair[1].native).to_bytes(32, "big")


def test_the_openssl_command_verifies_ours(tmp_path: Path) -> None:
    private = PrivateKey.generate()
    (tmp_path / "key.der").write_bytes(private.info)
    (tmp_path / "data").write_bytes(b"seal")
    (tmp_path / "signature").write_bytes(private.sign(b"seal"))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin"]
    command += ["-in", "data", "-digest", "sm3", "-sigfile", "signature", "-pkeyopt", "distid:1234567812345678"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=20)
    assert done.stdout.strip() == b"Signature Verified Successfully"


def test_a_key_file_is_its_owners_alone_and_gives_the_same_key_again(settings: object, tmp_path: Path) -> None:
    settings.ONECITY_HOME = tmp_path  # type: ignore[attr-defined]  # pytest-django's fixture
    made = sm2.make_key("office")
    path = tmp_path / "secrets" / "seals" / "office.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["office.pem"]
    before = hashlib.sha256(path.read_bytes()).digest()
    sm2._opened.clear()
    again = sm2.open_key("software:office")
    assert again.public_key == made.public_key == sm2.make_key("office").public_key
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert PublicKey(again.public_key).verify(b"x", made.sign(b"x"))


def test_a_key_file_that_others_can_read_is_refused(settings: object, tmp_path: Path) -> None:
    settings.ONECITY_HOME = tmp_path  # type: ignore[attr-defined]  # pytest-django's fixture
    sm2.make_key("office")
    (tmp_path / "secrets" / "seals" / "office.pem").chmod(0o644)
    sm2._opened.clear()
    with pytest.raises(Problem) as refusal:
        sm2.open_key("software:office")
    assert refusal.value.code == "seal-key-readable"


@pytest.mark.parametrize("reference", ["software:none", "pkcs11:token-1"])
def test_a_key_that_is_not_here_is_said_to_be_missing(settings: object, tmp_path: Path, reference: str) -> None:
    settings.ONECITY_HOME = tmp_path  # type: ignore[attr-defined]  # pytest-django's fixture
    with pytest.raises(Problem) as refusal:
        sm2.open_key(reference)
    assert refusal.value.code == "no-seal-key"
    assert reference in str(refusal.value)


def test_a_name_cannot_leave_the_folder(settings: object, tmp_path: Path) -> None:
    settings.ONECITY_HOME = tmp_path  # type: ignore[attr-defined]  # pytest-django's fixture
    for name in ("../../django", "a/b", "", "A"):
        with pytest.raises(ValueError, match="small letters"):
            sm2.make_key(name)
    assert list(tmp_path.iterdir()) == []


def test_private_keys_are_wiped_from_the_callers_buffer_and_foreign_keys_refused() -> None:
    pem = PrivateKey.generate().to_pem()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    PrivateKey.from_pem(pem)
    assert not any(pem)
    damaged = bytearray(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(Sm2Error):
        PrivateKey.from_pem(damaged)
    assert not any(damaged)
    with pytest.raises(Sm2Error):
        PublicKey(b"\x30\x00")


def test_a_machine_without_sm2_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2_openssl, "LIBRARIES", ("libcrypto.so.0",))
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
    sm2_openssl._library.cache_clear()
    try:
        assert "no OpenSSL was found" in sm2_openssl.why_unavailable()
        with pytest.raises(Sm2Unavailable):
            PrivateKey.generate()
        with pytest.raises(Problem) as refusal:
            sm2.require_sm2()
        assert (refusal.value.code, refusal.value.status) == ("no-sm2", 501)
    finally:
        sm2_openssl._library.cache_clear()


def test_two_libraries_of_the_process_do_not_share_an_error_queue() -> None:
    private = PrivateKey.generate()
    assert not PublicKey(private.info).verify(b"x", b"\x30\x03\x02\x01\x01")
    assert PublicKey(private.info).verify(b"x", private.sign(b"x"))
