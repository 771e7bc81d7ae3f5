"""Stamps on PDF: ten steps ok for a good one, changes found, and a life beside signatures that PDF readers know."""

import datetime as dt
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import keys, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.pdfgen.canvas import Canvas

from onecity.kernel.records.seals import making, pdf
from onecity.kernel.records.seals.placing import Order, Place
from onecity.kernel.records.seals.report import Report
from onecity.kernel.records.seals.tests.authorities import NOW, world


@cache
def plain() -> bytes:
    target = BytesIO()
    canvas = Canvas(target, pagesize=(595, 842), invariant=1, pageCompression=0)
    canvas.drawString(100, 700, "The content of the document")
    canvas.showPage()
    canvas.drawString(100, 700, "Its second page")
    canvas.save()
    return target.getvalue()


def order(page: int = 0) -> Order:
    here = world()
    return Order(here.seal(), here.office.signer, NOW, [Place(page, 140, 230, 42, 42)], here.stamper())


@cache
def stamped() -> bytes:
    return pdf.stamp(plain(), order())


def verify(data: bytes) -> Report:
    return pdf.verify(data, world().trust, now=NOW)


def failed(report: Report) -> list[int]:
    return [step.number for step in report.steps if step.state == "failed"]


def approved(data: bytes) -> bytes:
    """The file with an ordinary ECDSA signature, as PDF readers know it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = pyca.Name([pyca.NameAttribute(pyca.NameOID.COMMON_NAME, "Office")])
    made = (
        pyca.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    registry: Any = SimpleCertificateStore
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(made.public_bytes(serialization.Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=registry(),
    )
    output = sign_pdf(
        IncrementalPdfFileWriter(BytesIO(data)),
        PdfSignatureMetadata(field_name="Approval", md_algorithm="sha256"),
        signer=signer,
    )
    return bytes(output.getvalue())


def test_a_good_stamp_passes_all_ten_steps() -> None:
    report = verify(stamped())
    assert (report.verdict, [step.number for step in report.steps]) == ("valid", list(range(1, 11)))
    assert report.stamps[0].identifier == "Seal1"
    assert stamped().startswith(plain())


def test_a_changed_byte_before_or_after_the_stamp_is_found() -> None:
    for old, new in ((b"The content", b"The contend"), (b"/Name", b"/Nome")):
        report = verify(stamped().replace(old, new, 1))
        assert failed(report) == [1, 4], old


def test_a_changed_digit_of_the_stamp_is_found() -> None:
    data = stamped()
    digits = data.index(b"/Contents <") + 200
    changed = data[:digits] + (b"0" if data[digits : digits + 1] != b"0" else b"1") + data[digits + 1 :]
    assert verify(changed).verdict == "invalid"


def test_bytes_hidden_in_the_gap_after_the_stamp_are_found() -> None:
    data = stamped()
    end = data.index(b">", data.index(b"/Contents <"))
    changed = data[: end - 4] + b"ABCD" + data[end:]
    assert failed(verify(changed)) == [1]


def test_a_page_drawn_over_in_a_later_revision_is_found_at_the_second_step() -> None:
    writer: Any = IncrementalPdfFileWriter(BytesIO(stamped()))
    page = writer.root["/Pages"]["/Kids"][0]
    page[generic.pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 595 842 re f"))
    writer.update_container(page)
    target = BytesIO()
    writer.write(target)
    report = verify(target.getvalue())
    assert failed(report) == [2]


def test_a_second_stamp_leaves_the_first_one_valid() -> None:
    report = verify(pdf.stamp(stamped(), order(page=1)))
    assert report.verdict == "valid"
    assert [stamp.identifier for stamp in report.stamps] == ["Seal1", "Seal2"]


@pytest.mark.parametrize("first", ["seal", "signature"])
def test_a_seal_and_an_ordinary_signature_stand_together_in_either_order(first: str) -> None:
    data = approved(stamped()) if first == "seal" else pdf.stamp(approved(plain()), order())
    report = verify(data)
    assert (report.verdict, len(report.stamps)) == ("valid", 1)
    reader = PdfFileReader(BytesIO(data))
    ordinary = next(
        value for name, value, _reference in enumerate_sig_fields(reader, filled_status=True) if str(name) == "Approval"
    )
    assert str(ordinary.get_object()["/SubFilter"]) == "/adbe.pkcs7.detached"


def test_the_signer_must_be_in_the_seals_list_here_too() -> None:
    here = world()
    seal = making.make_seal(here.content(here.office.certificate), here.maker.signer)
    wrong = Order(seal, here.stranger.signer, NOW, [Place(0, 10, 10, 42, 42)], here.stamper())
    assert failed(verify(pdf.stamp(plain(), wrong))) == [7]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"PK\x03\x04", plain()[:-60], b"%PDF-1.4\n" + b"\x00" * 5000])
def test_what_is_no_pdf_is_refused_both_ways(data: bytes) -> None:
    assert verify(data).verdict == "invalid"
    assert verify(data).stamps == ()
    with pytest.raises(pdf.RefusedPdfError):
        pdf.stamp(data, order())


def test_a_pdf_without_a_seal_is_not_called_valid() -> None:
    assert (verify(plain()).verdict, verify(approved(plain())).verdict) == ("invalid", "invalid")
    assert verify(bytes(pdf.LARGEST + 1)).verdict == "invalid"


@pytest.mark.parametrize("name", [b"/XRef", b"/ObjStm", b"/#58Ref", b"/Obj#53t#6D", b"/XRefStm"])
def test_tables_that_must_be_unpacked_are_refused_before_they_are_read(name: bytes) -> None:
    data = stamped() + b"\n" + name
    assert (verify(data).verdict, verify(data).stamps) == ("invalid", ())
    with pytest.raises(pdf.RefusedPdfError):
        pdf.stamp(data, order())


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(pdf.RefusedPdfError):
        pdf.stamp(plain(), order(page=9))
