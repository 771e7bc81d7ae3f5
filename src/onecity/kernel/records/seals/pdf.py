"""Stamps on PDF: the stamp of GB/T 38540-2020 as the content of a PDF signature dictionary, over the bytes it names.

PDF readers know no SM2, so they show the seal's picture and call the signature unknown; its verification is ours. It stands
beside a PAdES signature that they do know: each is an incremental update that leaves the bytes before it as they are
(ISO 32000-2, 12.8). The digest in the stamp is SM3 over the byte range, that is over the whole file up to and with this
update except the stamp itself.
"""

import binascii
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from asn1crypto import parser
from django.utils.translation import gettext_lazy as _
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigAppearanceSetup, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData
from pyhanko.stamp import StaticStampStyle

from onecity.kernel.records.pages import MM_PER_POINT
from onecity.kernel.records.pdf_names import COMPRESSED
from onecity.kernel.records.seals import making, reading, verifying
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.placing import Order, Place
from onecity.kernel.records.seals.report import Report, Sentence, StampReport, Step
from onecity.kernel.records.seals.trust import Trust

FILTER: Final = "/ONECITY.Seal"
SUBFILTER: Final = "/ONECITY.GBT38540"
LARGEST: Final = 32 * 1024 * 1024
BROKEN: Final = (
    PdfError,
    SigningError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OSError,
    NotImplementedError,
    RecursionError,
    AssertionError,
)
"""What a PDF reader raises for files that are broken or made to break it."""
PROPERTY: Final = "PDF ByteRange"


class RefusedPdfError(ValueError):
    """The file is no PDF that can be stamped."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One stamp in a file: the field's name, the stamp, the bytes it names, and the end of its revision."""

    name: str
    stamp: bytes
    data: bytes
    end: int
    well_formed: bool
    revision: int


def stamp(pdf: bytes, order: Order) -> bytes:
    """The PDF with one more stamp, shown at the order's first place; RefusedPdfError for what is no PDF."""
    unfit = _unfit(pdf)
    if unfit:
        raise RefusedPdfError(str(unfit))
    try:
        return _stamp(pdf, order)
    except BROKEN as error:
        raise RefusedPdfError(str(error)) from error


def _stamp(pdf: bytes, order: Order) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    place = order.places[0]
    count = sum(1 for _field in enumerate_sig_fields(writer, filled_status=True))
    name = f"Seal{count + 1}"
    spec = SigFieldSpec(name, on_page=place.page, box=_box(writer, place))
    steps: Any = PdfCMSEmbedder(spec).write_cms(name, writer)
    next(steps)
    seal = reading.read_seal(order.seal)
    picture = Image.open(BytesIO(seal.info.picture.data)).convert("RGBA")
    style = StaticStampStyle(border_width=0, background=PdfImage(picture, writer=writer), background_opacity=1)
    placeholder = PdfSignedData(
        pdf_name("/Sig"), SigSeedSubFilter.PADES, order.signed_at, bytes_reserved=2 * (len(order.seal) + 8192)
    )
    placeholder[pdf_name("/Filter")] = pdf_name(FILTER)
    placeholder[pdf_name("/SubFilter")] = pdf_name(SUBFILTER)
    placeholder[pdf_name("/Name")] = generic.pdf_string(seal.info.name)
    steps.send(SigObjSetup(placeholder, None, SigAppearanceSetup(style, order.signed_at, seal.info.name)))
    prepared, output = steps.send(SigIOSetup("sm3", output=BytesIO()))
    stamped = making.make_stamp(
        order.seal,
        digest=prepared.document_digest,
        property_info=PROPERTY,
        signed_at=order.signed_at,
        signer=order.signer,
        stamper=order.stamper,
    )
    steps.send(stamped)
    return bytes(output.getvalue())


def _box(writer: IncrementalPdfFileWriter, place: Place) -> tuple[int, int, int, int]:
    """The place in points from the page's lower left corner."""
    found: Any = writer
    page = found.find_page_for_modification(place.page)[0].get_object()
    left, _bottom, _right, top = (float(value) for value in _media_box(page))
    x, y = left + place.x / MM_PER_POINT, top - place.y / MM_PER_POINT
    return (round(x), round(y - place.height / MM_PER_POINT), round(x + place.width / MM_PER_POINT), round(y))


def _media_box(page: Any) -> Any:
    while "/MediaBox" not in page:  # a page inherits it (ISO 32000-2, 7.7.3.4)
        page = page["/Parent"]
    return page["/MediaBox"]


def _unfit(pdf: bytes) -> Sentence | None:
    """Why the file is not even opened."""
    if len(pdf) > LARGEST:
        return Sentence(_("it is larger than %(size)s MB"), {"size": LARGEST // 1024 // 1024})
    if COMPRESSED.search(pdf):
        return Sentence(_("its tables are compressed; save it as PDF 1.4 first"))
    return None


def verify(pdf: bytes, trusted: Trust, *, now: dt.datetime) -> Report:
    """The report on every stamp of ours in the PDF; never raises for what a stranger sends."""
    unfit = _unfit(pdf)
    if unfit:
        return Report(refusal=Sentence(_("This file cannot be checked: %(detail)s."), {"detail": unfit}))
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=True)
        found = list(_found(reader, pdf))
        reports = tuple(_report(item, reader, pdf, trusted, now) for item in found)
    except BROKEN as error:
        return Report(refusal=Sentence(_("This file cannot be checked: %(detail)s."), {"detail": str(error)[:200]}))
    if not reports:
        return Report(refusal=Sentence(_("This document bears no seal.")))
    return Report(reports)


def _found(reader: PdfFileReader, pdf: bytes) -> Iterator[_Found]:
    for name, value, reference in enumerate_sig_fields(reader, filled_status=True):
        signature = value.get_object() if hasattr(value, "get_object") else value
        if signature.get("/SubFilter") != SUBFILTER:
            continue
        start, length, second, rest = (int(number) for number in signature["/ByteRange"])
        gap = pdf[length:second]
        raw = bytes(signature.raw_get("/Contents").original_bytes)
        stamped = raw[: parser.peek(raw)]
        hexadecimal = binascii.hexlify(raw).upper()
        yield _Found(
            name=str(name),
            stamp=stamped,
            data=pdf[:length] + pdf[second : second + rest],
            end=second + rest,
            well_formed=start == 0
            and gap.upper() == b"<" + hexadecimal + b">"
            and not raw[len(stamped) :].strip(b"\0"),
            revision=reader.xrefs.get_introducing_revision(_signature_reference(reference)),
        )


def _signature_reference(field: Any) -> Any:
    return field.get_object().raw_get("/V").reference


def _report(item: _Found, reader: PdfFileReader, pdf: bytes, trusted: Trust, now: dt.datetime) -> StampReport:
    nothing_apart = Step(3, "ok", Sentence(_("There is no separate seal file, which is allowed.")))
    before = (_unchanged(item), _complete(item, reader, pdf), nothing_apart)
    return verifying.verify(item.stamp, item.data, trusted, now=now, identifier=item.name, before=before)


def _unchanged(item: _Found) -> Step:
    if not item.well_formed:
        return Step(1, "failed", Sentence(_("The stamp does not cover the document as it should.")))
    try:
        digest = reading.read_stamp(item.stamp).digest
    except ValueError:
        return verifying.skipped(1)
    if digest != sm3(item.data):
        return Step(1, "failed", Sentence(_("The document was changed after stamping.")))
    return Step(1, "ok", Sentence(_("The stamped bytes are as they were.")))


def _complete(item: _Found, reader: PdfFileReader, pdf: bytes) -> Step:
    """Step 2: what follows the stamp is nothing, or further signatures and what keeps them."""
    if item.end == len(pdf):
        return Step(2, "ok", Sentence(_("Nothing follows the stamp.")))
    result = DEFAULT_DIFF_POLICY.review_file(reader, item.revision)
    if isinstance(result, SuspiciousModification) or result.modification_level > ModificationLevel.FORM_FILLING:
        return Step(2, "failed", Sentence(_("The document was added to after stamping.")))
    if result.changed_form_fields - _signature_fields(reader):
        return Step(2, "failed", Sentence(_("The document was added to after stamping.")))
    return Step(2, "ok", Sentence(_("Only further signatures follow the stamp.")))


def _signature_fields(reader: PdfFileReader) -> set[str]:
    return {str(name) for name, _value, _reference in enumerate_sig_fields(reader)}
