"""Residents report, find, follow, answer and rate: with an account or a code, once each, and see nobody else's case."""

import threading
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from onecity.kernel.cases import service
from onecity.kernel.cases.intake.resident import filing, views
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Rating as RatingRule
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, Rating, Reporter
from onecity.kernel.cases.tests.conftest import LONG_AGO, TOWN_A, TOWN_B, Town
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.tests.test_pictures import camera, photo
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Account

KEY = uuid.UUID("00000000-0000-7000-8000-000000000001")


def publish() -> None:
    service.publish(CaseTypeDecl("bad_rating", "Bad rating", manual=False), effective_from=LONG_AGO)
    for name, title in (("litter", "Litter"), ("hotline_help", "Help")):
        provides = Provides(rating=RatingRule(bad=2, opens="bad_rating"), reopens_days=15)
        service.publish(
            CaseTypeDecl(name, title, deadline=(5, "working_days"), residents=True, provides=provides),
            effective_from=LONG_AGO,
        )


@pytest.fixture
def kinds(town: Town) -> Town:
    publish()
    return town


def sent(**more: Any) -> dict[str, Any]:
    return {"text": "公交站后面有垃圾\n三天没人清", "kind": "litter", "division": TOWN_A, "key": str(KEY), **more}


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def close(case: Case) -> None:
    for action in ("accept", "start", "finish", "verify", "close"):
        service.act(case.id, action, None, "已清运完毕")


def test_without_an_account_it_is_reported_once_and_followed_by_its_code(kinds: Town, app_role: None) -> None:
    client = Client()
    assert 'name="text"' in page(client, "/report")
    pictures = [SimpleUploadedFile("a.jpg", photo(exif=camera())), SimpleUploadedFile("b.jpg", photo((80, 60)))]
    first = client.post("/report", sent(photos=pictures, name="王小明", phone="13812345678"))
    assert first.status_code == 302, first.content.decode()
    number = first["Location"].split("/")[2].partition("?")[0]
    again = client.post("/report", sent(name="王小明", phone="13812345678"))
    assert again["Location"] == first["Location"]
    shown = page(client, f"/report/{number}")
    code = filing.code_of(KEY)
    assert code[:5] in shown
    assert "公交站后面有垃圾" in shown
    assert shown.count("<img ") == 2
    stranger = Client()
    page(stranger, f"/report/{number}", 404)
    assert stranger.post("/report/find", {"number": number, "code": "ABCDE23456"}).status_code == 404
    found = stranger.post("/report/find", {"number": number, "code": f" {code.lower()[:5]}-{code[5:]} "})
    assert found["Location"] == f"/report/{number}"
    assert "公交站后面有垃圾" in page(stranger, f"/report/{number}")


def test_what_was_filed_is_one_case_with_its_reporter_masked_and_photos(kinds: Town) -> None:
    pictures = [SimpleUploadedFile("a.jpg", photo(exif=camera()))]
    Client().post("/report", sent(photos=pictures, name="王小明", phone="13812345678", kind=""))
    case = Case.objects.get()
    assert (case.type_name, case.title, case.source) == ("hotline_help", "公交站后面有垃圾", "resident")
    assert case.reporter_shown == "王** 138****5678"
    assert Reporter.objects.get().phone == "13812345678"
    assert (Attachment.objects.get().lon, Attachment.objects.get().lat) == (121.46, 30.92)
    assert [e.action for e in CaseEvent.objects.order_by("version")] == ["open", "attach"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": " "}, "text"),
        ({"division": ""}, "division"),
        ({"division": "adm/1/"}, "division"),
        ({"lon": "121.4"}, "lat"),
        ({"lon": "500", "lat": "30"}, "lon"),
        ({"kind": "noise"}, "kind"),
        ({"phone": "<script>"}, "phone"),
        ({"key": "x"}, "key"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_opened(kinds: Town, wrong: dict[str, str], sentence: str) -> None:
    answer = Client(headers={"accept-language": "en"}).post("/report", sent(**wrong))
    assert answer.status_code == 422
    assert f'id="id_{sentence}' in answer.content.decode() or sentence == "key"
    assert Case.objects.count() == 0


def test_a_photo_that_is_none_opens_nothing(kinds: Town) -> None:
    files = [SimpleUploadedFile("a.jpg", photo()), SimpleUploadedFile("b.jpg", b"<svg onload=alert(1)>")]
    answer = Client(headers={"accept-language": "en"}).post("/report", sent(photos=files))
    assert answer.status_code == 422
    assert "Only photos" in answer.content.decode()
    assert Case.objects.count() == Attachment.objects.count() == Reporter.objects.count() == 0
    five = [SimpleUploadedFile(f"{n}.jpg", photo()) for n in range(5)]
    assert Client().post("/report", sent(photos=five)).status_code == 422
    assert Case.objects.count() == 0


def test_a_signed_in_resident_has_a_list_and_no_other_account_sees_it(kinds: Town, app_role: None) -> None:
    client, other = Client(), Client()
    client.force_login(Account.objects.create_user("resident", display_name="居民"))
    other.force_login(Account.objects.create_user("neighbour", display_name="邻居"))
    number = client.post("/report", sent())["Location"].split("/")[2].partition("?")[0]
    del client.session["reports"]
    assert "公交站后面有垃圾" in page(client, "/report/mine")
    assert "公交站后面有垃圾" in page(client, f"/report/{number}")
    assert "公交站后面有垃圾" not in page(other, "/report/mine")
    page(other, f"/report/{number}", 404)
    assert other.post(f"/report/{number}/say", {"text": "我的"}).status_code == 404
    assert other.post(f"/report/{number}/rate", {"stars": "1", "text": "差"}).status_code == 404
    staff = Client()
    staff.force_login(kinds["handler_a"])
    page(staff, f"/report/{number}", 404)


def test_a_word_reaches_who_has_the_case_and_reopens_it_when_it_is_not_solved(kinds: Town) -> None:
    client = Client()
    number = client.post("/report", sent())["Location"].split("/")[2].partition("?")[0]
    case = Case.objects.get()
    close(case)
    shown = page(client, f"/report/{number}")
    assert "已清运完毕" in shown
    assert kinds["handler_a"].display_name not in shown
    assert client.post(f"/report/{number}/say", {"text": " "}).status_code == 422
    before = Message.objects.count()
    assert client.post(f"/report/{number}/say", {"text": "又有了", "unsolved": "on"}).status_code == 302
    case.refresh_from_db()
    assert (case.is_open, case.round) == (True, 2)
    assert Message.objects.count() > before


def test_two_stars_with_a_reason_open_a_case_and_nobody_rates_twice(kinds: Town) -> None:
    client = Client()
    number = client.post("/report", sent())["Location"].split("/")[2].partition("?")[0]
    assert client.post(f"/report/{number}/rate", {"stars": "2", "text": "早"}).status_code == 409
    close(Case.objects.get())
    assert client.post(f"/report/{number}/rate", {"stars": "7"}).status_code == 422
    assert client.post(f"/report/{number}/rate", {"stars": "2", "text": "只清了一半"}).status_code == 302
    assert client.post(f"/report/{number}/rate", {"stars": "5", "text": "改"}).status_code == 409
    assert Rating.objects.get().stars == 2
    bad = Case.objects.get(type_name="bad_rating")
    assert bad.description == "只清了一半"
    assert 'class="off"' in page(client, f"/report/{number}")


def test_words_suggest_kinds_that_residents_may_report(kinds: Town, app_role: None) -> None:
    client = Client()
    assert b"take" not in client.post("/report/kinds", {"text": "路边一堆生活垃圾没人清理"}).content
    assert client.post("/report/kinds", {"text": "\0"}).status_code == 200
    assert client.get("/report/kinds").status_code == 405


def test_codes_cannot_be_guessed_for_long_and_refused_guesses_count(kinds: Town) -> None:
    client = Client()
    statuses = [
        client.post("/report/find", {"number": "2026-000001", "code": f"ABCDE2345{n % 8}"}).status_code
        for n in range(views.GUESSES.most + 2)
    ]
    assert statuses == [404] * views.GUESSES.most + [429] * 2


def test_one_address_does_not_flood_the_offices(kinds: Town) -> None:
    answers = [
        Client().post("/report", sent(key=str(uuid.uuid4()))).status_code for _n in range(views.REPORTS.most + 1)
    ]
    assert answers == [302] * views.REPORTS.most + [429]
    assert Case.objects.count() == views.REPORTS.most


def test_scripts_in_texts_and_names_are_shown_as_text(kinds: Town) -> None:
    client = Client()
    evil = "<script>alert(1)</script>"
    answer = client.post("/report", sent(text=evil, address=evil, photos=[SimpleUploadedFile(f"{evil}.jpg", photo())]))
    shown = page(client, answer["Location"])
    assert evil not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_file_once(committed_town: Town) -> None:
    publish()
    barrier, places = threading.Barrier(4), []

    def click() -> None:
        client = Client()
        barrier.wait()
        try:
            places.append(client.post("/report", sent(division=TOWN_B))["Location"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(places) == 4
    assert len(set(places)) == 1
    assert (Case.objects.count(), CaseEvent.objects.count(), Reporter.objects.count()) == (1, 1, 1)
