"""An operator takes calls: the case and its code, the caller's history with its log, what is near, and who reported it."""

import uuid
from typing import Any

import pytest
from django.test import Client

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.intake.operator import calls
from onecity.kernel.cases.intake.resident import filing
from onecity.kernel.cases.logic import telephone
from onecity.kernel.cases.models import Case, CaseEvent, Reporter, SuggestionChosen, SuggestionShown
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.conftest import LONG_AGO, TOWN_A, TOWN_B, VILLAGE_A, Town, litter
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.people.models import Account, Role, RoleAssignment

KEY = uuid.UUID("00000000-0000-7000-8000-000000000002")
PHONE = "13812345678"


def sign_in(account: Account) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(account)
    return client


def call(**more: Any) -> dict[str, Any]:
    values = {"do": "open", "phone": "138 1234-5678", "name": "王小明", "text": "菜场门口垃圾满了\n从昨天起"}
    return {**values, "kind": "litter", "division": VILLAGE_A, "key": str(KEY), **more}


def test_a_call_becomes_one_case_and_the_caller_gets_number_and_code(town: Town, app_role: None) -> None:
    client = sign_in(town["handler_a"])
    assert "Nothing open" not in client.get("/desk/intake").content.decode()
    for _again in range(2):
        answer = client.post("/desk/intake", call())
        assert answer.status_code == 302, answer.content.decode()
    shown = client.get(answer["Location"]).content.decode()
    with acting_as(town["handler_a"].id):
        case = Case.objects.defer("search").get()
        assert [e.action for e in CaseEvent.objects.all()] == ["open"]
    code = filing.code_of(KEY)
    assert case.number in shown
    assert f"{code[:5]} {code[5:]}" in shown
    assert (case.title, case.source, case.opened_by_id) == ("菜场门口垃圾满了", "hotline", town["handler_a"].id)
    assert case.reporter_shown == "王** 138****5678"
    caller = Client()
    assert caller.post("/report/find", {"number": case.number, "code": code})["Location"] == f"/report/{case.number}"


def test_looking_up_files_nothing_masks_the_caller_and_is_logged(town: Town, app_role: None) -> None:
    client = sign_in(town["handler_a"])
    client.post("/desk/intake", call())
    answer = client.post("/desk/intake", call(do="look", phone="+86 138 1234 5678", text="", key=str(uuid.uuid4())))
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "138****5678" in shown
    assert "王** 138****5678" in shown
    assert "王小明" not in shown.replace('value="王小明"', "")
    with acting_as(town["handler_a"].id):
        assert Case.objects.count() == 1


def test_each_look_up_of_a_number_is_written_down_with_its_purpose(town: Town) -> None:
    service.open_case(litter(reporter=Person(phone=PHONE)))
    number = Case.objects.get().number
    client = sign_in(town["handler_a"])
    client.post("/desk/intake", call(do="look", about="case"))
    assert AuditEvent.objects.filter(action="cases.caller.read").count() == 0
    client.post("/desk/intake", call(do="look", about="phone"))
    logged = AuditEvent.objects.get(action="cases.caller.read")
    assert (logged.actor_id, logged.purpose, logged.object_id) == (town["handler_a"].id, "Taking a call", "138****5678")
    assert number not in logged.purpose
    assert PHONE not in f"{logged.detail}"


def test_the_history_of_a_caller_ends_at_ones_own_divisions_and_at_his_wish(town: Town, app_role: None) -> None:
    for title, path, hidden in (("甲", TOWN_A, False), ("乙", TOWN_B, False), ("丙", TOWN_A, True)):
        who = "handler_a" if path == TOWN_A else "handler_b"
        answer = sign_in(town[who]).post(
            "/desk/intake",
            call(text=f"{title}处有垃圾", division=path, key=str(uuid.uuid4()), **({"hidden": "on"} if hidden else {})),
        )
        assert answer.status_code == 302
    shown = sign_in(town["handler_a"]).post("/desk/intake", call(do="look", text="", about="phone")).content.decode()
    assert [f"{title}处有垃圾" in shown for title in "甲乙丙"] == [True, False, False]


def test_who_asks_for_too_many_numbers_is_stopped(town: Town) -> None:
    client = sign_in(town["handler_a"])
    for n in range(calls.LOOKUPS.most):
        calls.caller(f"139{n:08d}", town["handler_a"], "test")
    shown = client.post("/desk/intake", call(do="look", about="phone")).content.decode()
    assert "tried too often" in shown
    assert AuditEvent.objects.filter(action="cases.caller.read").count() == calls.LOOKUPS.most


def test_open_cases_near_the_point_come_nearest_first(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # the divisions of these tests have no outlines
    monkeypatch.setattr("onecity.kernel.places.service.locate", lambda lon, _lat: [VILLAGE_A] * len(lon))
    for title, lon, lat, path in (
        ("远", 121.405, 30.9, VILLAGE_A), ("近", 121.4005, 30.9, VILLAGE_A), ("旁", 121.402, 30.9, VILLAGE_A),
        ("别处", 121.4, 30.9, TOWN_B),
    ):  # fmt: skip
        service.open_case(litter(title=title, lon=lon, lat=lat, division_path=path))
    found = calls.near(town["handler_a"], 121.4, 30.9, "", "")
    assert [(one.row.case.title, one.metres) for one in found] == [("近", 48), ("旁", 191)]
    same = calls.near(town["handler_a"], None, None, TOWN_A, "litter")
    assert sorted(one.row.case.title for one in same) == ["旁", "近", "远"]
    assert calls.near(town["handler_a"], None, None, TOWN_A, "noise") == []
    assert calls.near(town["handler_a"], None, None, "", "litter") == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"text": " "}, 422),
        ({"kind": ""}, 422),
        ({"kind": "nothing"}, 422),
        ({"division": ""}, 422),
        ({"division": TOWN_B}, 422),
        ({"phone": "<b>"}, 422),
        ({"lon": "121.4"}, 422),
        ({"key": "x"}, 422),
    ],
)
def test_what_is_wrong_opens_nothing_and_keeps_what_was_written(town: Town, wrong: dict[str, str], status: int) -> None:
    answer = sign_in(town["handler_a"]).post("/desk/intake", call(**wrong))
    assert answer.status_code == status
    assert 'value="王小明"' in answer.content.decode()
    assert (Case.objects.count(), Reporter.objects.count()) == (0, 0)


def test_words_suggest_kinds_and_what_became_of_them_is_recorded(town: Town) -> None:
    service.publish(CaseTypeDecl("exposed_litter", "Litter left lying"), effective_from=LONG_AGO)
    client = sign_in(town["handler_a"])
    shown = client.post("/desk/intake", call(do="look", about="case", kind="", text="路边一堆生活垃圾没人清理"))
    assert 'name="take" value="exposed_litter"' in shown.content.decode()
    offered = SuggestionShown.objects.get()
    taken = client.post("/desk/intake", call(do="look", about="case", kind="", take="exposed_litter")).content.decode()
    assert '<option value="exposed_litter" selected>' in taken
    client.post("/desk/intake", call(kind="exposed_litter", shown=str(offered.id)))
    assert SuggestionChosen.objects.get().type_name == "exposed_litter"
    assert client.post("/desk/intake", call(key=str(uuid.uuid4()), shown="no id")).status_code == 302
    assert SuggestionChosen.objects.count() == 1


def test_the_page_is_for_those_who_may_open_cases(town: Town) -> None:
    assert Client().get("/desk/intake")["Location"].startswith("/accounts/login/")
    assert sign_in(town["verifier_a"]).get("/desk/intake").status_code == 403


@pytest.fixture
def knowing(town: Town) -> Town:
    role = Role.objects.create(name="names", title="names", permissions=["cases.view", "cases.reporters"])
    for name, place in (("second_a", TOWN_A), ("handler_b", TOWN_B)):
        RoleAssignment.objects.create(account=town[name], role=role, division_path=place, valid_from=LONG_AGO)
    return town


def test_a_name_is_read_in_full_with_the_right_and_a_purpose_and_logged(knowing: Town, app_role: None) -> None:
    town = knowing
    client = sign_in(town["handler_a"])
    client.post("/desk/intake", call())
    with acting_as(town["handler_a"].id):
        case = Case.objects.defer("search").get()
    path = f"/desk/cases/{case.id}/reporter"
    assert client.get(path).status_code == 403
    assert path not in client.get(f"/desk/cases/{case.id}").content.decode()
    knows = sign_in(town["second_a"])
    assert path in knows.get(f"/desk/cases/{case.id}").content.decode()
    assert PHONE not in knows.get(path).content.decode()
    assert knows.post(path, {"purpose": " "}).status_code == 422
    told = knows.post(path, {"purpose": "to ask him where it lies"})
    assert "王小明" in told.content.decode()
    assert PHONE in told.content.decode()
    assert told["Cache-Control"] == "no-store"
    assert sign_in(town["handler_b"]).get(path).status_code == 404


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("138 1234-5678", PHONE),
        ("+86 138-1234-5678", PHONE),
        ("0086 13812345678", PHONE),
        ("(021) 5741 2345", "02157412345"),
        ("+852 2345 6789", "+85223456789"),
        ("", ""),
        ("abc", ""),
    ],
)
def test_a_number_is_the_same_however_it_is_written(written: str, plain: str) -> None:
    assert telephone.plain(written) == plain
    assert telephone.plain(plain) == plain
