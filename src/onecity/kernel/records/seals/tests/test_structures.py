"""Seals and stamps of the three versions, written by us, by hand and by an independent signer; whatever does not fit is refused."""

import datetime as dt
from functools import cache

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.records.keys.sm2_openssl import DEFAULT_ID
from onecity.kernel.records.seals import der, making, reading, sm2_certificates
from onecity.kernel.records.seals.der import StructureError
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.tests import hand
from onecity.kernel.records.seals.tests.authorities import DAY, NOW, PNG, Party, world


def point(party: Party) -> bytes:
    return der.bits(der.fields(der.node(party.key.info), "key")[1], "point")


def independent(party: Party, data: bytes, signature: bytes) -> bool:
    """The same question asked of another implementation of SM2."""
    r, s = (der.integer(part, "number").to_bytes(32, "big") for part in der.fields(der.node(signature), "signature"))
    return bool(gmalg.SM2(pk=point(party), uid=DEFAULT_ID).verify(data, r, s))


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("by_digest", [False, True])
def test_what_is_written_is_read_again_and_verifies_elsewhere(version: int, by_digest: bool) -> None:
    here = world()
    raw = here.seal(version, by_digest=by_digest)
    seal = reading.read_seal(raw)
    assert (seal.version, seal.info.version, seal.raw) == (version, version, raw)
    assert (seal.info.name, seal.info.number, seal.info.kind) == ("测试区市场监督管理局", "TEST-0001", 1)
    assert (seal.info.created_at, seal.info.valid_from, seal.info.valid_until) == (
        NOW - DAY,
        NOW - DAY,
        NOW + 364 * DAY,
    )
    assert seal.info.picture == reading.Picture("png", PNG, 42, 42)
    assert seal.info.certificates == (() if by_digest else (here.office.certificate,))
    assert seal.info.digests == ((("SM3", sm3(here.office.certificate)),) if by_digest else ())
    assert independent(here.maker, seal.signed, seal.signature)
    assert (seal.time_stamp is not None) == (version == 5)

    stamp = reading.read_stamp(
        making.make_stamp(
            raw,
            digest=sm3(b"Signature.xml"),
            property_info="/Doc_0/Signs/Sign_0/Signature.xml",
            signed_at=NOW,
            signer=here.office.signer,
            stamper=here.stamper(),
        )
    )
    assert (stamp.version, stamp.seal.raw, stamp.claimed_at) == (version, raw, NOW)
    assert stamp.digest == sm3(b"Signature.xml")
    assert stamp.property_info == "/Doc_0/Signs/Sign_0/Signature.xml"
    assert independent(here.office, stamp.signed, stamp.signature)
    assert stamp.time_stamp is not None


def seal_v1(*, generalized: bool = False) -> bytes:
    here = world()
    info = hand.seal_info_v1([here.office.certificate], PNG, generalized=generalized)
    certificate = hand.octets(here.maker.certificate)
    signature = here.maker.key.sign(hand.seq(info, certificate, hand.SM2_WITH_SM3))
    return hand.seq(info, hand.seq(certificate, hand.SM2_WITH_SM3, hand.bits(signature)))


def stamp_v1(seal: bytes, time: bytes, digest: bytes = b"\x01" * 32) -> bytes:
    here = world()
    tbs = hand.seq(
        hand.number(1),
        seal,
        hand.bits(time),
        hand.bits(digest),
        hand.ia5("/Doc_0/Signs/Sign_0/Signature.xml"),
        hand.octets(here.office.certificate),
        hand.SM2_WITH_SM3,
    )
    return hand.seq(tbs, hand.bits(here.office.key.sign(tbs)))


@pytest.mark.parametrize("generalized", [False, True])
def test_a_seal_of_the_first_version_is_read_and_its_signed_bytes_are_the_three_fields(generalized: bool) -> None:
    here = world()
    seal = reading.read_seal(seal_v1(generalized=generalized))
    assert (seal.version, seal.info.version, seal.info.name, seal.info.number) == (1, 1, "旧式印章", "V1-0001")
    assert seal.info.valid_from == dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert seal.info.picture.height == 41
    assert seal.info.certificates == (here.office.certificate,)
    assert independent(here.maker, seal.signed, seal.signature)


def test_a_stamp_of_the_first_version_has_a_plain_time_or_a_time_stamp() -> None:
    here = world()
    stamp = reading.read_stamp(stamp_v1(seal_v1(), hand.utc("261125083000Z")))
    assert (stamp.version, stamp.claimed_at, stamp.time_stamp) == (1, NOW, None)
    assert independent(here.office, stamp.signed, stamp.signature)
    token = here.stamper()(b"\x01" * 32)
    stamped = reading.read_stamp(stamp_v1(seal_v1(), token))
    assert (stamped.claimed_at, stamped.time_stamp) == (None, token)


@pytest.mark.parametrize("name", sorted(hand.EXTENSION_READINGS))
def test_extensions_are_read_in_the_three_ways_that_occur(name: str) -> None:
    here = world()
    info = hand.seal_info_v4([here.office.certificate], PNG, hand.EXTENSION_READINGS[name])
    signature = here.maker.key.sign(info)
    raw = hand.seq(info, hand.octets(here.maker.certificate), hand.SM2_WITH_SM3, hand.bits(signature))
    seal = reading.read_seal(raw)
    assert seal.info.extension_reading == name
    assert seal.info.extensions == (
        reading.Extension("1.2.3.4", critical=True, value=b"value"),
        reading.Extension("1.2.3.5", critical=False, value=b""),
    )
    assert seal.signed == info
    assert sm2_certificates.read(seal.certificate).verifies(seal.signed, seal.signature)


@pytest.mark.parametrize(("header", "fields", "version"), [(4, 4, 4), (5, 4, 5), (5, 5, 5)])
def test_the_version_shows_in_the_fields_and_the_header(header: int, fields: int, version: int) -> None:
    here = world()
    info = hand.seal_info_v4([here.office.certificate], PNG, version=header)
    parts = [info, hand.octets(b"c"), hand.SM2_WITH_SM3, hand.bits(b"s"), hand.tlv(0xA0, hand.bits(b"t"))]
    assert reading.read_seal(hand.seq(*parts[:fields])).version == version


def test_a_first_version_seal_is_not_used_for_new_stamps() -> None:
    with pytest.raises(ValueError, match="not written"):
        making.make_stamp(
            seal_v1(), digest=b"", property_info="", signed_at=NOW, signer=world().office.signer, stamper=None
        )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "one element"),
        (b"\x30\x80\x00\x00", "indefinite"),
        (hand.seq(hand.number(1)), "1 fields"),
        (hand.seq(hand.number(1), hand.number(1), hand.number(1)), "3 fields"),
        (hand.number(5), "no SEQUENCE"),
        (hand.seq(hand.number(1)) * 2, "2 found"),
        (b"\x30\x84\xff\xff\xff\xff", "no DER"),
        (bytes(reading.LARGEST + 1), "more than any seal"),
    ],
)
def test_what_is_no_seal_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(StructureError, match=words):
        reading.read_seal(data)


@cache
def sample() -> bytes:
    return world().seal()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_seal_is_read_or_refused_but_never_breaks_the_reader(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(sample())
    for place, value in changes:
        raw[place % len(raw)] = value
    try:
        reading.read_seal(bytes(raw))
    except StructureError:
        return
