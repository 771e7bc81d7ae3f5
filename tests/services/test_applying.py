"""From the first question to the certificate: nothing is asked that the city holds, nothing is filed or issued twice."""

from collections.abc import Callable

import pytest

from onecity.domains.services.applying import deciding, drafting, filing
from onecity.domains.services.applying.models import Application, Decision, Draft, RegisterUse
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.models import Certificate
from tests.services.conftest import District

pytestmark = pytest.mark.django_db
ACCOUNT = {"bank_account": "6222021234567890"}


def ready(account: Account) -> drafting.Work:
    """A draft of the allowance with all that only the applicant knows."""
    draft = drafting.begin(account, "elderly_allowance")
    work = drafting.open_draft(draft.id, account)
    drafting.answer(work, ["bank_account"], ACCOUNT)
    drafting.commit(work, ["not_alive_elsewhere"])
    return work


def test_a_pensioner_is_decided_at_once_and_holds_the_certificate(district: District) -> None:
    account = district.resident("pensioner")
    work = ready(account)
    assert {one.key: one.way for one in drafting.materials(work)} == {
        "identity": "register", "household_book": "register", "not_alive_elsewhere": "commitment",
    }  # fmt: skip
    application = filing.send(work)
    assert application.waiting
    deciding.decide_many([application])
    application.refresh_from_db()
    case = Case.objects.defer("search").get(id=application.case_id)
    assert (application.outcome, application.waiting, case.state, case.is_open) == ("issued", False, "issued", False)
    assert list(CaseEvent.objects.filter(case=case).order_by("version").values_list("action", "to_state")) == [
        ("open", "submitted"), ("issue", "issued"),
    ]  # fmt: skip
    decision = Decision.objects.get()
    assert (decision.table_name, decision.table_number, decision.fired) == ("elderly_allowance", 1, [2])
    assert decision.inputs == {"household.age": "73", "household.local": True}
    assert decision.explanation == {
        "zh": ["核对了：年龄：73；本区户籍：是。", "依据第2条规则：年满70周岁。"],
        "en": ["Looked at: Age: 73; Registered in the district: yes.", "By rule 2: 70 years or over."],
    }
    certificate = Certificate.objects.get()
    assert certificate.id == application.certificate_id
    assert (certificate.type_code, certificate.holder_name, certificate.account_id) == (
        "senior_card", account.display_name, account.id,
    )  # fmt: skip
    assert certificate.claims["amount"] == 180
    assert (certificate.valid_until.isoformat() if certificate.valid_until else "") == "2027-11-22"


def test_every_question_to_a_register_is_written_down(district: District) -> None:
    account = district.resident("pensioner")
    ready(account)
    use = RegisterUse.objects.get()
    assert (use.register, use.result, use.asker_id, use.purpose) == (
        "household", "found", account.id, "办理“高龄津贴申领”",
    )  # fmt: skip
    assert use.legal_basis == "老年人权益保障法 第三十三条"
    assert set(use.fields) == {
        "age", "local", "name", "birth_date", "household_number", "registered_address", "phone",
    }  # fmt: skip
    assert len(use.digest) == 64


def test_two_clicks_file_once(district: District) -> None:
    work = ready(district.resident("pensioner"))
    first = filing.send(work)
    second = filing.send(work)
    assert first.id == second.id
    assert (Application.objects.count(), Case.objects.count()) == (1, 1)
    deciding.decide_many([first])
    deciding.decide_many([Application.objects.get()])
    assert (Decision.objects.count(), Certificate.objects.count()) == (1, 1)


def test_starting_twice_goes_on_with_the_same_draft(district: District) -> None:
    account = district.resident("pensioner")
    first = drafting.begin(account, "elderly_allowance")
    assert drafting.begin(account, "elderly_allowance").id == first.id
    # the registers were asked once, since their answer is fresh
    assert RegisterUse.objects.count() == 1


def test_whoever_is_too_young_is_told_before_he_sends_it(district: District) -> None:
    work = ready(district.resident("graduate"))
    with pytest.raises(Problem) as raised:
        filing.send(work)
    assert [one.field for one in raised.value.errors] == ["conditions"]
    assert (Application.objects.count(), Case.objects.count()) == (0, 0)
    assert Draft.objects.get().state == "open"


def test_a_register_that_is_away_costs_a_paper_and_not_the_draft(district: District) -> None:
    district.registers.away.add("household")
    account = district.resident("pensioner")
    draft = drafting.begin(account, "elderly_allowance")
    work = drafting.open_draft(draft.id, account)
    found = {one.key: (one.way, one.failed) for one in drafting.materials(work)}
    assert found["identity"] == ("missing", ("away",))
    assert RegisterUse.objects.get().result == "away"
    drafting.answer(work, ["bank_account"], ACCOUNT)
    district.registers.away.clear()
    drafting.refresh(work, account)
    assert {one.key: one.way for one in drafting.materials(work)}["identity"] == "register"
    assert work.draft.answers["bank_account"] == ACCOUNT["bank_account"]


def test_what_is_disputed_goes_to_a_person(district: District) -> None:
    work = ready(district.resident("pensioner"))
    drafting.dispute(work, "household_book", "我已于上月迁入人民路。")
    assert {one.key: one.way for one in drafting.materials(work)}["household_book"] == "missing"
    drafting.add_file(work, "household_book", "户口簿.pdf", b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n")
    application = filing.send(work)
    assert (application.waiting, application.person) == (False, "disputed")
    assert application.disputed == {"household_book": "我已于上月迁入人民路。"}
    assert deciding.decide_waiting() == 0
    assert (Decision.objects.count(), Certificate.objects.count()) == (0, 0)


def test_a_running_case_keeps_the_version_it_began_with(district: District, offer: Callable[..., None]) -> None:
    application = filing.send(ready(district.resident("pensioner")))
    case = Case.objects.defer("search").get(id=application.case_id)
    offer(name={"zh": "高龄津贴（新）", "en": "New allowance"}, results=[])
    deciding.decide_many([application])
    application.refresh_from_db()
    assert (application.item_number, case.type_version) == (1, 1)
    # the version that it was sent under ends with a certificate, the new one without
    assert Certificate.objects.count() == 1
    district.made.clear()
    veteran = filing.send(ready(district.resident("veteran")))
    assert (veteran.item_number, Case.objects.defer("search").get(id=veteran.case_id).type_version) == (2, 2)


def test_a_draft_reads_the_version_in_force_and_keeps_what_was_said(
    district: District, offer: Callable[..., None]
) -> None:
    account = district.resident("pensioner")
    work = ready(account)
    offer(name={"zh": "高龄津贴（新）", "en": "New allowance"})
    again = drafting.open_draft(work.draft.id, account)
    assert (again.draft.item_number, again.draft.answers["bank_account"]) == (2, ACCOUNT["bank_account"])


def test_a_failure_between_decision_and_certificate_leaves_nothing_behind(
    district: District, offer: Callable[..., None]
) -> None:
    # the authority's code is wrong, so that the certificate is refused after the decision was written
    authority = {"department": "civil_affairs", "name": {"zh": "民政局", "en": ""}, "uscc": "11990000MA000000K1"}
    application = filing.send(ready(district.resident("pensioner")))
    Application.objects.filter(id=application.id).update(item_code="broken_allowance")
    offer(code="broken_allowance", authority=authority)
    with pytest.raises(Problem):
        deciding.decide_waiting()
    application.refresh_from_db()
    assert (application.waiting, application.outcome) == (True, "")
    assert (Decision.objects.count(), Certificate.objects.count()) == (0, 0)
    assert Case.objects.defer("search").get(id=application.case_id).state == "submitted"
    Application.objects.filter(id=application.id).update(item_code="elderly_allowance")
    assert deciding.decide_waiting() == 1
    assert (Decision.objects.count(), Certificate.objects.count()) == (1, 1)


def test_what_no_rule_decides_goes_to_a_person(district: District) -> None:
    application = filing.send(ready(district.resident("pensioner")))
    Application.objects.filter(id=application.id).update(facts={"household.age": 180, "household.local": True})
    assert deciding.decide_waiting() == 1
    application.refresh_from_db()
    assert (application.waiting, application.person, application.outcome) == (False, "outside:household.age"[:20], "")
    assert Case.objects.defer("search").get(id=application.case_id).state == "submitted"
