"""Whom a check trusts, and the check of one certificate: its chain to an anchor, its dates, its purpose, its status."""

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Final, Literal

from asn1crypto import crl

from onecity.kernel.records.seals import der, oids, sm2_certificates
from onecity.kernel.records.seals.der import StructureError
from onecity.kernel.records.seals.sm2_certificates import Certificate, Usage

LONGEST_CHAIN: Final = 6
Outcome = Literal["ok", "failed", "not_checked"]
Cause = Literal[
    "",
    "unreadable",
    "unsupported",
    "no_anchor",
    "bad_signature",
    "not_yet_valid",
    "expired",
    "wrong_usage",
    "not_an_authority",
    "critical_extension",
    "revoked",
    "no_status",
]


@dataclass(frozen=True, slots=True)
class Trust:
    """Anchors (roots), certificates in between, and revocation lists; all DER."""

    anchors: tuple[bytes, ...] = field(repr=False)
    between: tuple[bytes, ...] = field(repr=False, default=())
    revocation_lists: tuple[bytes, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it: the cause names the first thing wrong, `detail` the certificate or the words it is about."""

    outcome: Outcome
    cause: Cause = ""
    detail: str = ""


def check(data: bytes, trust: Trust, *, at: dt.datetime, usage: Usage, proven: bool) -> Checked:
    """Chain, dates at `at`, purpose and status of the certificate `data`.

    `proven`: a time stamp proves `at`, so that a later revocation does no harm; where `at` is only claimed, any revocation
    counts, or a stolen key would sign in the past. A list that ended before `at` says nothing, and the outcome is then
    "not checked".
    """
    try:
        certificate = sm2_certificates.read(data)
        chain = _chain(certificate, trust)
    except StructureError as error:
        return Checked("failed", "unreadable", str(error))
    if isinstance(chain, Checked):
        return chain
    for depth, link in enumerate(chain):
        found = _link(link, at, usage if depth == 0 else "authority")
        if found.outcome != "ok":
            return found
    for link, issuer in itertools.pairwise(chain):
        found = _status(link, issuer, trust, at if proven else None, at)
        if found.outcome != "ok":
            return found
    return Checked("ok", detail=chain[-1].name)


def _chain(certificate: Certificate, trust: Trust) -> list[Certificate] | Checked:
    """From the certificate up to an anchor, each signature verified."""
    anchors = [sm2_certificates.read(data) for data in trust.anchors]
    others = [sm2_certificates.read(data) for data in trust.between]
    chain = [certificate]
    while len(chain) <= LONGEST_CHAIN:
        last = chain[-1]
        if any(anchor.raw == last.raw for anchor in anchors):
            return chain
        candidates = [other for other in (*anchors, *others) if other.subject == last.issuer and other.raw != last.raw]
        if not candidates:
            return Checked("failed", "no_anchor", last.issuer_name)
        if last.algorithm not in oids.SM2_SIGNATURES:
            return Checked("not_checked", "unsupported", last.algorithm)
        issuer = next((found for found in candidates if found.verifies(last.signed, last.signature)), None)
        if issuer is None:
            return Checked("failed", "bad_signature", last.name)
        chain.append(issuer)
    return Checked("failed", "no_anchor", certificate.issuer_name)


def _link(link: Certificate, at: dt.datetime, usage: Usage) -> Checked:
    if at < link.not_before:
        return Checked("failed", "not_yet_valid", link.name)
    if at > link.not_after:
        return Checked("failed", "expired", link.name)
    if link.unknown_critical:
        return Checked("failed", "critical_extension", ", ".join(link.unknown_critical))
    if usage == "authority":
        good = link.is_authority and (link.usage is None or "key_cert_sign" in link.usage)
        return Checked("ok") if good else Checked("failed", "not_an_authority", link.name)
    if link.usage is not None and not link.usage & sm2_certificates.USAGE_BITS[usage]:
        return Checked("failed", "wrong_usage", link.name)
    if usage == "time" and link.extended_usage != {sm2_certificates.TIME_STAMPING}:
        return Checked("failed", "wrong_usage", link.name)
    return Checked("ok")


def _status(
    link: Certificate, issuer: Certificate, trust: Trust, proven_at: dt.datetime | None, at: dt.datetime
) -> Checked:
    for data in trust.revocation_lists:
        try:
            revoked = _revoked(data, issuer, at)
        except (StructureError, ValueError, TypeError, KeyError, IndexError, AttributeError):
            continue  # a list that cannot be read proves nothing: the status then stays unknown
        if revoked is None:
            continue
        since = revoked.get(link.serial)
        bad = since is not None and (proven_at is None or since <= proven_at)
        return Checked("failed", "revoked", link.name) if bad else Checked("ok")
    return Checked("not_checked", "no_status", link.name)


def _revoked(data: bytes, issuer: Certificate, at: dt.datetime) -> dict[int, dt.datetime] | None:
    """Serial numbers on this list and since when; None when it is not the issuer's, not signed well, or ended before `at`."""
    parts = der.fields(der.node(data), "CertificateList")
    if len(parts) != 3:
        raise StructureError("CertificateList has three fields")
    tbs = crl.TbsCertList.load(parts[0].raw, strict=True)
    until = tbs["next_update"].native
    if until is None or until < at:
        return None
    if tbs["issuer"].dump() != issuer.subject or not issuer.verifies(parts[0].raw, der.bits(parts[2], "signature")):
        return None
    return {
        int(item["user_certificate"].native): item["revocation_date"].native.astimezone(dt.UTC)
        for item in tbs["revoked_certificates"]
    }
