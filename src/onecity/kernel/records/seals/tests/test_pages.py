"""The pages of seals: made, allowed, used, agreed to and destroyed by clicks; closed to everybody else."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from onecity.kernel.people.models import Account
from onecity.kernel.places.models import Division
from onecity.kernel.records.models import Seal, SealGrant, SealRequest, SealUse
from onecity.kernel.records.ofd.tests import stamped as sample
from onecity.kernel.records.seals import service
from onecity.kernel.records.seals.pages import checking
from onecity.kernel.records.seals.purpose import Purpose
from onecity.kernel.records.seals.tests import test_pdf
from onecity.kernel.records.seals.tests.conftest import PATH, Office, account


def client(who: Account) -> Client:
    made = Client(headers={"accept-language": "en"})
    made.force_login(who)
    return made


@pytest.fixture
def clerk(office: Office) -> Account:
    """An officer who may also look at the seals' pages, with leave for shops."""
    made = account("clerk", ["seals.view", "seals.use"], PATH)
    SealGrant.objects.create(seal=office.seal, account_id=made.id, subject_kind="case", subject_code="service.shop")
    SealGrant.objects.create(
        seal=office.seal, account_id=made.id, subject_kind="case", subject_code="service.grave", needs_approval=True
    )
    return made


def file(data: bytes, name: str = "document.ofd") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_the_keeper_makes_a_seal_gives_leave_and_sees_its_uses(office: Office) -> None:
    Division.objects.create(
        tree="adm", code="990101", name="测试区", level="district", path=PATH, valid_from=dt.date(2000, 1, 1)
    )
    keeper = client(office.keeper)
    until = (timezone.localdate() + dt.timedelta(days=100)).isoformat()
    values = {"name": "测试区公证处", "number": "990101-0002", "division": PATH, "valid_until": until}
    answer = keeper.post(reverse("records:seal_new"), values | {"number": "990101-0001"})
    assert (answer.status_code, Seal.objects.count()) == (422, 1)
    assert "There is a seal with this number already." in answer.text
    answer = keeper.post(reverse("records:seal_new"), values)
    seal = Seal.objects.get(number="990101-0002")
    assert answer.headers["Location"] == reverse("records:seal", args=[seal.id])
    assert timezone.localtime(seal.valid_until) == dt.datetime.combine(
        timezone.localdate() + dt.timedelta(days=101), dt.time(), timezone.get_current_timezone()
    )
    leave = {"account": str(office.idle.id), "subject_kind": "case", "subject_code": "service.shop"}
    keeper.post(reverse("records:seal_allow", args=[seal.id]), leave)
    assert SealGrant.objects.get(seal=seal).account_id == office.idle.id
    page = keeper.get(reverse("records:seal", args=[seal.id])).text
    assert "idle" in page
    assert "service.shop" in page
    listed = keeper.get(reverse("records:seals")).text
    assert listed.count("测试区公证处") == 1
    image = keeper.get(reverse("records:seal_picture", args=[seal.id]))
    assert (image.headers["Content-Type"], image.content[:4]) == ("image/png", b"\x89PNG")


def test_an_officer_stamps_by_the_page_and_takes_the_file_home(office: Office, clerk: Account) -> None:
    desk, grant = client(clerk), SealGrant.objects.get(account_id=clerk.id, subject_code="service.shop")
    address = reverse("records:seal_use", args=[office.seal.id])
    values = {"grant": str(grant.id), "purpose": "核发文书"}
    for data, kind in ((sample.plain(), "ofd"), (test_pdf.plain(), "pdf")):
        answer = desk.post(address, values | {"document": file(data)})
        assert answer.headers["Content-Disposition"] == f'attachment; filename="stamped.{kind}"'
        assert service.verify(answer.content).verdict == "valid"
    assert SealUse.objects.count() == 2
    page = client(office.keeper).get(reverse("records:seal", args=[office.seal.id])).text
    assert page.count("核发文书") == 2
    assert desk.post(address, values | {"document": file(b"no document")}).status_code == 422
    other = SealGrant.objects.get(account_id=office.officer.id, subject_code="service.shop")
    assert desk.post(address, values | {"grant": str(other.id), "document": file(sample.plain())}).status_code == 422
    assert SealUse.objects.count() == 2


def test_a_use_waits_for_the_second_person_by_pages(office: Office, clerk: Account) -> None:
    desk, grant = client(clerk), SealGrant.objects.get(account_id=clerk.id, subject_code="service.grave")
    address = reverse("records:seal_use", args=[office.seal.id])
    values = {"grant": str(grant.id), "purpose": "重大事项"}
    assert desk.post(address, values | {"document": file(sample.plain())}).status_code == 302
    request = SealRequest.objects.get()
    second = client(office.second)
    assert "重大事项" in second.get(reverse("records:seal_requests")).text
    decide = reverse("records:seal_decide", args=[request.id])
    assert second.post(decide, {"agree": "no", "note": ""}).status_code == 422
    assert second.post(decide, {"agree": "yes"}).status_code == 302
    assert "重大事项" not in second.get(reverse("records:seal_requests")).text
    answer = desk.post(address, values | {"document": file(sample.plain())})
    assert service.verify(answer.content).verdict == "valid"


def test_states_change_by_the_page_with_a_reason(office: Office) -> None:
    keeper, address = client(office.keeper), reverse("records:seal_move", args=[office.seal.id])
    assert keeper.post(address, {"act": "suspend", "reason": ""}).status_code == 422
    assert keeper.post(address, {"act": "burn", "reason": "x"}).status_code == 422
    assert Seal.objects.get().state == "active"
    for act, state in (("suspend", "suspended"), ("resume", "active"), ("destroy", "destroyed")):
        assert keeper.post(address, {"act": act, "reason": "盘点"}).status_code == 302
        assert Seal.objects.get().state == state
    assert keeper.post(address, {"act": "resume", "reason": "x"}).status_code == 409


@pytest.mark.parametrize("who", ["resident", "idle", "stranger"])
def test_the_pages_are_closed_to_others_and_nothing_happens(office: Office, who: str) -> None:
    visitor = client(getattr(office, who))
    grant = SealGrant.objects.get(subject_code="service.shop")
    pages: list[Callable[[], object]] = [
        lambda: visitor.get(reverse("records:seal", args=[office.seal.id])),
        lambda: visitor.get(reverse("records:seal_picture", args=[office.seal.id])),
        lambda: visitor.post(reverse("records:seal_move", args=[office.seal.id]), {"act": "destroy", "reason": "x"}),
        lambda: visitor.post(
            reverse("records:seal_allow", args=[office.seal.id]), {"subject_kind": "case", "subject_code": "x"}
        ),
        lambda: visitor.post(reverse("records:seal_withdraw", args=[office.seal.id, grant.id])),
    ]
    assert {page().status_code for page in pages} <= {403, 404}  # type: ignore[attr-defined]  # an answer
    assert Seal.objects.get().state == "active"
    assert SealGrant.objects.filter(withdrawn_at__isnull=False).count() == 0
    assert SealGrant.objects.count() == 3


def test_whoever_has_not_signed_in_is_sent_to_do_so(office: Office) -> None:
    for name in ("seals", "seal_new", "seal_requests"):
        answer = Client().get(reverse(f"records:{name}"))
        assert (answer.status_code, "/accounts/login" in answer.headers["Location"]) == (302, True)


def test_a_name_with_markup_is_shown_as_text(office: Office) -> None:
    SealGrant.objects.create(
        seal=office.seal, account_id=office.idle.id, subject_kind="case", subject_code="<script>alert(1)</script>"
    )
    page = client(office.keeper).get(reverse("records:seal", args=[office.seal.id])).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_everybody_checks_a_seal_on_the_page_and_over_http(office: Office) -> None:
    stamped = service.stamp_ofd(sample.plain(), office.seal.id, office.officer, sample_purpose())
    visitor = Client(headers={"accept-language": "en"})
    address = reverse("records:seal_check")
    assert visitor.get(address).status_code == 200
    page = visitor.post(address, {"file": file(stamped)}).text
    assert "The seal is genuine and the document unchanged." in page
    assert page.count('<li class="ok">') == 10
    assert office.seal.number in page
    altered = sample.changed(sample.CONTENT, lambda data: sample.flipped(data, len(data) // 2), stamped)
    page = visitor.post(address, {"file": file(altered)}).text
    assert "Do not rely on this document" in page
    assert f"Changed after stamping: {sample.CONTENT}." in page
    answer = visitor.post("/api/records/seals/verify", {"file": file(stamped)})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["verdict"], len(told["stamps"][0]["steps"])) == ("valid", 10)
    assert "This document bears no seal." in visitor.post(address, {"file": file(sample.plain())}).text
    assert "it is no readable ZIP" in visitor.post(address, {"file": file(b"nothing")}).text
    assert visitor.post(address, {}).status_code == 422


def test_a_flood_of_files_is_refused(office: Office) -> None:
    visitor, address = Client(headers={"accept-language": "en"}), reverse("records:seal_check")
    answers = [visitor.post(address, {"file": file(b"x")}).status_code for _ in range(checking.CHECKS.most + 1)]
    assert (set(answers[:-1]), answers[-1]) == ({200}, 429)


def sample_purpose() -> Purpose:
    return Purpose("case", "service.shop", "核发文书")
