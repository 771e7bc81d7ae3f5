"""Who sees whose name follows the policy, on every page, over HTTP and in files, and never what a page thinks of it."""

import io
from pathlib import Path

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import translation

import onecity.kernel.cases
from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.models import Case, NamePolicy, Participant
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.scoring import drilling
from onecity.kernel.cases.scoring.export import cases_book
from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, MONDAY, Town, litter
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account, Role, RoleAssignment

MASKED = "张* 138****0000"
CODE = "ABCDEFGHJK"


@pytest.fixture
def writer(town: Town) -> Account:
    role = Role.objects.create(name="names", title="姓名", permissions=["cases.view", "cases.names"])
    account = Account.objects.create_user("writer", display_name="规则员", email="writer@example.org")
    RoleAssignment.objects.create(account=account, role=role, division_path=DISTRICT, valid_from=LONG_AGO)
    return account


@pytest.fixture
def case(town: Town) -> Case:
    made = service.open_case(litter(reporter=Person(name="张三", phone="13800000000", code=CODE)))
    service.assign(made.id, town["handler_a"].id, town["dispatcher_a"])
    service.act(made.id, "accept", town["handler_a"])
    Participant.objects.create(case=made, organisation_id=town.bodies["b"].id, kind="joint", state="asked")
    made.refresh_from_db()
    assert made.reporter_shown == MASKED
    return made


def say(writer: Account, **rules: str) -> NamePolicy:
    newest = NamePolicy.objects.order_by("-version").first()
    held = {name: getattr(naming.in_force(), name) for name, *_more in naming.LINES}
    return naming.change(writer, {**held, **rules}, "试行", newest.version if newest else 0)


def page(account: Account | None, address: str) -> str:
    client = Client()
    if account:
        client.force_login(account)
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:300]
    return str(answer.json()) if address.startswith("/api/") else answer.content.decode()


def followed(case: Case) -> str:
    client = Client()
    client.post("/report/find", {"number": case.number, "code": CODE})
    return client.get(f"/report/{case.number}").content.decode()


def test_who_handles_it_sees_the_reporter_masked_until_the_policy_says_otherwise(
    town: Town, case: Case, writer: Account
) -> None:
    address = f"/desk/cases/{case.id}"
    assert MASKED in page(town["dispatcher_a"], address)
    assert MASKED in page(town["handler_b"], address)
    say(writer, reporter_helping="none")
    assert MASKED in page(town["dispatcher_a"], address)
    assert MASKED not in page(town["handler_b"], address)
    say(writer, reporter_handling="none")
    assert MASKED not in page(town["dispatcher_a"], address)
    # the way to the full name stays the one with right and purpose
    assert "13800000000" not in page(town["dispatcher_a"], address)


def test_bodies_that_help_see_the_names_of_staff_only_where_it_says_so(town: Town, case: Case, writer: Account) -> None:
    for address in (f"/desk/cases/{case.id}", f"/api/cases/{case.id}"):
        assert "handler_a·姓名" in page(town["handler_b"], address)
    say(writer, staff_helping="none")
    for address in (f"/desk/cases/{case.id}", f"/api/cases/{case.id}"):
        assert "handler_a·姓名" not in page(town["handler_b"], address)
        assert "dispatcher_a·姓名" not in page(town["handler_b"], address)
        assert "handler_a·姓名" in page(town["second_a"], address)


def test_residents_see_staff_as_far_as_it_says(town: Town, case: Case, writer: Account) -> None:
    assert "姓名" not in followed(case)
    say(writer, staff_reporter="masked")
    told = followed(case)
    assert "handler_a·姓名" not in told
    assert naming.named("handler_a·姓名", "masked") in told
    say(writer, staff_reporter="full")
    assert followed(case).count("handler_a·姓名") == 2


def test_files_follow_it(town: Town, case: Case, writer: Account) -> None:
    def cells() -> str:
        with acting_as(town["dispatcher"].id), translation.override("en"):
            acts = drilling.behind(town.bodies["a"].id, "received", MONDAY.date(), MONDAY.date()).acts
            book = openpyxl.load_workbook(io.BytesIO(cases_book(acts, "t", "m", MONDAY)))
        return str([[cell.value for cell in row] for row in book.worksheets[0].rows])

    assert MASKED in cells()
    say(writer, reporter_files="none")
    assert MASKED not in cells()
    assert case.number in cells()


def test_a_call_shows_the_callers_before_as_it_says(town: Town, case: Case, writer: Account) -> None:
    client = Client()
    client.force_login(town["handler_a"])
    sent = {"do": "look", "about": "phone", "phone": "13800000000"}
    assert MASKED in client.post("/desk/intake", sent).content.decode()
    say(writer, reporter_handling="none")
    assert MASKED not in client.post("/desk/intake", sent).content.decode()


def test_no_template_reads_a_name_by_itself() -> None:
    root = Path(onecity.kernel.cases.__file__).parent / "templates"
    found = [path.name for path in root.rglob("*.html") if "reporter_shown" in path.read_text(encoding="utf-8")]
    assert found == []


def test_it_is_changed_with_a_right_and_a_reason_and_logged(town: Town, writer: Account) -> None:
    def refused(account: Account, reason: str = "试行", seen: int = 0, **rules: str) -> int:
        with pytest.raises(Problem) as problem:
            naming.change(account, rules, reason, seen)
        return problem.value.status

    assert refused(town["dispatcher"], staff_reporter="full") == 403
    assert refused(writer, " ", staff_reporter="full") == 422
    assert refused(writer, staff_reporter="everything") == 422
    assert refused(writer, reporter_handling="full") == 422
    assert refused(writer) == 422
    assert refused(writer, seen=3, staff_reporter="full") == 409
    assert NamePolicy.objects.count() == 0
    made = naming.change(writer, {"staff_reporter": "full"}, "便民", 0)
    assert (made.version, naming.in_force().staff_reporter) == (1, "full")
    logged = AuditEvent.objects.get(action="cases.names")
    assert (logged.actor_id, logged.purpose) == (writer.id, "便民")


def test_the_page_shows_and_changes_it(town: Town, writer: Account) -> None:
    reader, client = Client(), Client()
    reader.force_login(town["handler_a"])
    client.force_login(writer)
    assert "<select" not in reader.get("/desk/names").content.decode()
    rules = {name: getattr(naming.Rules(), name) for name, *_more in naming.LINES}
    sent = {**rules, "staff_reporter": "masked", "reason": "公开经办人", "version": "0"}
    assert reader.post("/desk/names", sent).status_code == 403
    assert client.post("/desk/names", {**sent, "reason": ""}).status_code == 422
    assert client.post("/desk/names", sent).status_code == 302
    assert client.post("/desk/names", {**sent, "staff_reporter": "full"}).status_code == 409
    assert "公开经办人" in reader.get("/desk/names").content.decode()


def test_versions_are_changed_by_nobody(town: Town, writer: Account) -> None:
    say(writer, staff_reporter="full")
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    try:
        with acting_as(writer.id), pytest.raises(DatabaseError), transaction.atomic():
            NamePolicy.objects.update(rules={})
        with acting_as(town["handler_a"].id), pytest.raises(DatabaseError), transaction.atomic():
            NamePolicy.objects.create(version=2, rules={}, reason="x", by_id=town["handler_a"].id, by_name="x")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    assert naming.in_force().staff_reporter == "full"
