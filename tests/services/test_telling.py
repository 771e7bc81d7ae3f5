"""What a person decides and what an office asks for reaches whoever applied, once, with the words that were written."""

import pytest

from onecity.domains.services.applying import drafting, filing, granting, sentences, telling
from onecity.domains.services.applying.models import Application, Outcome
from onecity.kernel.cases import acting
from onecity.kernel.cases.models import Case
from onecity.kernel.notify.models import Message
from tests.services.conftest import District
from tests.services.test_applying import ready

pytestmark = pytest.mark.django_db


def by_person(district: District) -> tuple[Application, Case]:
    """An application that a person decides, since what a register says was disputed."""
    work = ready(district.resident("pensioner"))
    drafting.dispute(work, "household_book", "我已于上月迁入人民路。")
    drafting.add_file(work, "household_book", "户口簿.pdf", b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n")
    application = filing.send(work)
    return application, Case.objects.defer("search").get(id=application.case_id)


def told(template: str) -> list[Message]:
    return list(Message.objects.filter(template=template).order_by("created_at"))


@pytest.mark.parametrize(
    ("step", "outcome", "state"), [("approve", Outcome.ISSUED, "已批准"), ("refuse", Outcome.REFUSED, "不予批准")]
)
def test_an_outcome_is_told_once_with_its_reason(district: District, step: str, outcome: Outcome, state: str) -> None:
    application, case = by_person(district)
    clerk = district.clerk()
    acting.act(case.id, "accept", clerk)
    acting.act(case.id, step, clerk, "材料核实无误" if step == "approve" else "不符合条件")
    granting.follow()
    granting.follow()
    application.refresh_from_db()
    assert application.outcome == outcome
    [message] = told(sentences.DECIDED)
    assert (message.account_id, message.link) == (application.account_id, f"/my/applications/{case.number}")
    assert message.context["state"]["zh"] == state
    assert message.context["number"] == case.number


def test_a_question_of_the_office_is_told_once_and_the_next_one_again(district: District) -> None:
    _application, case = by_person(district)
    clerk = district.clerk()
    assert telling.asked() == 0
    acting.act(case.id, "accept", clerk)
    acting.act(case.id, "ask", clerk, "请补充户口簿首页")
    assert telling.asked() == 1
    assert telling.asked() == 0
    acting.act(case.id, "correct", None, "已补充")
    acting.act(case.id, "ask", clerk, "照片不清晰")
    assert telling.asked() == 1
    assert [message.context["note"] for message in told(sentences.ASKED)] == ["请补充户口簿首页", "照片不清晰"]
