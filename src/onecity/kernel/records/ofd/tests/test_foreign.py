"""Packages of other makers: default namespace, relative places, wrapped digests, stamps of the first version and raw signatures."""

import base64
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from onecity.kernel.records.ofd import verifying
from onecity.kernel.records.ofd.tests import stamped as sample
from onecity.kernel.records.seals import der, service
from onecity.kernel.records.seals.digests import digest, sm3
from onecity.kernel.records.seals.report import Report
from onecity.kernel.records.seals.tests import hand
from onecity.kernel.records.seals.tests.authorities import NOW, PNG, world

NAMESPACE = 'xmlns="http://www.ofdspec.org/2016"'
PAGE = f"<Page {NAMESPACE}><Content/></Page>".encode()
BODY = (
    f"<Document {NAMESPACE}><CommonData><MaxUnitID>9</MaxUnitID><PageArea><PhysicalBox>0 0 210 297</PhysicalBox>"
    '</PageArea></CommonData><Pages><Page ID="1" BaseLoc="Pages/P1/Content.xml"/></Pages></Document>'
).encode()
ROOT = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<OFD {NAMESPACE} DocType="OFD" Version="1.1"><DocBody><DocInfo>'
    "<DocID>0</DocID></DocInfo><DocRoot>D/Document.xml</DocRoot><Signatures>D/Signs/List.xml</Signatures></DocBody></OFD>"
).encode()
LIST = (
    f'<Signatures {NAMESPACE}><MaxSignId>s001</MaxSignId><Signature ID="s001" BaseLoc="S1/Signature.xml"/></Signatures>'
).encode()


def description(files: dict[str, bytes], method: str) -> bytes:
    """References with digests broken into lines, as some makers write base64."""
    lines = []
    for name, data in files.items():
        value = base64.b64encode(digest(method, data)).decode()
        lines.append(
            f'<Reference FileRef="/{name}"><CheckValue>\n {value[:20]}\n {value[20:]}\n</CheckValue></Reference>'
        )
    return (
        f'<Signature {NAMESPACE}><SignedInfo><Provider ProviderName="Other"/><SignatureMethod>SM2</SignatureMethod>'
        f'<SignatureDateTime>20261125083000Z</SignatureDateTime><References CheckMethod="{method}">{"".join(lines)}'
        '</References><StampAnnot ID="1" PageRef="1" Boundary="0 0 40 40"/></SignedInfo>'
        "<SignedValue>/D/Signs/S1/Value.dat</SignedValue></Signature>"
    ).encode()


def first_version(data: bytes, time: bytes | None = None, *, plain: bool = False) -> bytes:
    """A stamp of the first version over `data`, by hand; `plain`: signatures as r and s of 32 bytes each."""
    here = world()

    def sign(key: object, content: bytes) -> bytes:
        signature: bytes = key.sign(content)  # type: ignore[attr-defined]  # a private key
        parts = der.fields(der.node(signature), "signature")
        return b"".join(der.integer(part, "n").to_bytes(32, "big") for part in parts) if plain else signature

    info = hand.seal_info_v1([here.office.certificate], PNG)
    certificate = hand.octets(here.maker.certificate)
    made = sign(here.maker.key, hand.seq(info, certificate, hand.SM2_WITH_SM3))
    seal = hand.seq(info, hand.seq(certificate, hand.SM2_WITH_SM3, hand.bits(made)))
    tbs = hand.seq(
        hand.number(1), seal, hand.bits(time or hand.utc("261125083000Z")), hand.bits(sm3(data)), hand.ia5("/D/Signs/S1"),
        hand.octets(here.office.certificate), hand.SM2_WITH_SM3,
    )  # fmt: skip
    return hand.seq(tbs, hand.bits(sign(here.office.key, tbs)))


def package(
    stamp: bytes | None = None, method: str = "1.2.156.10197.1.401", changed: Mapping[str, bytes] = MappingProxyType({})
) -> bytes:
    files = {"OFD.xml": ROOT, "D/Document.xml": BODY, "D/Pages/P1/Content.xml": PAGE}
    described = description(files, method)
    own = {"D/Signs/List.xml": LIST, "D/Signs/S1/Signature.xml": described}
    value = stamp or first_version(described)
    return sample.packed(files | own | {"D/Signs/S1/Value.dat": value} | dict(changed))


def states(report: Report) -> dict[int, str]:
    return {step.number: step.state for step in report.steps if step.state != "ok"}


def verify(data: bytes) -> Report:
    return verifying.verify(data, world().trust, now=NOW)


@pytest.mark.parametrize("method", ["1.2.156.10197.1.401", "SM3", "SHA-256", "2.16.840.1.101.3.4.2.1"])
def test_a_stamp_of_the_first_version_in_another_makers_package_is_verified(method: str) -> None:
    report = verify(package(method=method))
    # the seal of the sample was made before its maker's certificate began, and there is no time stamp
    assert states(report) == {6: "failed", 10: "not_checked"}
    assert (report.stamps[0].identifier, report.stamps[0].version) == ("s001", 1)
    assert (report.stamps[0].seal_name, report.stamps[0].claimed_at) == ("旧式印章", NOW)


def test_signatures_as_devices_give_them_verify_too() -> None:
    described = description(
        {"OFD.xml": ROOT, "D/Document.xml": BODY, "D/Pages/P1/Content.xml": PAGE}, "1.2.156.10197.1.401"
    )
    assert states(verify(package(first_version(described, plain=True)))) == {6: "failed", 10: "not_checked"}


def test_a_time_stamp_inside_a_stamp_of_the_first_version_proves_its_time() -> None:
    described = description(
        {"OFD.xml": ROOT, "D/Document.xml": BODY, "D/Pages/P1/Content.xml": PAGE}, "1.2.156.10197.1.401"
    )
    token = world().stamper()(described)
    report = verify(package(first_version(described, token)))
    assert states(report) == {6: "failed"}
    assert report.stamps[0].proven_at == NOW
    other = verify(package(first_version(described, world().stamper()(b"something else"))))
    assert states(other) == {6: "failed", 8: "not_checked", 9: "not_checked", 10: "failed"}


def test_a_changed_page_of_another_maker_is_named() -> None:
    report = verify(package(changed={"D/Pages/P1/Content.xml": PAGE.replace(b"<Content/>", b"<Content></Content>")}))
    assert states(report) == {1: "failed", 6: "failed", 10: "not_checked"}
    assert "D/Pages/P1/Content.xml" in str(report.steps[0].reason)


def test_a_machine_without_sm2_says_that_it_cannot_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onecity.kernel.records.keys.sm2_openssl.why_unavailable", lambda: "no OpenSSL was found")
    report = service.verify(package())
    assert (report.verdict, report.stamps) == ("invalid", ())
    assert "SM2" in str(report.refusal)
