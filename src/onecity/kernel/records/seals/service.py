"""The door of seals for other packages: stamp a document, verify whatever somebody sends."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock
from onecity.kernel.records.keys import sm2_openssl
from onecity.kernel.records.ofd import verifying as ofd_verifying
from onecity.kernel.records.seals import authority, pdf
from onecity.kernel.records.seals.placing import Place
from onecity.kernel.records.seals.purpose import Purpose
from onecity.kernel.records.seals.report import Report, Sentence, StampReport, Step
from onecity.kernel.records.seals.using import stamp_ofd, stamp_pdf

__all__ = [
    "Place",
    "Purpose",
    "Report",
    "StampReport",
    "Step",
    "stamp_ofd",
    "stamp_pdf",
    "verify",
    "verify_ofd",
    "verify_pdf",
]
PDF = b"%PDF-"


def verify(data: bytes) -> Report:
    """The report on an OFD or a PDF, whichever it is."""
    return verify_pdf(data) if data.startswith(PDF) else verify_ofd(data)


def verify_ofd(data: bytes) -> Report:
    """The ten steps for every stamp of an OFD, against whom this installation trusts; never raises for what is sent."""
    return _unable() or ofd_verifying.verify(data, authority.trusted(), now=clock.now())


def verify_pdf(data: bytes) -> Report:
    """The ten steps for every stamp of GB/T 38540 in a PDF; other signatures in it are not looked at."""
    return _unable() or pdf.verify(data, authority.trusted(), now=clock.now())


def _unable() -> Report | None:
    if not sm2_openssl.why_unavailable():
        return None
    return Report(refusal=Sentence(_("No SM2 here: this machine can neither apply seals nor check them.")))
