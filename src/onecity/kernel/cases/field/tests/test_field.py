"""A phone's acts are done once however often they come, told apart from others' acts, and their photos come in pieces."""

import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import acting, service
from onecity.kernel.cases.field import application, kept, photos, sending
from onecity.kernel.cases.field.once import once
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, FieldAct, FieldPhoto
from onecity.kernel.cases.tests.conftest import VILLAGE_A, VILLAGE_B, Town, clock, committed_town, litter, town
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.tests.test_pictures import photo as picture
from onecity.kernel.people.models import Account

__all__ = ["clock", "committed_town", "town"]
SPOT = {"at": "2026-11-23T02:00:00Z", "lon": 121.41, "lat": 30.91, "accuracy": 8.4}


@pytest.fixture
def case(town: Town) -> Case:
    return given_to(town, "handler_a")


def given_to(town: Town, name: str) -> Case:
    opened = service.open_case(litter(lon=121.41, lat=30.91, description="塑料袋一堆"))
    return acting.assign(opened.id, town[name].id, town["dispatcher_a"])


def signed_in(account: Account) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(account)
    return client


def step(case: Case, action: str = "accept", **more: object) -> dict[str, Any]:
    values = {"key": str(new_id()), "kind": "step", "spot": SPOT, "case_id": str(case.id), "action": action}
    return {**values, "version": case.version, **more}


def send(client: Client, path: str, body: object, **more: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    return client.post(path, data, content_type=kind, headers={"Accept": "application/json", **more})


def test_the_phone_keeps_the_cases_of_its_person_and_no_others(town: Town, case: Case) -> None:
    given_to(town, "second_a")
    service.open_case(litter(title="别处无人领取", division_path=VILLAGE_B))
    answer = signed_in(town["handler_a"]).get("/field/work").json()
    assert [one["id"] for one in answer["cases"]] == [str(case.id)]
    one = answer["cases"][0]
    assert (one["title"], one["description"], one["state"], one["version"]) == (
        "路口有暴露垃圾",
        "塑料袋一堆",
        "opened",
        2,
    )
    assert one["may"] == ["cases.handle"]
    kind = answer["kinds"][one["kind"]]
    assert [s["name"] for s in kind["steps"] if one["state"] in s["sources"] and s["may"] in one["may"]] == ["accept"]
    assert answer["account"] == {"id": str(town["handler_a"].id), "name": str(town["handler_a"])}
    assert not {"reporter", "reporter_shown", "phone", "history"} & set(one)


def test_what_the_phone_keeps_costs_as_many_statements_for_many_cases_as_for_few(town: Town, case: Case) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            kept.kept(town["handler_a"])
        return len(asked)

    statements()
    few = statements()
    for _ in range(5):
        given_to(town, "handler_a")
    assert statements() == few


def test_a_step_that_comes_three_times_is_done_once(town: Town, case: Case) -> None:
    client, body = signed_in(town["handler_a"]), step(case, note="到了")
    first, *others = [send(client, "/field/acts", body) for _ in range(3)]
    assert (first.status_code, first.json()["again"], first.json()["version"]) == (200, False, 3)
    assert [(o.status_code, o.json()["again"], o.json()["version"]) for o in others] == [(200, True, 3)] * 2
    assert first.json()["case"]["state"] == "accepted"
    event = CaseEvent.objects.get(case_id=case.id, action="accept")
    assert event.note == "到了"
    assert event.data["field"] == {"at": "2026-11-23T02:00:00+00:00", "lon": 121.41, "lat": 30.91, "accuracy": 8}


def test_a_step_upon_another_goes_on_from_the_version_that_it_made(town: Town, case: Case) -> None:
    client = signed_in(town["handler_a"])
    made = send(client, "/field/acts", step(case)).json()["version"]
    assert send(client, "/field/acts", step(case, "start", version=made)).status_code == 200
    case.refresh_from_db()
    assert case.state == "handling"


def test_who_comes_second_is_told_who_did_what_and_nothing_is_lost_or_done(town: Town, case: Case) -> None:
    acting.act(case.id, "accept", town["second_a"], note="我先到")
    answer = send(signed_in(town["handler_a"]), "/field/acts", step(case))
    assert answer.status_code == 409
    told = answer.json()
    assert (told["code"], told["actor"], told["action"], told["note"]) == (
        "case-changed",
        "second_a·姓名",
        "accept",
        "我先到",
    )
    assert "second_a·姓名" in told["detail"]
    assert not FieldAct.objects.exists()
    assert CaseEvent.objects.filter(case_id=case.id, action="accept").count() == 1


def test_an_id_is_not_used_for_two_things(town: Town, case: Case) -> None:
    client, body = signed_in(town["handler_a"]), step(case)
    send(client, "/field/acts", body)
    answer = send(client, "/field/acts", {**body, "note": "别的"})
    assert (answer.status_code, answer.json()["code"]) == (422, "key-used")


def test_the_same_id_from_another_person_is_another_act(town: Town, case: Case) -> None:
    key = str(new_id())
    for name in ("handler_a", "second_a"):
        body = {"key": key, "kind": "comment", "spot": SPOT, "case_id": str(case.id), "note": f"{name} 看过"}
        assert send(signed_in(town[name]), "/field/acts", body).json()["again"] is False
    assert CaseEvent.objects.filter(case_id=case.id, action="comment").count() == 2


def test_what_was_entered_under_another_name_is_not_sent_under_mine(town: Town, case: Case) -> None:
    other = {"X-Field-Account": str(town["second_a"].id)}
    answer = send(signed_in(town["handler_a"]), "/field/acts", step(case), **other)
    assert (answer.status_code, answer.json()["code"]) == (409, "other-account")
    case.refresh_from_db()
    assert case.state == "opened"


def test_a_case_that_he_may_not_see_is_not_there(town: Town) -> None:
    elsewhere = service.open_case(litter(division_path=VILLAGE_B))
    answer = send(signed_in(town["handler_a"]), "/field/acts", step(elsewhere))
    assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"kind": "step"}',
        b"[" * 100_000,
        json.dumps({"kind": "steal", "key": str(uuid.uuid4()), "spot": SPOT}).encode(),
        json.dumps({"kind": "comment", "key": "1", "spot": SPOT, "case_id": str(uuid.uuid4()), "note": "x"}).encode(),
        json.dumps({"kind": "comment", "key": str(uuid.uuid4()), "spot": {**SPOT, "lon": 1e9}, "case_id": str(uuid.uuid4()), "note": "x"}).encode(),
        json.dumps({"kind": "comment", "key": str(uuid.uuid4()), "spot": {"at": "2026-11-23T02:00:00"}, "case_id": str(uuid.uuid4()), "note": "x"}).encode(),
        json.dumps({"kind": "comment", "key": str(uuid.uuid4()), "spot": SPOT, "case_id": str(uuid.uuid4()), "note": "a\0b"}).encode(),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_changes_nothing(town: Town, case: Case, broken: bytes) -> None:
    before = CaseEvent.objects.count()
    for path in ("/field/acts", "/field/photos", f"/field/photos/{new_id()}/finish"):
        answer = send(signed_in(town["handler_a"]), path, broken)
        assert (answer.status_code, answer.json()["code"]) == (422, "field-unreadable")
    assert (CaseEvent.objects.count(), FieldAct.objects.count(), FieldPhoto.objects.count()) == (before, 0, 0)


def report(**more: object) -> dict[str, Any]:
    values = {"key": str(new_id()), "kind": "report", "spot": SPOT, "type": "litter", "title": "绿化带有垃圾"}
    return {**values, "division_path": VILLAGE_A, "lon": 121.41, "lat": 30.91, **more}


def test_a_report_that_comes_twice_opens_one_case(town: Town) -> None:
    client, body = signed_in(town["handler_a"]), report()
    first, second = (send(client, "/field/acts", body).json() for _ in range(2))
    assert first["case_id"] == second["case_id"]
    case = Case.objects.get()
    assert (str(case.id), case.number, case.source) == (first["case_id"], first["number"], "field")
    assert (case.title, case.opened_by_id, case.lon) == ("绿化带有垃圾", town["handler_a"].id, 121.41)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"division_path": VILLAGE_B}, 403),
        ({"type": "nowhere"}, 404),
        ({"division_path": "", "lon": None, "lat": None}, 422),
        ({"division_path": "", "lon": 10.0, "lat": 10.0}, 422),
        ({"title": ""}, 422),
    ],
)
def test_a_report_that_cannot_be_opens_nothing(town: Town, more: dict[str, object], status: int) -> None:
    assert send(signed_in(town["handler_a"]), "/field/acts", report(**more)).status_code == status
    assert (Case.objects.count(), FieldAct.objects.count()) == (0, 0)


def begin(client: Client, key: uuid.UUID, content: bytes) -> Any:
    body = {"key": str(key), "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return send(client, "/field/photos", body)


def finish(client: Client, key: uuid.UUID, case: Case) -> Any:
    return send(client, f"/field/photos/{key}/finish", {"case_id": str(case.id), "spot": SPOT, "name": "现场.jpg"})


def test_a_photo_comes_in_pieces_goes_on_after_a_break_and_is_there_once(town: Town, case: Case) -> None:
    client, key, content = signed_in(town["handler_a"]), new_id(), picture((300, 200))
    half = len(content) // 2
    assert begin(client, key, content).json() == {"received": 0, "done": False}
    assert send(client, f"/field/photos/{key}/0", content[:half]).json()["received"] == half
    # the phone was killed: it asks again, sends a piece that is here already, then the rest
    assert begin(client, key, content).json() == {"received": half, "done": False}
    assert send(client, f"/field/photos/{key}/0", content[:half]).json()["received"] == half
    early = finish(client, key, case)
    assert (early.status_code, early.json()["code"], early.json()["received"]) == (409, "field-gap", half)
    assert send(client, f"/field/photos/{key}/{half}", content[half:]).json()["received"] == len(content)
    path = photos.path_of(town["handler_a"].id, key)
    assert path.read_bytes() == content
    done, again = finish(client, key, case), finish(client, key, case)
    assert (done.json()["again"], again.json()["again"]) == (False, True)
    assert begin(client, key, content).json() == {"received": len(content), "done": True}
    found = Attachment.objects.get(case_id=case.id)
    assert (found.original, found.lon, found.lat) == (hashlib.sha256(content).hexdigest(), 121.41, 30.91)
    assert found.taken_at is not None
    assert found.taken_at.isoformat() == "2026-11-23T02:00:00+00:00"
    assert (FieldPhoto.objects.count(), found.name) == (0, "现场.jpg")


def test_a_gap_in_a_photo_is_refused_with_where_to_go_on(town: Town, case: Case) -> None:
    client, key, content = signed_in(town["handler_a"]), new_id(), picture()
    begin(client, key, content)
    answer = send(client, f"/field/photos/{key}/5", content[5:9])
    assert (answer.status_code, answer.json()["code"], answer.json()["received"]) == (409, "field-gap", 0)


@pytest.mark.parametrize("length", [0, photos.PIECE + 1, 10_000])
def test_a_piece_of_another_length_is_refused(town: Town, length: int) -> None:
    client, key = signed_in(town["handler_a"]), new_id()
    begin(client, key, b"x" * 100)
    assert send(client, f"/field/photos/{key}/0", b"x" * length).status_code == 422
    assert FieldPhoto.objects.get().received == 0


def test_a_photo_that_came_broken_is_not_kept_and_begins_anew(town: Town, case: Case) -> None:
    client, key, content = signed_in(town["handler_a"]), new_id(), picture()
    begin(client, key, content)
    send(client, f"/field/photos/{key}/0", content[:-1] + b"?")
    answer = finish(client, key, case)
    assert (answer.status_code, answer.json()["code"]) == (409, "field-broken")
    assert send(client, f"/field/photos/{key}/forget", {}).json() == {"received": 0, "done": False}
    assert begin(client, key, content).json() == {"received": 0, "done": False}
    send(client, f"/field/photos/{key}/0", content)
    assert finish(client, key, case).status_code == 200


def test_nobody_reaches_the_photo_of_another(town: Town, case: Case) -> None:
    key, content = new_id(), picture()
    begin(signed_in(town["handler_a"]), key, content)
    other = signed_in(town["second_a"])
    assert send(other, f"/field/photos/{key}/0", content).status_code == 404
    assert send(other, f"/field/photos/{key}/forget", {}).status_code == 200
    assert FieldPhoto.objects.get().account_id == town["handler_a"].id


def test_so_many_photos_on_their_way_and_no_more(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST_AT_ONCE", 2)
    client = signed_in(town["handler_a"])
    assert [begin(client, new_id(), b"x").status_code for _ in range(3)] == [200, 200, 422]


@pytest.fixture
def web_role(town: Town) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield
        cursor.execute("RESET ROLE")


def test_the_whole_way_goes_as_the_web_role_and_the_wall_parts_people(town: Town, case: Case, web_role: None) -> None:
    client, key, content = signed_in(town["handler_a"]), new_id(), picture()
    begin(client, key, content)
    send(client, f"/field/photos/{key}/0", content)
    assert finish(client, key, case).status_code == 200
    assert send(client, "/field/acts", step(case)).status_code == 200
    assert send(client, "/field/acts", report()).status_code == 200
    begin(client, new_id(), content)
    for name, acts, coming in (("handler_a", 3, 1), ("second_a", 0, 0)):
        with acting_as(town[name].id):
            assert (FieldAct.objects.count(), FieldPhoto.objects.count()) == (acts, coming)


def test_two_deliveries_at_the_same_moment_are_one_act(committed_town: Town) -> None:
    case = given_to(committed_town, "handler_a")
    body = json.dumps(step(case)).encode()
    barrier = threading.Barrier(4)
    found: list[object] = []

    def deliver() -> None:
        try:
            barrier.wait(10)
            found.append(sending.take(committed_town["handler_a"], body))
        except Problem as problem:
            found.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(getattr(one, "again", str(one)) for one in found) == [False, True, True, True]
    assert CaseEvent.objects.filter(case_id=case.id, action="accept").count() == 1
    assert FieldAct.objects.count() == 1


def test_an_act_that_breaks_leaves_its_id_free(town: Town, case: Case) -> None:
    key = new_id()

    def broken() -> Case:
        acting.comment(case.id, town["handler_a"], "写了一半")
        raise Problem("broken", "broken")

    with pytest.raises(Problem):
        once(town["handler_a"], key, b"x", broken)
    assert not CaseEvent.objects.filter(action="comment").exists()
    assert once(town["handler_a"], key, b"y", lambda: acting.comment(case.id, town["handler_a"], "好")).again is False


def test_the_worker_keeps_files_that_exist_and_the_scripts_are_small(town: Town) -> None:
    client = signed_in(town["handler_a"])
    script = client.get("/field/worker.js")
    assert script["Service-Worker-Allowed"] == "/field"
    kept_files = json.loads(script.content.decode().split("const KEPT = ")[1].split(";\n")[0])
    assert kept_files[0] == "/field"
    page = client.get("/field")
    assert page.status_code == 200
    assert town["handler_a"].display_name not in page.content.decode()
    scripts = [application._read(name) for name in application.FILES if name.endswith(".js")]
    assert sum(map(len, scripts)) + len(script.content) + len(page.content) < 100_000
    assert client.get("/field/manifest.webmanifest").json()["start_url"] == "/field"


def test_another_language_is_another_worker(town: Town) -> None:
    client = Client()
    chinese, english = (
        client.get("/field/worker.js", headers={"Accept-Language": one}).content for one in ("zh-CN", "en")
    )
    assert chinese != english


def test_whoever_does_not_handle_cases_has_no_such_page(town: Town) -> None:
    assert signed_in(town["nobody"]).get("/field").status_code == 403
    assert Client().get("/field").status_code == 302
