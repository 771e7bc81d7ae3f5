"""Signs PDF by PAdES (ETSI EN 319 142-1, level B-LT): with a time stamp and what is needed to check it years later."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from onecity.kernel.core.clock import now
from onecity.kernel.records.certificates.rendering.authority import Authority, revocations

FIELD: Final = "OneCityCertificate"
POINTS: Final = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Seal:
    """The picture that stands for the signature: PNG, and where, in mm from the upper left corner of the last page."""

    picture: bytes
    left: float
    top: float
    size: float
    page_height: float


def sign(pdf: bytes, by: Authority, seal: Seal, *, name: str, reason: str) -> bytes:
    """The PDF with one signature that covers all of it and allows no change; the seal is its appearance."""
    known = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # the library leaves its constructor without types
    known.register_multiple([by.root, by.stamper])
    signer = SimpleSigner(by.signer, by.signer_key, known)
    context = ValidationContext(
        trust_roots=[by.root], other_certs=[by.signer, by.stamper], crls=[revocations(by)], allow_fetching=False,
        moment=now(),
    )  # fmt: skip
    meta = PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, name=name or None, reason=reason,
        certify=True, docmdp_permissions=MDPPerm.NO_CHANGES, embed_validation_info=True, validation_context=context,
        # in the same revision: after the signature nothing at all follows, so that anything that does is an alteration
        dss_settings=DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        ),
    )  # fmt: skip
    made = PdfSigner(
        meta,
        signer,
        timestamper=DummyTimeStamper(by.stamper, by.stamper_key, certs_to_embed=known, fixed_dt=now()),
        stamp_style=_style(seal.picture),
        new_field_spec=_field(seal),
    ).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    return bytes(made.getbuffer())


def _style(picture: bytes) -> StaticStampStyle:
    with Image.open(BytesIO(picture)) as image:
        return StaticStampStyle(border_width=0, background=PdfImage(image.convert("RGBA")), background_opacity=0.9)


def _field(seal: Seal) -> SigFieldSpec:
    left, right = seal.left * POINTS, (seal.left + seal.size) * POINTS
    top, bottom = (seal.page_height - seal.top) * POINTS, (seal.page_height - seal.top - seal.size) * POINTS
    box = (round(left), round(bottom), round(right), round(top))
    return SigFieldSpec(FIELD, on_page=-1, box=box)
