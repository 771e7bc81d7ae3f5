"""What a kind asks is asked of residents and of whoever takes calls as at the desk: in a second step without JavaScript,
checked by the same code, and photos chosen in the first step are not lost."""

import os
import time
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onecity.kernel.cases import service
from onecity.kernel.cases.intake.resident import waiting
from onecity.kernel.cases.kinds.tests.test_asked import FORM
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.models import Attachment, Case
from onecity.kernel.cases.tests.conftest import LONG_AGO, TOWN_A, VILLAGE_A, Town
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.tests.test_pictures import photo

KEY = uuid.UUID("00000000-0000-7000-8000-000000000009")


@pytest.fixture
def kinds(town: Town) -> Town:
    service.publish(
        CaseTypeDecl("waste", "Waste", residents=True, provides=Provides(form=FORM)), effective_from=LONG_AGO
    )
    service.publish(CaseTypeDecl("hotline_help", "Help", residents=True), effective_from=LONG_AGO)
    return town


def report(**more: Any) -> dict[str, Any]:
    return {"text": "公交站后面有垃圾", "kind": "waste", "division": TOWN_A, "key": str(KEY), **more}


def test_a_resident_is_asked_in_a_second_step_and_keeps_his_photos(kinds: Town, app_role: None) -> None:
    client = Client()
    pictures = [SimpleUploadedFile("a.jpg", photo()), SimpleUploadedFile("b.jpg", photo((80, 60)))]
    first = client.post("/report", report(photos=pictures))
    page = first.content.decode()
    assert (first.status_code, waiting.count(KEY)) == (200, 2)
    assert 'name="answer.bags"' in page
    assert 'name="answers_of" value="waste"' in page
    assert "已保留 2 张照片" in page
    wrong = client.post("/report", report(answers_of="waste", **{"answer.bags": "0", "answer.smell": "难闻"}))
    page = wrong.content.decode()
    assert (wrong.status_code, waiting.count(KEY)) == (422, 2)
    assert 'value="难闻"' in page
    assert 'aria-invalid="true"' in page
    done = client.post("/report", report(answers_of="waste", **{"answer.bags": "3"}))
    assert (done.status_code, waiting.count(KEY)) == (302, 0)
    client.post("/report", report(answers_of="waste", **{"answer.bags": "3"}))
    number = done["Location"].split("/")[2].partition("?")[0]
    assert client.get(f"/report/{number}").content.decode().count("<img ") == 2


def test_what_was_answered_is_with_the_case(kinds: Town) -> None:
    client = Client()
    client.post("/report", report(answers_of="waste", **{"answer.bags": "3", "answer.smell": "难闻"}))
    assert Case.objects.get().answers == {"bags": 3, "smell": "难闻"}


def test_who_changes_the_kind_is_asked_what_the_new_one_asks(kinds: Town) -> None:
    client = Client()
    answer = client.post("/report", report(answers_of="other", **{"answer.bags": "3"}))
    assert (answer.status_code, Case.objects.count()) == (200, 0)
    # a kind that asks nothing is opened at once, and the answers to another are not taken for its own
    assert client.post("/report", report(kind="", answers_of="waste", **{"answer.bags": "3"})).status_code == 302
    case = Case.objects.get()
    assert (case.type_name, case.answers) == ("hotline_help", {})


def test_photos_that_nobody_sent_on_go(kinds: Town) -> None:
    waiting.keep(KEY, [("a", b"x")])
    folder = waiting._folder(KEY)
    old = time.time() - waiting.WAITS_S - 1
    os.utime(folder, (old, old))
    waiting.keep(uuid.uuid4(), [])
    assert waiting.count(KEY) == 0
    assert Attachment.objects.count() == 0


def call(**more: Any) -> dict[str, Any]:
    values = {"phone": "138 1234-5678", "text": "菜场门口垃圾", "kind": "waste", "division": VILLAGE_A, "key": str(KEY)}
    return {**values, **more}


def test_whoever_takes_a_call_is_asked_as_soon_as_the_kind_is_chosen(kinds: Town) -> None:
    client = Client()
    client.force_login(kinds["handler_a"])
    look = client.post("/desk/intake", call(do="look")).content.decode()
    assert 'name="answer.bags"' in look
    assert 'name="answer.bags"' not in client.post("/desk/intake", call(do="look", kind="noise")).content.decode()
    asked = client.post("/desk/intake", call(do="open"))
    assert (asked.status_code, Case.objects.count()) == (200, 0)
    wrong = client.post("/desk/intake", call(do="open", answers_of="waste", **{"answer.bags": "zwei"}))
    assert (wrong.status_code, Case.objects.count()) == (422, 0)
    assert 'aria-invalid="true"' in wrong.content.decode()
    right = client.post("/desk/intake", call(do="open", answers_of="waste", **{"answer.bags": "2"}))
    assert right.status_code == 302
    assert Case.objects.get().answers == {"bags": 2}
