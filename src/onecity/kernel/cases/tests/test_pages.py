"""The desk's pages work without a script: find, open, act, assign, and be told what was wrong without losing a word."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from onecity.kernel.cases import attachments, service
from onecity.kernel.cases.models import Attachment, Case
from onecity.kernel.cases.tests.conftest import TOWN_A, VILLAGE_A, VILLAGE_B, Town, litter
from onecity.kernel.cases.tests.test_attachments import png
from onecity.kernel.people.models import Account


def sign_in(account: Account, language: str = "zh-hans") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(account)
    return client


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


def test_the_list_by_scope_and_filter(town: Town) -> None:
    mine, free = service.open_cases([litter(title="井盖破损"), litter(title="路口垃圾")])
    hidden = service.open_case(litter(title="乙镇的事", division_path=VILLAGE_B))
    service.assign(mine.id, town["handler_a"].id, town["handler_a"])
    client = sign_in(town["handler_a"])

    def titles(query: str) -> set[str]:
        page = client.get(f"/desk/cases{query}")
        assert page.status_code == 200
        return {c.title for c in (mine, free, hidden) if c.title in page.content.decode()}

    assert titles("") == {"井盖破损"}
    assert titles("?scope=unassigned") == {"路口垃圾"}
    assert titles("?scope=all") == {"井盖破损", "路口垃圾"}
    assert titles("?scope=all&q=井盖") == {"井盖破损"}
    assert titles(f"?scope=all&place={VILLAGE_A}") == {"井盖破损", "路口垃圾"}
    # another town's division cannot even be chosen
    assert titles(f"?scope=all&place={VILLAGE_B}") == {"井盖破损", "路口垃圾"}
    assert titles("?scope=all&running=ended") == set()
    assert titles("?scope=all&severity=red&overdue=on") == set()
    assert client.get("/desk/cases?scope=all&after=x").status_code == 400


def test_points_are_those_of_the_list(town: Town) -> None:
    service.open_cases([
        litter(lon=121.4, lat=30.9, severity="red"), litter(), litter(division_path=VILLAGE_B, lon=121.5, lat=30.8)
    ])  # fmt: skip
    found = sign_in(town["handler_a"]).get("/desk/cases/points?scope=all").json()
    assert [f["geometry"]["coordinates"] for f in found["features"]] == [[121.4, 30.9]]
    assert (found["features"][0]["properties"]["state"], found["truncated"]) == ("red", False)


def test_a_page_shows_who_did_what_and_what_is_next(town: Town) -> None:
    case = service.open_case(litter(description="三袋<b>垃圾</b>", lon=121.4, lat=30.9, evidence={"chart": "/api/x"}))
    service.act(case.id, "accept", town["second_a"], "收到")
    page = sign_in(town["handler_a"]).get(f"/desk/cases/{case.id}")
    html, text = page.content.decode(), text_of(page.content)
    assert "三袋&lt;b&gt;垃圾&lt;/b&gt;" in html
    assert "second_a·姓名" in text
    assert "收到" in text
    assert 'data-chart="timeseries" data-src="/api/x"' in html
    assert 'data-lon="121.4" data-lat="30.9"' in html
    assert 'value="start" data-key="a"' in html
    for name in ("close", "cancel", "assign"):
        assert f'value="{name}"' not in html
    assert f'name="version" value="{case.version + 1}"' in html


def test_a_step_from_the_page(town: Town) -> None:
    case = service.open_case(litter())
    client = sign_in(town["handler_a"])
    answer = client.post(f"/desk/cases/{case.id}/act", {"action": "accept", "version": "1", "note": ""})
    assert (answer.status_code, answer["Location"]) == (302, f"/desk/cases/{case.id}")
    assert Case.objects.get(id=case.id).state == "accepted"


def test_the_second_person_keeps_his_words(town: Town) -> None:
    case = service.open_case(litter())
    service.act(case.id, "accept", town["second_a"])
    answer = sign_in(town["handler_a"]).post(
        f"/desk/cases/{case.id}/act",
        {"action": "accept", "version": "1", "note": "我马上到", "file": SimpleUploadedFile("a.png", png())},
    )
    text = text_of(answer.content)
    assert answer.status_code == 409
    assert "second_a·姓名" in text
    assert "我马上到</textarea>" in answer.content.decode()
    assert (Case.objects.get(id=case.id).version, Attachment.objects.count()) == (2, 0)


def test_a_missing_reason_is_asked_for(town: Town) -> None:
    case = service.open_case(litter())
    answer = sign_in(town["dispatcher_a"]).post(f"/desk/cases/{case.id}/act", {"action": "cancel", "note": " "})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert Case.objects.get(id=case.id).version == 1


def test_take_assign_hand_over_and_comment_from_the_page(town: Town) -> None:
    case = service.open_case(litter())
    path = f"/desk/cases/{case.id}/act"
    sign_in(town["handler_a"]).post(path, {"action": "take", "version": "1"})
    assert Case.objects.get(id=case.id).assignee_id == town["handler_a"].id
    dispatcher = sign_in(town["dispatcher_a"])
    html = dispatcher.get(f"/desk/cases/{case.id}").content.decode()
    assert f'<option value="{town["second_a"].id}">second_a·姓名</option>' in html
    dispatcher.post(path, {"action": "assign", "assignee": str(town["second_a"].id), "version": "2"})
    assert Case.objects.get(id=case.id).assignee_id == town["second_a"].id
    dispatcher.post(path, {"action": "hand_over", "organisation": str(town.bodies["district"].id), "note": "区级事项"})
    assert Case.objects.get(id=case.id).organisation_id == town.bodies["district"].id
    dispatcher.post(path, {"action": "comment", "note": "", "file": SimpleUploadedFile("x.png", png())})
    assert [a.media_type for a in attachments.of_case(case)] == ["image/jpeg"]


def test_files_are_given_to_those_who_see_the_case_only(town: Town) -> None:
    case = service.open_case(litter())
    file = attachments.attach(case.id, "现场.png", png(), town["handler_a"])
    path = f"/desk/cases/{case.id}/files/{file.id}"
    answer = sign_in(town["handler_a"]).get(path)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, attachments.read(file), "image/jpeg")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert sign_in(town["handler_a"]).get(path, headers={"if-none-match": answer["ETag"]}).status_code == 304
    assert sign_in(town["handler_b"]).get(path).status_code == 404
    assert sign_in(town["nobody"]).get(path).status_code == 403
    assert Client().get(path).status_code == 302
    assert sign_in(town["handler_a"]).get(f"/desk/cases/{case.id}/files/{uuid.uuid4()}").status_code == 404


def form(**changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "type_name": "litter", "title": "垃圾桶倒了", "division": VILLAGE_A, "severity": "", "key": str(uuid.uuid4()),
    }  # fmt: skip
    return {name: value for name, value in (values | changes).items() if value is not None}


def test_a_case_by_hand_with_a_photo_sent_twice_is_one(town: Town) -> None:
    client = sign_in(town["handler_a"])
    assert client.get("/desk/cases/new").status_code == 200
    sent = form(description="路边", address="某路1号")
    for _turn in range(2):
        answer = client.post("/desk/cases/new", sent | {"photo": SimpleUploadedFile("p.png", png())})
        assert answer.status_code == 302
    case = Case.objects.get()
    assert (case.title, case.source, case.opened_by_id) == ("垃圾桶倒了", "hand", town["handler_a"].id)
    assert (case.address, Attachment.objects.count()) == ("某路1号", 1)
    assert answer["Location"] == f"/desk/cases/{case.id}"


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""}, {"type_name": "dragon"}, {"division": VILLAGE_B}, {"division": ""}, {"lon": "121.4"},
        {"lon": "999", "lat": "1"}, {"key": "x"}, {"division": "", "lon": "0", "lat": "0"},
        {"photo": SimpleUploadedFile("p.svg", b"<svg/>")},
    ],
)  # fmt: skip
def test_a_wrong_form_opens_nothing_and_keeps_what_was_typed(town: Town, change: dict[str, object]) -> None:
    answer = sign_in(town["handler_a"]).post("/desk/cases/new", form(address="某路1号") | change)
    assert answer.status_code == 422
    assert "某路1号" in answer.content.decode()
    assert Case.objects.count() == 0


@pytest.mark.parametrize(("who", "status"), [("handler_b", 404), ("nobody", 403), (None, 302)])
def test_doors(town: Town, who: str | None, status: int) -> None:
    case = service.open_case(litter())
    client = sign_in(town[who]) if who else Client()
    assert client.get(f"/desk/cases/{case.id}", headers={"accept": "text/html"}).status_code == status
    assert client.post(f"/desk/cases/{case.id}/act", {"action": "accept"}).status_code == status
    assert Case.objects.get(id=case.id).version == 1


def test_a_request_as_the_application_role_is_bound_by_the_wall(town: Town) -> None:
    """The same pages with every statement run as the role of the web process."""
    mine = service.open_case(litter(title="甲镇的事"))
    other = service.open_case(litter(title="乙镇的事", division_path=VILLAGE_B))
    client = sign_in(town["handler_a"])
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    try:
        page = client.get("/desk/cases?scope=all").content.decode()
        assert ("甲镇的事" in page, "乙镇的事" in page) == (True, False)
        assert client.get(f"/desk/cases/{mine.id}").status_code == 200
        assert client.post(f"/desk/cases/{mine.id}/act", {"action": "accept", "version": "1"}).status_code == 302
        assert client.get(f"/desk/cases/{other.id}").status_code == 404
        assert client.post("/desk/cases/new", form()).status_code == 302
        assert client.get("/desk/inbox").status_code == 200
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    assert Case.objects.filter(division_path__startswith=TOWN_A).count() == 2


def test_english(town: Town) -> None:
    case = service.open_case(litter())
    client = sign_in(town["handler_a"], "en")
    text = text_of(client.get(f"/desk/cases/{case.id}").content)
    assert "Waiting to be accepted" in text
    # what people and divisions are called is in their own language, and the switch names Chinese in Chinese
    named = {"姓名", "区划", "城运中心", "中文", "简体", "简体中文"}
    assert set(re.findall(r"[\u4e00-\u9fff]+", text.replace(case.title, ""))) <= named
