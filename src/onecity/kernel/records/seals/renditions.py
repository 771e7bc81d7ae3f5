"""The OFD of a certificate: its page as OFD, with the seal that the platform may put on certificates of its kind."""

from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.records import ofd as ofd_writer
from onecity.kernel.records.certificates import copies
from onecity.kernel.records.certificates.rendering import drawing, layout
from onecity.kernel.records.certificates.rendering.content import content_of
from onecity.kernel.records.models import Certificate, SubjectKind
from onecity.kernel.records.seals.placing import Place
from onecity.kernel.records.seals.purpose import Purpose
from onecity.kernel.records.seals.using import stamp_ofd

OFD: Final = "ofd"


def ofd(certificate: Certificate, language: str = "zh-hans") -> bytes:
    """The holder's copy as sealed OFD, made when first asked for.

    Raises Problem 409 for a certificate that is not valid, or for whose kind and place no seal is at hand.
    """
    return copies.rendered(certificate, OFD, language, lambda speech: _make(certificate, speech))


def seal_for(certificate: Certificate) -> UUID | None:
    """The seal for this certificate: of its division or the nearest one above."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT records_seal_for(%s, %s, %s)",
            [SubjectKind.CERTIFICATE, certificate.type_code, certificate.division_path],
        )
        found: UUID | None = cursor.fetchone()[0]
    return found


def _make(certificate: Certificate, language: str) -> bytes:
    seal_id = seal_for(certificate)
    if seal_id is None:
        raise Problem(
            "no-seal",
            _("No seal is at hand for this kind of certificate."),
            status=409,
            detail=_("Take the PDF, or ask the office that issued it."),
        )
    document = layout.document(content_of(certificate, language), drawing.width)
    left, top, size = layout.SEAL
    return stamp_ofd(
        ofd_writer.write(document, created=timezone.localdate(certificate.issued_at)),
        seal_id,
        None,
        Purpose(SubjectKind.CERTIFICATE, certificate.type_code, certificate.number),
        place=Place(len(document.pages) - 1, left, top, size, size),
    )
