"""Evidence is taken for what its bytes are, bounded, kept whole, and never believed about its name."""

import datetime as dt
import hashlib
import struct
import zlib

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.cases import attachments, service
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Attachment, CaseEvent
from onecity.kernel.cases.tests.conftest import LONG_AGO, Town, litter
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.tests.test_pictures import camera, photo
from onecity.kernel.people.models import Role, RoleAssignment


def png(width: int = 2, height: int = 3) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x80\x20" * 2) * 3)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0\1\1\0\0\1\0\1\0\0"
    frame = b"\xff\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + app0 + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9"


def webp(form: bytes, body: bytes) -> bytes:
    data = b"WEBP" + form + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(data)) + data


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(2, 3), upload.Checked("image/png", "png", 2, 3)),
        (jpeg(640, 480), upload.Checked("image/jpeg", "jpg", 640, 480)),
        (webp(b"VP8X", b"\0\0\0\0" + b"\x7f\x02\0" + b"\xdf\x01\0"), upload.Checked("image/webp", "webp", 640, 480)),
        (webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)), upload.Checked("image/webp", "webp", 640, 480)),
        (webp(b"VP8 ", b"\0" * 6 + struct.pack("<HH", 640, 480)), upload.Checked("image/webp", "webp", 640, 480)),
        (b"%PDF-1.7\n...\n%%EOF\n", upload.Checked("application/pdf", "pdf")),
    ],
)
def test_what_is_taken(content: bytes, expected: upload.Checked) -> None:
    assert upload.check(content) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"\0" * upload.MOST_BYTES, "too_big"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "unknown_type"),
        (b"<!doctype html><script>x</script>", "unknown_type"),
        (b"MZ\x90\0", "unknown_type"),
        (b"GIF89a", "unknown_type"),
        (png(60_000, 2), "too_large"),
        (png(9_000, 9_000), "too_large"),
        (png(0, 2), "broken"),
        (png()[:30], "broken"),
        (png()[:-14], "broken"),
        (jpeg(640, 480)[:20], "broken"),
        (jpeg(60_000, 60_000), "too_large"),
        (b"\xff\xd8\xff\xe0\0\0" + b"\0" * 9, "broken"),
        (b"\xff\xd8\xff\xda\0\x08", "broken"),
        (b"RIFF\0\0\0\0WAVEfmt ", "broken"),
        (b"%PDF-1.7 and no end", "broken"),
    ],
)
def test_what_is_not_taken(town: Town, content: bytes, reason: str) -> None:
    case = service.open_case(litter())
    with pytest.raises(Problem) as refused:
        attachments.attach(case.id, "photo.jpg", content, town["handler_a"])
    assert (refused.value.status, refused.value.errors[0].code) == (422, reason)
    assert Attachment.objects.count() == 0
    assert CaseEvent.objects.count() == 1


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"%PDF-"]), st.binary(max_size=60))
def test_no_bytes_break_the_check(start: bytes, rest: bytes) -> None:
    try:
        checked = upload.check(start + rest)
    except upload.RejectedError as error:
        assert error.reason in {"broken", "too_large"}  # noqa: PT017 - either outcome is right
    else:
        assert checked.ending in {"png", "jpg", "webp", "pdf"}


def test_attached_once_kept_whole_and_in_the_history(town: Town) -> None:
    case = service.open_case(litter())
    first = attachments.attach(case.id, "../../etc/现场<1>.JPG.exe", png(), town["handler_a"])
    again = attachments.attach(case.id, "other.png", png(), town["second_a"])
    assert again.id == first.id
    assert (first.name, first.media_type, first.width, first.height) == ("现场1.JPG.jpg", "image/jpeg", 2, 3)
    assert first.original == hashlib.sha256(png()).hexdigest()
    assert attachments.read_original(first) == png()
    assert hashlib.sha256(attachments.read(first)).hexdigest() == first.sha256 != first.original
    event = CaseEvent.objects.get(action="attach")
    assert event.data == {"name": "现场1.JPG.jpg", "sha256": first.sha256}


def test_bytes_changed_on_the_disk_are_not_served(town: Town) -> None:
    case = service.open_case(litter())
    attachment = attachments.attach(case.id, "a.pdf", b"%PDF-1.4 damaged later %%EOF", None)
    path = attachments.path_of(attachment.sha256)
    path.write_bytes(b"something else")
    with pytest.raises(Problem) as refused:
        attachments.read(attachment)
    path.unlink()
    with pytest.raises(Problem):
        attachments.read(attachment)
    assert refused.value.code == "attachment-damaged"


def test_a_step_may_ask_for_evidence_of_its_own_stage(town: Town) -> None:
    """Evidence added before the stage began does not count for it."""
    case = service.open_case(litter())
    assert attachments.of_case(case) == []
    attachments.attach(case.id, "a.png", png(), town["handler_a"])
    assert [a.name for a in attachments.of_case(case)] == ["a.jpg"]


def test_what_the_camera_says_is_kept_apart(town: Town) -> None:
    case = service.open_case(litter())
    first = attachments.attach(case.id, "a.jpg", photo(exif=camera()), None)
    assert (first.lon, first.lat, first.taken_at) == (121.46, 30.92, dt.datetime(2026, 10, 20, 0, 30, tzinfo=dt.UTC))
    assert b"SecretCam" not in attachments.read(first)
    assert b"SecretCam" in attachments.read_original(first)
    phone = attachments.Taken(121.5, 30.9, now() + dt.timedelta(days=1))
    second = attachments.attach(case.id, "b.jpg", photo((80, 60), exif=camera()), None, taken=phone)
    assert (second.lon, second.lat, second.taken_at) == (121.5, 30.9, None)
    third = attachments.attach(case.id, "c.pdf", b"%PDF-1.4 %%EOF", None, taken=phone)
    assert (third.lon, third.original) == (None, "")
    with pytest.raises(Problem) as gone:
        attachments.read_original(third)
    assert gone.value.code == "no-original"
    again = attachments.attach(case.id, "d.jpg", attachments.read(first), None)
    assert again.id == first.id


def test_a_photo_as_it_came_is_given_with_the_right_only_and_logged(town: Town) -> None:
    case = service.open_case(litter())
    made = attachments.attach(case.id, "a.jpg", photo(exif=camera()), None)
    path = f"/desk/cases/{case.id}/files/{made.id}/original"
    client = Client()
    client.force_login(town["handler_a"])
    assert client.get(path).status_code == 403
    assert AuditEvent.objects.filter(action="cases.evidence.read").count() == 0
    role = Role.objects.create(name="proof", title="取证", permissions=["cases.view", "cases.reporters"])
    RoleAssignment.objects.create(
        account=town["verifier_a"], role=role, division_path=case.division_path, valid_from=LONG_AGO
    )
    client.force_login(town["verifier_a"])
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, photo(exif=camera()))
    assert answer["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.get(action="cases.evidence.read").actor_id == town["verifier_a"].id
