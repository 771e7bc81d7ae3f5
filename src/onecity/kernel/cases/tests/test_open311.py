"""Open311 GeoReport v2 as an independent program meets it: six methods, two formats, the standard's errors, nobody's name."""

import datetime as dt
import json
import uuid
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from shapely import box, to_wkb

from onecity.kernel.cases import service
from onecity.kernel.cases.intake.open311 import keys
from onecity.kernel.cases.intake.open311.tests.form import FORM
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.models import AppKey, Attachment, Case, CaseEvent, Reporter
from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, MONDAY, TOWN_A, TOWN_B, VILLAGE_A, Town
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.tests.test_pictures import photo
from onecity.kernel.places.models import Division

LAT, LONG = "30.5", "121.5"


def publish() -> None:
    for name, title, more in (
        (
            "litter",
            "Litter",
            Provides(form=FORM, publication="words", opens_when={"en": "Litter lies in a public place"}),
        ),
        ("help", "Help", Provides(publication="facts")),
        ("secret", "Secret", Provides(publication="nothing")),
    ):
        service.publish(
            CaseTypeDecl(name, title, category="event.01", residents=True, provides=more), effective_from=LONG_AGO
        )


@pytest.fixture
def key(town: Town) -> str:
    publish()
    Division.objects.filter(path=DISTRICT).update(geometry=to_wkb(box(121, 30, 123, 31)))
    Division.objects.filter(path=TOWN_A).update(geometry=to_wkb(box(121, 30, 122, 31)))
    Division.objects.filter(path=TOWN_B).update(geometry=to_wkb(box(122, 30, 123, 31)), name="乙镇")
    return keys.create(town["dispatcher"], "App")[1]


def get(path: str, expected: int = 200, **values: str) -> HttpResponse:
    answer: HttpResponse = Client(headers={"accept-language": "en"}).get(f"/open311/{path}", values)  # type: ignore[assignment]  # the test client's own subclass
    assert answer.status_code == expected, answer.content.decode()[:400]
    return answer


def xml(path: str, expected: int = 200, **values: str) -> ET.Element:
    answer = get(path, expected, **values)
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    return ET.fromstring(answer.content)  # noqa: S314 - written by us


def js(path: str, expected: int = 200, **values: str) -> Any:
    answer = get(path, expected, **values)
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    return json.loads(answer.content)


def send(status: int = 200, suffix: str = "json", headers: dict[str, str] | None = None, **values: Any) -> Any:
    body = {name.replace("__", "["): value for name, value in values.items()}
    answer = Client(headers={"accept-language": "en"} | (headers or {})).post(f"/open311/v2/requests.{suffix}", body)
    assert answer.status_code == status, answer.content.decode()[:400]
    return json.loads(answer.content) if suffix == "json" else ET.fromstring(answer.content)  # noqa: S314 - written by us


def good(key: str, **more: Any) -> dict[str, Any]:
    return {"api_key": key, "service_code": "litter", "lat": LAT, "long": LONG, "attribute[amount]": "heap", **more}


def test_discovery_in_both_formats(key: str) -> None:
    for path in ("discovery", "v2/discovery"):
        root = xml(f"{path}.xml")
        assert [child.tag for child in root] == ["changeset", "contact", "key_service", "endpoints"]
        endpoint = root.find("endpoints/endpoint")
        assert endpoint is not None
        assert [child.tag for child in endpoint] == ["specification", "url", "changeset", "type", "formats"]
        assert [one.text for one in endpoint.findall("formats/format")] == ["text/xml", "application/json"]
        found = js(f"{path}.json")
        assert found["endpoints"][0]["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert found["endpoints"][0]["url"].endswith("/open311/v2")
        assert found["changeset"] == "2020-01-01T00:00:00Z"
    assert get("discovery")["Content-Type"] == "text/xml; charset=utf-8"


def test_services_are_the_kinds_that_residents_may_report(key: str, app_role: None) -> None:
    found = js("v2/services.json")
    assert [one["service_code"] for one in found] == ["help", "litter"]
    assert found[1] == {
        "service_code": "litter",
        "service_name": "Litter",
        "description": "Litter lies in a public place",
        "metadata": True,
        "type": "realtime",
        "keywords": found[1]["keywords"],
        "group": found[1]["group"],
    }
    assert "," in found[1]["keywords"]
    assert (found[0]["metadata"], found[0]["description"]) == (False, "Help")
    root = xml("v2/services.XML")
    assert root.tag == "services"
    assert [one.findtext("metadata") for one in root.findall("service")] == ["false", "true"]


def test_a_definition_has_attributes_of_every_type(key: str, app_role: None) -> None:
    found = js("v2/services/litter.json")
    assert found["service_code"] == "litter"
    types = {one["code"]: one["datatype"] for one in found["attributes"]}
    assert types == {
        "amount": "singlevaluelist", "kinds": "multivaluelist", "bags": "number", "since": "datetime",
        "blocks": "singlevaluelist", "more": "text",
    }  # fmt: skip
    assert found["attributes"][0] == {
        "variable": True,
        "code": "amount",
        "datatype": "singlevaluelist",
        "required": True,
        "datatype_description": "About",
        "order": 1,
        "description": "How much",
        "values": [{"key": "bag", "name": "A few bags"}, {"key": "heap", "name": "heap"}],
    }
    root = xml("v2/services/litter.xml")
    assert (root.tag, root.findtext("service_code")) == ("service_definition", "litter")
    assert [v.findtext("key") for v in root.findall("attributes/attribute/values/value")][:2] == ["bag", "heap"]
    assert js("v2/services/help.json")["attributes"] == []
    for code in ("secret", "noise", "nothing"):
        assert js(f"v2/services/{code}.json", 404)[0]["code"] == 404
    assert xml("v2/services/nothing.xml", 404).findtext("error/code") == "404"


def test_a_request_is_filed_followed_and_closed(key: str, town: Town, app_role: None) -> None:
    text = "公交站后面有垃圾 <b>\n请打 13812345678"
    more = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.org", "phone": "13800001111"}
    [made] = send(**good(key, description=text, media_url="https://example.org/a.jpg", account_id="7", **more))
    assert set(made) == {"service_request_id", "service_notice", "account_id"}
    number = made["service_request_id"]
    assert made["account_id"] == "7"
    [shown] = js(f"v2/requests/{number}.json")
    assert shown == {
        "service_request_id": number,
        "status": "open",
        "status_notes": "Waiting to be accepted",
        "service_name": "Litter",
        "service_code": "litter",
        "description": None,
        "agency_responsible": "城运中心a",
        "service_notice": None,
        "requested_datetime": "2026-11-23T02:00:00Z",
        "updated_datetime": "2026-11-23T02:00:00Z",
        "expected_datetime": shown["expected_datetime"],
        "address": "区划990100001",
        "address_id": None,
        "zipcode": None,
        "lat": 30.5,
        "long": 121.5,
        "media_url": None,
    }
    root = xml(f"v2/requests/{number}.xml")
    assert (root.tag, root.findtext("request/lat"), root.findtext("request/zipcode")) == (
        "service_requests",
        "30.5",
        "",
    )
    assert root.findtext("request/description") == ""
    assert js(f"v2/tokens/{number}.json") == [{"service_request_id": number, "token": number}]
    assert xml("v2/tokens/nothing.xml", 404).findtext("error/code") == "404"
    assert js(f"v2/requests/{uuid.UUID(int=0)}.json", 404)[0]["code"] == 404


def test_what_was_sent_is_kept(key: str, town: Town) -> None:
    [made] = send(
        **good(
            key,
            description="Rubbish",
            **{"attribute[kinds][]": ["bulky", "green"], "attribute[bags]": "3", "attribute[blocks]": "true",
               "attribute[since]": "2026-11-20T10:00:00Z", "attribute[title]": "T", "first_name": "Ann"},
        )
    )  # fmt: skip
    case = Case.objects.get(number=made["service_request_id"])
    assert case.answers == {
        "kinds": ["bulky", "green"],
        "amount": "heap",
        "bags": 3,
        "blocks": True,
        "since": "2026-11-20",
    }
    assert case.evidence == {"attributes": {"title": ["T"]}}
    assert (case.division_path, case.source, case.opened_by_id) == (TOWN_A, "open311", town["dispatcher"].id)
    assert Reporter.objects.get(case=case).name == "Ann"
    assert [e.action for e in CaseEvent.objects.filter(case=case)] == ["open"]
    text = json.dumps(js("v2/requests.json", extensions="true"), ensure_ascii=False)
    assert "Ann" not in text
    assert "dispatcher" not in text


def test_files_and_sending_again(key: str) -> None:
    values = good(key, media=SimpleUploadedFile("a.jpg", photo()))
    again = {"Idempotency-Key": "k-1"}
    first = send(headers=again, **values)
    second = send(headers=again, **good(key))
    assert first == second
    assert Attachment.objects.count() == 1
    assert send(**good(key)) != first
    broken = good(key, media=SimpleUploadedFile("a.jpg", b"no picture"))
    send(400, **broken)
    assert Case.objects.count() == 2


def test_a_place_may_be_an_address(key: str) -> None:
    values = good(key, address_string="乙镇人民路 8 号")
    del values["lat"], values["long"]
    [made] = send(**values)
    assert Case.objects.get(number=made["service_request_id"]).division_path == TOWN_B
    values["address_string"] = "somewhere"
    [made] = send(**values)
    assert Case.objects.get(number=made["service_request_id"]).division_path == DISTRICT


WRONG: list[tuple[int, dict[str, str]]] = [
    (403, {"api_key": ""}),
    (403, {"api_key": "wrong"}),
    (403, {"api_key": f"{uuid.UUID(int=1)}.x"}),
    (400, {"service_code": ""}),
    (404, {"service_code": "nothing"}),
    (404, {"service_code": "secret"}),
    (404, {"jurisdiction_id": "elsewhere.example"}),
    (400, {"lat": "", "long": ""}),
    (400, {"long": ""}),
    (400, {"lat": "95"}),
    (400, {"lat": "nan"}),
    (400, {"lat": "x"}),
    (400, {"lat": "10", "long": "10"}),
    (400, {"description": "x" * 4001}),
    (400, {"email": "no address"}),
    (400, {"media_url": "javascript:alert(1)"}),
    (400, {"attribute[amount]": ""}),
    (400, {"attribute[amount]": "mountain"}),
    (400, {"attribute[bags]": "0"}),
    (400, {"attribute[bags]": "many"}),
    (400, {"attribute[kinds][]": "gold"}),
    (400, {"attribute[since]": "yesterday"}),
]


def test_what_cannot_be_filed(key: str) -> None:
    for status, change in WRONG:
        found = send(status, **(good(key) | change))
        assert {one["code"] for one in found} == {status}, change
        assert all(one["description"] for one in found)
        root = send(status, "xml", **(good(key) | change))
        assert (root.tag, root.findtext("error/code")) == ("errors", str(status)), change
    assert Case.objects.count() == 0


def test_every_mistake_is_named_at_once(key: str) -> None:
    found = send(400, **(good(key) | {"lat": "x", "email": "y", "attribute[amount]": "z"}))
    assert len(found) == 3


def ids(**values: str) -> list[str]:
    return [one["service_request_id"] for one in js("v2/requests.json", 200, **values)]


def test_the_list_and_its_filters(key: str, clock: FixedClock) -> None:
    numbers = []
    for day in range(5):
        with use_clock(FixedClock(MONDAY + dt.timedelta(days=day))):
            numbers.append(send(**good(key))[0]["service_request_id"])
    with use_clock(FixedClock(MONDAY + dt.timedelta(days=6))):
        case = Case.objects.get(number=numbers[0])
        service.act(case.id, "accept", None)
        newest = numbers[::-1]
        assert ids() == newest
        assert ids(page_size="2") == newest[:2]
        assert ids(page_size="2", page="3") == newest[4:]
        assert ids(page_size="2", page="9") == []
        assert ids(service_code="litter,help") == newest
        assert ids(service_code="help") == []
        assert ids(status="open,closed") == newest
        assert ids(status="closed") == []
        assert ids(start_date="2026-11-25T02:00:00Z") == newest[:3]
        assert ids(start_date="2026-11-25T10:00:00+08:00", end_date="2026-11-26T02:00:00Z") == newest[1:3]
        assert ids(end_date="2026-11-23T23:00:00Z") == numbers[:1]
        assert ids(service_request_id=f"{numbers[0]},{numbers[1]}", status="closed") == [numbers[1], numbers[0]]
        assert ids(jurisdiction_id="") == ids(jurisdiction_id="990100") == newest
        [one] = js("v2/requests.json", service_request_id=numbers[0], extensions="true")
        assert one["extended_attributes"]["state"] == "accepted"
        assert [note["datetime"] for note in one["notes"]] == ["2026-11-23T02:00:00Z", "2026-11-29T02:00:00Z"]
        assert one["updated_datetime"] == "2026-11-29T02:00:00Z"
    with use_clock(FixedClock(MONDAY + dt.timedelta(days=91))):
        assert len(js("v2/requests.json")) == 4
    for bad in (
        {"start_date": "yesterday"}, {"start_date": "2026-11-01T00:00:00"}, {"status": "new"}, {"page": "0"},
        {"page_size": "1001"}, {"page_size": "x"}, {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:00Z"},
        {"start_date": "2026-02-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"start_date": "0001-01-01T00:00:00+14:00"}, {"end_date": "0001-01-02T00:00:00Z"},
    ):  # fmt: skip
        assert json.loads(get(f"v2/requests.json?{urlencode(bad)}", 400).content)[0]["code"] == 400
    assert js("v2/requests.json", 404, jurisdiction_id="sfgov.org")[0]["code"] == 404
    assert ET.tostring(xml("v2/requests.xml", service_code="help")) == b"<service_requests />"


def test_only_what_is_public_is_told(key: str, town: Town, app_role: None) -> None:
    words = {"description": "Water runs", "phone": "13812345678"}
    [made] = send(**(good(key) | {"service_code": "help", **words}))
    [shown] = js(f"v2/requests/{made['service_request_id']}.json")
    assert (shown["description"], shown["lat"], shown["long"]) == (None, None, None)
    assert shown["status"] == "open"


def test_cases_of_other_doors_are_told_without_their_words(key: str) -> None:
    new = service.NewCase("litter", "Said on the phone", VILLAGE_A, description="Mrs Wang says", lon=121.5, lat=30.5)
    service.open_case(new)
    service.open_case(service.NewCase("secret", "Secret", VILLAGE_A))
    service.open_case(service.NewCase("noise", "Noise", VILLAGE_A))
    [shown] = js("v2/requests.json")
    assert (shown["service_code"], shown["description"], shown["lat"]) == ("litter", None, 30.5)


def test_methods_formats_and_head(key: str) -> None:
    client = Client()
    answer = client.post("/open311/v2/services.json")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert json.loads(answer.content)[0]["code"] == 405
    assert client.put("/open311/v2/requests.xml").status_code == 405
    assert js("v2/services.JSON")
    assert get("v2/services.yaml", 404)["Content-Type"].startswith("text/xml")
    head, whole = client.head("/open311/v2/services.xml"), client.get("/open311/v2/services.xml")
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(len(whole.content)))
    assert whole["Access-Control-Allow-Origin"] == "*"
    assert client.options("/open311/v2/requests.json").status_code == 204
    body = "service_code=litter&lat=30.5&long=121.5&attribute%5Bamount%5D=bag&description=%E5%9E%83%E5%9C%BE"
    answer = client.post(
        f"/open311/v2/requests.json?api_key={key}",
        body,
        content_type="application/x-www-form-urlencoded; charset=utf-8",
    )
    assert answer.status_code == 200
    assert Case.objects.get().description == "垃圾"
    odd = client.post("/open311/v2/requests.json", b"--x", content_type="multipart/form-data; boundary=x")
    assert odd.status_code in {400, 403}
    assert isinstance(json.loads(odd.content), list)


def test_a_key_that_was_withdrawn_opens_nothing(key: str, town: Town) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(town["dispatcher"])
    page = client.post("/desk/keys", {"name": "Second"})
    assert page.status_code == 200
    assert "Second" in page.content.decode()
    assert client.post("/desk/keys", {"name": " "}).status_code == 422
    stranger = Client()
    stranger.force_login(town["handler_b"])
    found = AppKey.objects.get(name="App")
    assert stranger.post(f"/desk/keys/{found.id}/revoke").status_code == 404
    assert client.post(f"/desk/keys/{found.id}/revoke").status_code == 302
    send(403, **good(key))
    town["dispatcher"].is_active = False
    assert Case.objects.count() == 0


def test_a_key_opens_only_where_its_account_may(key: str, town: Town) -> None:
    other = keys.create(town["handler_b"], "Other")[1]
    send(403, **good(other))
    [made] = send(**good(other, long="122.5"))
    assert Case.objects.get(number=made["service_request_id"]).division_path == TOWN_B


def test_a_department_opens_cases_through_the_api_with_its_key(key: str, app_role: None) -> None:
    client = Client(headers={"accept": "application/json", "authorization": f"Bearer {key}"})
    body = {"type": "litter", "title": "Heap", "division_path": TOWN_A, "key": "d-1", "answers": {"amount": "heap"}}
    answers = [client.post("/api/cases", body, content_type="application/json") for _n in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert client.get(f"/api/cases/{answers[0].json()['id']}").json()["title"] == "Heap"
    assert client.get("/api/cases").status_code == 401
    wrong = Client(headers={"accept": "application/json", "authorization": f"Bearer {key}x"})
    assert wrong.post("/api/cases", body, content_type="application/json").status_code == 401
