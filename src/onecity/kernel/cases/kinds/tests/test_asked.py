"""The form of a kind is asked when a case is opened: as a second step of the page, and as `answers` over HTTP."""

from onecity.kernel.cases import service
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Form
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.tests.conftest import LONG_AGO, VILLAGE_A, Town
from onecity.kernel.cases.tests.test_pages import sign_in, text_of
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.ids import new_id

FORM = Form(
    schema={
        "type": "object",
        "properties": {"bags": {"type": "integer", "minimum": 1}, "smell": {"type": "string", "maxLength": 50}},
        "required": ["bags"],
        "additionalProperties": False,
    },
    ui={"fields": {"bags": {"title": {"zh": "几袋", "en": "Bags"}}}},
)


def publish() -> None:
    service.publish(CaseTypeDecl("waste", "Waste", provides=Provides(form=FORM)), effective_from=LONG_AGO)


def test_the_page_asks_in_a_second_step(town: Town) -> None:
    publish()
    client = sign_in(town["handler_a"])
    sent = {"type_name": "waste", "title": "路口垃圾", "division": VILLAGE_A, "key": str(new_id())}
    page = client.post("/desk/cases/new", sent)
    assert (page.status_code, Case.objects.count()) == (200, 0)
    assert "几袋" in text_of(page.content)
    again = {**sent, "answers_of": "waste", "answer.bags": "0", "answer.smell": "难闻"}
    page = client.post("/desk/cases/new", again)
    assert (page.status_code, Case.objects.count()) == (422, 0)
    assert 'value="难闻"' in page.content.decode()
    assert client.post("/desk/cases/new", {**again, "answer.bags": "3"}).status_code == 302
    assert Case.objects.get().answers == {"bags": 3, "smell": "难闻"}


def test_answers_over_http_are_checked(town: Town) -> None:
    publish()
    client = sign_in(town["handler_a"])
    body = {"type": "waste", "title": "路口垃圾", "division_path": VILLAGE_A}

    def send(**more: object) -> int:
        return client.post("/api/cases", {**body, **more}, content_type="application/json").status_code

    assert send() == 422
    assert send(answers={"bags": "x"}) == 422
    assert send(type="noise", answers={"bags": 1}) == 422
    assert Case.objects.count() == 0
    assert send(answers={"bags": 2}) == 201
    assert Case.objects.get().answers == {"bags": 2}
