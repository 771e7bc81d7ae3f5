"""The API of cases: the same rights, the same errors, and idempotent opening."""

import uuid
from typing import Any

import pytest
from django.test import Client

from onecity.kernel.cases import service
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.tests.conftest import VILLAGE_A, VILLAGE_B, Town, litter
from onecity.kernel.people.models import Account


def sign_in(account: Account) -> Client:
    client = Client(headers={"accept-language": "en", "accept": "application/json"})
    client.force_login(account)
    return client


def post(client: Client, path: str, body: object) -> Any:
    return client.post(path, body, content_type="application/json")


def test_list_and_pages(town: Town) -> None:
    cases = service.open_cases([litter() for _n in range(5)] + [litter(division_path=VILLAGE_B)])
    client = sign_in(town["handler_a"])
    first = client.get("/api/cases?limit=3").json()
    assert (len(first["cases"]), first["total"], first["more"]) == (3, 5, False)
    second = client.get("/api/cases", {"limit": 3, "after": first["next"]}).json()
    assert {c["id"] for c in first["cases"] + second["cases"]} == {str(c.id) for c in cases[:5]}
    assert second["next"] == ""
    shown = first["cases"][0]
    assert (shown["type"], shown["type_title"], shown["state_title"]) == ("litter", "Litter", "Waiting to be accepted")
    assert client.get("/api/cases?limit=0").status_code == 422
    assert client.get("/api/cases?after=zzz").status_code == 400


def test_one_case_with_history_and_steps(town: Town) -> None:
    case = service.open_case(litter())
    client = sign_in(town["handler_a"])
    before = client.get(f"/api/cases/{case.id}").json()
    assert (before["actions"], [e["action"] for e in before["history"]]) == (["accept"], ["open"])
    after = post(client, f"/api/cases/{case.id}/act", {"action": "accept", "version": 1}).json()
    assert (after["state"], after["version"], after["actions"]) == ("accepted", 2, ["start", "return"])
    late = post(client, f"/api/cases/{case.id}/act", {"action": "accept", "version": 1})
    assert late.status_code == 409
    assert late["Content-Type"] == "application/problem+json"
    body = late.json()
    assert (body["code"], body["actor"], body["action"]) == ("case-changed", "handler_a·姓名", "accept")


def test_opening_is_idempotent_by_key(town: Town) -> None:
    client = sign_in(town["handler_a"])
    body = {"type": "litter", "title": "Bin on its side", "division_path": VILLAGE_A, "key": "phone-1"}
    first, again = (post(client, "/api/cases", body) for _n in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"division_path": VILLAGE_B}, 403),
        ({"type": "dragon"}, 404),
        ({"title": ""}, 422),
        ({"title": "a\u0000b"}, 422),
        ({"lon": 1}, 422),
        ({"lat": 100, "lon": 1}, 422),
        ({"severity": "pink"}, 422),
        ({"division_path": "x"}, 403),
    ],
)
def test_what_cannot_be_opened(town: Town, body: dict[str, object], status: int) -> None:
    whole = {"type": "litter", "title": "Bin", "division_path": VILLAGE_A} | body
    assert post(sign_in(town["handler_a"]), "/api/cases", whole).status_code == status
    assert Case.objects.count() == 0


def test_another_town_sees_and_does_nothing(town: Town) -> None:
    case = service.open_case(litter(lon=121.4, lat=30.9))
    client = sign_in(town["handler_b"])
    assert client.get("/api/cases").json()["cases"] == []
    assert client.get("/api/cases/points").json()["features"] == []
    assert client.get(f"/api/cases?q={case.number}").json()["cases"] == []
    for answer in (
        client.get(f"/api/cases/{case.id}"),
        post(client, f"/api/cases/{case.id}/act", {"action": "accept"}),
        post(client, f"/api/cases/{case.id}/act", {"action": "comment", "note": "x"}),
        post(client, f"/api/cases/{uuid.uuid4()}/act", {"action": "accept"}),
    ):
        assert answer.status_code == 404
    assert Case.objects.get(id=case.id).version == 1


def test_nobody_comes_in(town: Town) -> None:
    case = service.open_case(litter())
    for path in ("/api/cases", "/api/cases/points", f"/api/cases/{case.id}"):
        assert Client().get(path).status_code == 401
        assert sign_in(town["nobody"]).get(path).status_code == 403
