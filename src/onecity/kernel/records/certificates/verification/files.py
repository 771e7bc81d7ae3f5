"""Verifies a PDF or OFD that somebody sends: ours and unchanged, altered, signed by somebody else, or not from here at all.

A file that was made here is known by its digest. Of any other the signature is read to say what is wrong with it; whatever
cannot be read is not from here. Nothing is fetched, nothing in the file is run.
"""

import hashlib
import re
import zipfile
import zlib
from io import BytesIO
from typing import Final

from asn1crypto import x509
from django.utils.translation import gettext_lazy as _
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from onecity.kernel.core.clock import now
from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates import opening
from onecity.kernel.records.certificates.rendering.authority import authority
from onecity.kernel.records.certificates.verification import standing
from onecity.kernel.records.certificates.verification.verdict import Copied, Finding, Step, Verdict
from onecity.kernel.records.models import AnnotatedCopy, Certificate, Rendition
from onecity.kernel.records.pdf_names import COMPRESSED

MOST_BYTES: Final = 5_000_000
MOST_FRONT: Final = 100_000
PDF: Final = b"%PDF-"
ZIP: Final = b"PK\x03\x04"
NUMBER_IN_OFD: Final = re.compile(rb'Name="CertificateNumber"[^>]{0,100}>([0-9A-Z.]{20,200})<')
NUMBER: Final = re.compile(rb"CertificateNumber=([0-9A-Z.]{20,200})")
"""Ours have none; unpacking somebody else's could fill the memory."""
MOST_REVISIONS: Final = 8


def verify_file(data: bytes) -> Verdict:
    """What a PDF or OFD is worth now. Never raises for what somebody sends."""
    if len(data) > MOST_BYTES or not data.startswith((PDF, ZIP)):
        return Verdict("unknown", (Step("form", False, _("This is neither the PDF nor the OFD of a certificate.")),))
    number = _number(data)
    row = standing.find(number) if number else None
    form = Step("form", True, _("It is a PDF.") if data.startswith(PDF) else _("It is an OFD."))
    if row is None:
        state, step = _signature(data)
        worth: Finding = "unknown" if step.ok is None or not number else "forged"
        reason = step if state != "valid" else Step("register", False, _("There is no certificate with its number."))
        return Verdict(worth, (form, reason))
    with opening.shown([row.number]):
        digest = hashlib.sha256(data).hexdigest()
        copy = AnnotatedCopy.objects.filter(certificate_id=row.id, sha256=digest).first()
        known = copy is not None or Rendition.objects.filter(certificate_id=row.id, sha256=digest).exists()
    if known:
        return _stands(
            row, (form, Step("signature", True, _("It is, byte by byte, the file that was made here."))), copy
        )
    state, step = _signature(data)
    if state != "valid":
        return Verdict(state, (form, step), standing.shown(row))
    # the signature does not cover its own envelope: a byte may differ there, and then it is not our file either
    different = Step(
        "signature", False, _("Our signature is in it, but it is not, byte by byte, a file that was made here.")
    )
    return Verdict("altered", (form, different), standing.shown(row))


def _stands(row: Certificate, before: tuple[Step, ...], copy: AnnotatedCopy | None) -> Verdict:
    state, steps = standing.of(row)
    if copy is None:
        return Verdict(state, (*before, *steps), standing.shown(row))
    over = copy.usable_until <= now()
    use = (
        Step("copy", False, _("This copy was made for one use, and the time for it is over."))
        if over
        else Step("copy", True, _("This copy was made for one use, and may still be used for it."))
    )
    copied = Copied(copy.purpose, copy.used_by, copy.usable_until)
    return Verdict(
        "expired" if over and state == "valid" else state, (*before, *steps, use), standing.shown(row), copied
    )


def _number(data: bytes) -> str:
    found = NUMBER.search(data) if data.startswith(PDF) else NUMBER_IN_OFD.search(_front(data))
    report = identifiers.read(found[1].decode()) if found else None
    return str(report.number) if report and report.number and report.valid else ""


def _front(data: bytes) -> bytes:
    """The beginning of an OFD's first file, and no more of it: a ZIP may unpack to any size."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as package, package.open("OFD.xml") as file:
            return file.read(MOST_FRONT)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        return b""


def _signature(data: bytes) -> tuple[Finding, Step]:
    """What its signature says: valid where it is ours and covers the whole file."""
    if data.startswith(ZIP):
        return "altered", Step("signature", False, _("It is not, byte by byte, a file that was made here."))
    if COMPRESSED.search(data) or data.count(b"startxref") > MOST_REVISIONS:
        return "forged", Step("signature", None, _("It is not built as the files that are made here."))
    try:
        return _signed(data)
    except Exception:
        return "altered", Step("signature", None, _("It cannot be read: it is damaged, or was never a certificate."))


def _signed(data: bytes) -> tuple[Finding, Step]:
    reader = PdfFileReader(BytesIO(data))
    signatures = reader.embedded_regular_signatures
    if len(signatures) != 1:
        text = _("It bears no signature.") if not signatures else _("It bears more than one signature.")
        return "forged", Step("signature", False, text)
    ours = authority()
    mine = signatures[0].signer_cert is not None and signatures[0].signer_cert.dump() == ours.signer.dump()
    if not mine:
        return "resigned", Step(
            "signature", False, _("Somebody else signed it: %(name)s.") % {"name": _who(signatures[0].signer_cert)}
        )
    trust = ValidationContext(
        trust_roots=[ours.root], other_certs=[ours.signer, ours.stamper], allow_fetching=False, moment=now()
    )
    status = validate_pdf_signature(signatures[0], trust)
    if not status.intact or not status.valid or status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        return "altered", Step("signature", False, _("It was changed after it was signed."))
    return "valid", Step("signature", True, _("Our signature covers all of it."))


def _who(certificate: x509.Certificate | None) -> str:
    name = certificate.subject.native.get("common_name", "?") if certificate is not None else "?"
    return "".join(c for c in str(name) if c.isprintable())[:80]
