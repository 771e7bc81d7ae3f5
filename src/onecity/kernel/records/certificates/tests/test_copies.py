"""PDFs of certificates: signed so that independent readers agree, kept sealed, and every alteration is told."""

import datetime as dt
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pytest_django import Settings

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records import ofd as ofd_writer
from onecity.kernel.records.certificates import copies, issuing, states, verifying
from onecity.kernel.records.certificates.rendering import authority, layout, making
from onecity.kernel.records.certificates.rendering.content import Use, content_of
from onecity.kernel.records.certificates.rendering.drawing import draw, width
from onecity.kernel.records.certificates.tests.conftest import IDENTITY, Ask
from onecity.kernel.records.certificates.verification.files import ZIP
from onecity.kernel.records.models import AnnotatedCopy, AnnotatedLook, Certificate, Rendition

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(ask: Ask) -> Certificate:
    return issuing.issue(ask(issuer_name="和平镇社区事务受理服务中心"), issued_by=None)


def test_the_holders_copy_verifies_with_an_independent_validator_and_here(made: Certificate) -> None:
    data = copies.pdf(made)
    ours = authority.authority()
    reader = PdfFileReader(BytesIO(data))
    (signature,) = reader.embedded_regular_signatures
    trust = ValidationContext(trust_roots=[ours.root], allow_fetching=False)
    status = validate_pdf_signature(signature, trust)
    assert status.bottom_line
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    # what B-LT carries for later: the chain and the list of revocations
    store = DocumentSecurityStore.read_dss(reader)
    assert len(store.crls) == 1
    assert len(store.certs) >= 2
    verdict = verifying.verify_file(data)
    assert verdict.state == "valid"
    assert verdict.shown is not None
    assert verdict.shown.number == made.number


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed here")
def test_poppler_says_that_the_signature_is_valid(made: Certificate, tmp_path: Path) -> None:
    (tmp_path / "copy.pdf").write_bytes(copies.pdf(made))
    said = subprocess.run(["pdfsig", str(tmp_path / "copy.pdf")], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


def test_fonts_are_embedded_and_cut_down(made: Certificate) -> None:
    data = draw(layout.document(content_of(made, "zh-hans"), width))
    assert data.count(b"/FontFile2") == 2
    assert re.findall(rb"/BaseFont /(\w+\+)?NotoSansSC", data)
    assert len(data) < 120_000


def test_it_is_made_once_and_kept_sealed(made: Certificate, settings: Settings) -> None:
    first = copies.pdf(made)
    assert copies.pdf(made) == first
    row = Rendition.objects.get()
    file = Path(settings.ONECITY_UPLOADS) / "certificates" / row.stored[:2] / row.stored
    sealed = file.read_bytes()
    assert b"%PDF" not in sealed
    assert row.size == len(first)
    file.write_bytes(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    with pytest.raises(Problem) as refused:
        copies.pdf(made)
    assert refused.value.code == "copy-lost"


def test_every_part_of_it_that_is_altered_is_found(made: Certificate) -> None:
    data = copies.pdf(made)
    for place in range(40, len(data) - 10, len(data) // 25):
        altered = data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]
        verdict = verifying.verify_file(altered)
        assert verdict.state in {"altered", "forged", "unknown", "resigned"}, place
        assert not verdict.valid
    for altered in (data + b"\n", data[:-200], data.replace(b"%%EOF", b"%%EOG", 1)):
        assert verifying.verify_file(altered).state in {"altered", "forged"}


def test_something_added_after_the_signature_is_an_alteration(made: Certificate) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(copies.pdf(made)))
    writer.set_info(writer.add_object(writer.prev.trailer["/Info"]))
    target = BytesIO()
    writer.write(target)  # type: ignore[no-untyped-call]  # the library leaves it without types
    verdict = verifying.verify_file(target.getvalue())
    assert (verdict.state, verdict.reasons[-1].step) == ("altered", "signature")


def test_signed_by_somebody_else_or_by_nobody(
    made: Certificate, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ONECITY_HOME = tmp_path
    stranger = authority.authority()
    monkeypatch.setattr(making, "authority", lambda: stranger)
    theirs = making.make(content_of(made, "zh-hans"))
    monkeypatch.undo()
    settings.ONECITY_HOME = Path(settings.ONECITY_UPLOADS).parent
    assert stranger.root.dump() != authority.authority().root.dump()
    verdict = verifying.verify_file(theirs)
    assert (verdict.state, verdict.reasons[-1].step) == ("resigned", "signature")
    unsigned = draw(layout.document(content_of(made, "zh-hans"), width))
    assert verifying.verify_file(unsigned).state == "forged"


def test_a_copy_follows_its_certificate(made: Certificate) -> None:
    data = copies.pdf(made)
    states.revoke(made.id, None, "Fraud")
    assert verifying.verify_file(data).state == "revoked"
    with pytest.raises(Problem) as refused:
        copies.pdf(Certificate.objects.get(id=made.id))
    assert refused.value.status == 409


def test_an_ofd_is_known_by_its_bytes_and_follows_its_certificate(made: Certificate) -> None:
    data = copies.rendered(
        made, "ofd", "zh-hans", lambda speech: ofd_writer.write(layout.document(content_of(made, speech), width))
    )
    verdict = verifying.verify_file(data)
    assert verdict.state == "valid"
    assert verdict.shown is not None
    assert verdict.shown.number == made.number
    other = ofd_writer.write(layout.document(content_of(made, "en"), width))
    assert verifying.verify_file(other).state == "altered"
    assert verifying.verify_file(data + b" ").state == "altered"
    for broken in (data[:2000], ZIP + b"nothing"):
        assert verifying.verify_file(broken).state == "unknown"
    states.revoke(made.id, None, "Fraud")
    assert verifying.verify_file(data).state == "revoked"


HOSTILE = [
    b"", b"%PDF-", b"%PDF-1.7\n" + b"A" * 5_000_001, b"<html>", b"%PDF-1.4\n1 0 obj\n" + b"[" * 50_000,
    b"%PDF-1.4\n" + b"startxref\n0\n%%EOF\n" * 2000, b"%PDF-1.5 /ObjStm /XRef", b"%PDF-1.5 /#4fbjStm /X#52ef", b"PK\x03\x04",
    b"%PDF-1.4\nxref\n0 999999999\ntrailer\n<</Prev 9 /Size 1 /Root 1 0 R>>\nstartxref\n9\n%%EOF\n",
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_file_is_refused_and_breaks_nothing(made: Certificate, data: bytes) -> None:
    named = data + b"\n% CertificateNumber=" + made.number.encode() if data.startswith(b"%PDF-1.4") else data
    assert verifying.verify_file(data).state == "unknown"
    assert verifying.verify_file(named).state in {"unknown", "altered", "forged"}


class TestForOneUse:
    def test_it_says_for_what_and_is_over_afterwards(self, made: Certificate, officer: Account) -> None:
        until = now() + dt.timedelta(days=3)
        copy = copies.annotate(made, purpose="办理入学", used_by="和平小学", usable_until=until, made_by=officer.id)
        data = copies.look(copy, officer.id)
        verdict = verifying.verify_file(data)
        assert verdict.state == "valid"
        assert verdict.copied is not None
        assert (verdict.copied.purpose, verdict.copied.used_by) == ("办理入学", "和平小学")
        with use_clock(FixedClock(until + dt.timedelta(seconds=1))):
            after = verifying.verify_file(data)
            assert (after.state, after.reasons[-1].step, after.reasons[-1].ok) == ("expired", "copy", False)
            with pytest.raises(Problem) as refused:
                copies.look(copy, officer.id)
            assert refused.value.status == 410
        states.revoke(made.id, None, "Fraud")
        assert verifying.verify_file(data).state == "revoked"
        assert AnnotatedLook.objects.count() == 1
        trail = AuditEvent.objects.filter(object_id=str(made.id), action__startswith="certificates.copy").order_by(
            "at", "seq"
        )
        assert [(e.action, e.purpose, e.actor_id) for e in trail] == [
            ("certificates.copy.made", "办理入学", officer.id),
            ("certificates.copy.opened", "办理入学", officer.id),
        ]

    @pytest.mark.parametrize(
        ("purpose", "used_by", "days", "field"),
        [("", "x", 3, "purpose"), ("p" * 201, "x", 3, "purpose"), ("p", " ", 3, "used_by"), ("p", "x", 0, "usable_until"),
         ("p", "x", 400, "usable_until")],
    )  # fmt: skip
    def test_not_without_purpose_user_and_end(
        self, made: Certificate, purpose: str, used_by: str, days: int, field: str
    ) -> None:
        with pytest.raises(Problem) as refused:
            copies.annotate(
                made, purpose=purpose, used_by=used_by, usable_until=now() + dt.timedelta(days=days), made_by=None
            )
        assert [error.field for error in refused.value.errors] == [field]
        assert AnnotatedCopy.objects.count() == 0

    def test_the_page_says_it_across_and_in_its_table(self, made: Certificate) -> None:
        long = "为子女办理小学入学报名手续并用于学校核验家庭住址和户籍情况" * 3
        use = Use(long, "和平小学", now() + dt.timedelta(days=3))
        content = content_of(made, "zh-hans", use)
        assert [value for _title, value in content.entries[-3:-1]] == [long, "和平小学"]
        assert 3 <= len(content.marks) <= 5
        assert content.marks[2].endswith("…")
        assert IDENTITY not in str(content)
