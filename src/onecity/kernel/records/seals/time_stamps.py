"""Time stamps with SM2 and SM3: RFC 3161 tokens (GB/T 20520-2006), which prove that a signature existed at a time."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asn1crypto import algos, cms, core, tsp, x509

from onecity.kernel.records.seals import der, oids, sm2_certificates, trust
from onecity.kernel.records.seals.der import StructureError
from onecity.kernel.records.seals.digests import digest, sm3
from onecity.kernel.records.seals.making import Signer
from onecity.kernel.records.seals.trust import Checked, Trust

POLICY: Final = "2.25.147612665450580475003222597105598946927"
"""Our policy, under the arc of UUIDs (ITU-T X.667), which needs no registration."""
BROKEN: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says, and the outcome of its check."""

    stamped_at: dt.datetime | None
    checked: Checked
    covers: bool
    """Whether it is over the bytes it was found with."""


def make(data: bytes, signer: Signer, *, at: dt.datetime, serial: int) -> bytes:
    """DER of a token over SM3(`data`) by the time-stamping authority `signer`."""
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {"hash_algorithm": {"algorithm": oids.SM3}, "hashed_message": sm3(data)},
            "serial_number": serial,
            "gen_time": at.astimezone(dt.UTC).replace(microsecond=0),
        }
    )
    certificate = x509.Certificate.load(signer.certificate)
    content = info.dump()
    attributes = _attributes(content, signer.certificate)
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": oids.SM3})],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "certificates": [certificate],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier(
                        "issuer_and_serial_number",
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
                    ),
                    "digest_algorithm": {"algorithm": oids.SM3},
                    "signed_attrs": attributes,
                    "signature_algorithm": {"algorithm": oids.SM2_WITH_SM3},
                    "signature": signer.sign(attributes.dump()),
                }
            ],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _attributes(content: bytes, certificate: bytes) -> cms.CMSAttributes:
    """What the authority signs: the kind and digest of the content, and which certificate it signs with (RFC 5816)."""
    names_it = tsp.SigningCertificateV2(
        {"certs": [{"hash_algorithm": {"algorithm": oids.SM3}, "cert_hash": sm3(certificate)}]}
    )
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [sm3(content)]},
            {"type": "signing_certificate_v2", "values": [names_it]},
        ]
    )


def check(
    token: bytes, data: bytes, trusted: Trust, *, known: Callable[[str], bool] = oids.SM2_SIGNATURES.__contains__
) -> Token:
    """The token's time, whether it covers `data`, and whether its signature and its authority's chain hold."""
    try:
        parsed = cms.ContentInfo.load(token, strict=True)
        if parsed["content_type"].native != "signed_data":
            raise StructureError("no signed data")
        signed = parsed["content"]
        info = signed["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        stamped_at = info["gen_time"].native.astimezone(dt.UTC)
        method = imprint["hash_algorithm"]["algorithm"].dotted
        covers = digest(method, data) == imprint["hashed_message"].native
        return Token(stamped_at, _signature(signed, trusted, stamped_at, known), covers)
    except BROKEN as error:
        return Token(None, Checked("failed", "unreadable", str(error)), covers=False)


def _signature(signed: cms.SignedData, trusted: Trust, at: dt.datetime, known: Callable[[str], bool]) -> Checked:
    signer = _one_signer(signed)
    algorithm = signer["signature_algorithm"]["algorithm"].dotted
    if not known(algorithm):
        return Checked("not_checked", "unsupported", algorithm)
    certificate = _certificate(signed, signer)
    read = sm2_certificates.read(certificate)
    attributes = {item["type"].native: item["values"] for item in signer["signed_attrs"]}
    content = der.octets(der.node(signed["encap_content_info"]["content"].untag().dump()), "eContent")
    method = signer["digest_algorithm"]["algorithm"].dotted
    if (
        attributes["content_type"][0].native != "tst_info"
        or digest(method, content) != attributes["message_digest"][0].native
        or not _names(attributes, certificate)
        # RFC 5652, 5.4: the signature is over the attributes as SET OF, not under the context tag they travel with
        or not read.verifies(signer["signed_attrs"].untag().dump(), signer["signature"].native)
    ):
        return Checked("failed", "bad_signature", read.name)
    return trust.check(certificate, trusted, at=at, usage="time", proven=False)


def _one_signer(signed: cms.SignedData) -> cms.SignerInfo:
    """RFC 3161, 2.4.2: one signer; what the signature does not cover has the one value that it may have."""
    signers = signed["signer_infos"]
    if len(signers) != 1 or signed["version"].native != "v3" or signers[0]["version"].native != "v1":
        raise StructureError("a time stamp has one signer and the versions of RFC 3161")
    declared = {item["algorithm"].dotted for item in signed["digest_algorithms"]}
    if declared != {signers[0]["digest_algorithm"]["algorithm"].dotted}:
        raise StructureError("the digest method is not the declared one")
    return signers[0]


def _names(attributes: dict[str, cms.SetOfAny], certificate: bytes) -> bool:
    """Whether the signed attributes name this certificate (RFC 5816), so that no other one can be put in its place."""
    first = attributes["signing_certificate_v2"][0]["certs"][0]
    return bool(digest(first["hash_algorithm"]["algorithm"].dotted, certificate) == first["cert_hash"].native)


def _certificate(signed: cms.SignedData, signer: cms.SignerInfo) -> bytes:
    wanted = signer["sid"].chosen
    for choice in signed["certificates"]:
        found = choice.chosen
        if found.serial_number == wanted["serial_number"].native and found.issuer == wanted["issuer"]:
            return bytes(found.dump())
    raise StructureError("the authority's certificate is not in the token")
