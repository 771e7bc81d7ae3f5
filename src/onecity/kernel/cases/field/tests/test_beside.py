"""What a phone does beside the steps, and cases that nobody has: offered where it is possible, done once however often it comes."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection, connections

from onecity.kernel.cases import acting, service
from onecity.kernel.cases.field import application, kept, sending
from onecity.kernel.cases.field.tests.test_field import SPOT, send, signed_in, step
from onecity.kernel.cases.models import Case, CaseEvent, FieldAct, Participant
from onecity.kernel.cases.tests.conftest import LONG_AGO, VILLAGE_B, Town, clock, committed_town, litter, town
from onecity.kernel.cases.tests.test_deeds import FULL
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account

__all__ = ["clock", "committed_town", "town"]


@pytest.fixture
def case(town: Town) -> Case:
    return full(town)


def full(town: Town) -> Case:
    """A case of a kind that provides for everything, being handled by `handler_a`."""
    kind = CaseTypeDecl("litter", "Litter", deadline=(5, "working_days"), provides=FULL)
    service.publish(kind, effective_from=LONG_AGO)
    opened = service.open_case(litter(lon=121.41, lat=30.91), actor=town["dispatcher_a"])
    acting.assign(opened.id, town["handler_a"].id, town["dispatcher_a"])
    acting.act(opened.id, "accept", town["handler_a"])
    return acting.act(opened.id, "start", town["handler_a"])


@pytest.fixture
def web_role(case: Case) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield
        cursor.execute("RESET ROLE")


def take(case: Case, **more: object) -> dict[str, Any]:
    values = {"key": str(new_id()), "kind": "take", "spot": SPOT, "case_id": str(case.id), "version": case.version}
    return {**values, **more}


def shown(account: Account, case: Case) -> dict[str, Any]:
    """The case as this person's phone keeps it."""
    found: list[dict[str, Any]] = signed_in(account).get("/field/work").json()["cases"]
    return next(one for one in found if one["id"] == str(case.id))


def test_a_phone_offers_what_the_case_and_the_rights_allow(town: Town, case: Case) -> None:
    assert shown(town["handler_a"], case)["deeds"] == ["contact", "ask_extension", "whistle"]
    acting.assign(case.id, town["dispatcher_a"].id, town["dispatcher_a"])
    assert shown(town["dispatcher_a"], case)["deeds"] == ["contact", "ask_extension", "suspend", "whistle"]
    acting.act(case.id, "suspend", town["dispatcher_a"], "说明", {"reason": "weather"})
    one = shown(town["dispatcher_a"], case)
    assert (one["deeds"], one["paused"], one["deadline"]) == (["contact", "resume", "whistle"], True, None)


def test_what_a_deed_asks_stands_on_the_phone(town: Town, case: Case) -> None:
    work = signed_in(town["handler_a"]).get("/field/work").json()
    deeds = {one["name"]: one for one in work["kinds"][f"litter@{case.type_version}"]["deeds"]}
    asked = {name: [(f["name"], f["kind"]) for f in one["fields"]] for name, one in deeds.items()}
    assert asked["ask_extension"] == [("amount", "number"), ("reason", "select")]
    assert asked["suspend"] == [("reason", "select")]
    assert asked["contact"] == [("reached", "select")]
    assert asked["whistle"] == [("organisations", "offices")]
    assert {name for name, one in deeds.items() if not one["note"]} == {"contact", "resume", "report_in"}
    assert [name for _id, name in work["offices"]] == ["城运中心district", "城运中心a", "城运中心b"]


DEEDS = [
    ("contact", "handler_a", {"reached": "yes"}, ""),
    ("ask_extension", "handler_a", {"amount": 2, "reason": "weather"}, "下雨"),
    ("suspend", "dispatcher_a", {"reason": "weather"}, "下雨"),
    ("whistle", "handler_a", {"organisations": ["b"]}, "请来现场"),
]


@pytest.mark.parametrize(("action", "who", "data", "note"), DEEDS)
def test_a_deed_that_comes_three_times_is_done_once(
    town: Town, case: Case, web_role: None, action: str, who: str, data: dict[str, Any], note: str
) -> None:
    named = {k: [str(town.bodies[one].id) for one in v] if k == "organisations" else v for k, v in data.items()}
    body, client = step(case, action, note=note, data=named), signed_in(town[who])
    answers = [send(client, "/field/acts", body) for _ in range(3)]
    assert [(a.status_code, a.json()["again"]) for a in answers] == [(200, False), (200, True), (200, True)]
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    event = CaseEvent.objects.get(case_id=case.id, action=action)
    assert event.note == note
    assert FieldAct.objects.count() == 1
    assert Participant.objects.count() == (1 if action == "whistle" else 0)


def test_a_department_that_was_called_has_the_case_on_its_phones_and_answers_once(town: Town, case: Case) -> None:
    called = town["handler_b"]
    assert not signed_in(called).get("/field/work").json()["cases"]
    acting.act(case.id, "whistle", town["handler_a"], "请来", {"organisations": [str(town.bodies["b"].id)]})
    one = shown(called, case)
    assert (one["whose"], one["may"], one["deeds"]) == ("called", [], ["report_in", "reject_whistle"])
    case.refresh_from_db()
    body = step(case, "report_in", note="到了")
    answers = [send(signed_in(called), "/field/acts", body).json() for _ in range(2)]
    assert [(a["again"], a["case"]["whose"], a["case"]["deeds"]) for a in answers] == [
        (False, "called", []),
        (True, "called", []),
    ]
    assert Participant.objects.get().state == "in"
    assert CaseEvent.objects.filter(case_id=case.id, action="report_in").count() == 1


def test_a_call_is_turned_down_once_and_then_one_has_to_come(town: Town, case: Case) -> None:
    called, body = town["handler_b"], {"organisations": [str(town.bodies["b"].id)]}
    acting.act(case.id, "whistle", town["handler_a"], "请来", body)
    case.refresh_from_db()
    answer = send(signed_in(called), "/field/acts", step(case, "reject_whistle", note="不属本单位"))
    assert (answer.status_code, answer.json()["case"]) == (200, None)
    again = acting.act(case.id, "whistle", town["handler_a"], "还是请来", body)
    refused = send(signed_in(called), "/field/acts", step(again, "reject_whistle", note="仍不属"))
    assert (refused.status_code, Participant.objects.filter(state="rejected").count()) == (422, 1)
    assert shown(called, again)["deeds"] == ["report_in", "reject_whistle"]


def test_cases_of_the_area_that_nobody_has_are_on_the_phone_and_taken_once(town: Town) -> None:
    free, elsewhere = service.open_case(litter()), service.open_case(litter(division_path=VILLAGE_B))
    other = service.open_case(litter())
    acting.assign(other.id, town["second_a"].id, town["dispatcher_a"])
    client = signed_in(town["handler_a"])
    work = client.get("/field/work").json()["cases"]
    assert [(one["id"], one["whose"]) for one in work] == [(str(free.id), "nobody")]
    body = take(free)
    answers = [send(client, "/field/acts", body).json() for _ in range(3)]
    assert [(a["again"], a["case"]["whose"]) for a in answers] == [(False, "mine"), (True, "mine"), (True, "mine")]
    assert CaseEvent.objects.filter(case_id=free.id, action="assign").count() == 1
    assert send(client, "/field/acts", take(elsewhere)).status_code == 404


def test_who_takes_second_is_told_who_has_it(town: Town) -> None:
    free = service.open_case(litter())
    acting.assign(free.id, town["second_a"].id, town["second_a"])
    answer = send(signed_in(town["handler_a"]), "/field/acts", take(free))
    assert (answer.status_code, answer.json()["actor"]) == (409, "second_a·姓名")
    free.refresh_from_db()
    assert free.assignee_id == town["second_a"].id
    assert not FieldAct.objects.exists()


def test_taken_by_two_at_the_same_moment_it_is_one_persons(committed_town: Town) -> None:
    free = service.open_case(litter())
    barrier, found = threading.Barrier(2), []

    def deliver(name: str) -> None:
        body = take(free)
        try:
            barrier.wait(10)
            sending.take(committed_town[name], json.dumps(body).encode())
            found.append(name)
        except Problem as problem:
            found.append(problem.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver, args=[name]) for name in ("handler_a", "second_a")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    free.refresh_from_db()
    assert sorted(found) == sorted(["case-changed", next(n for n in found if n != "case-changed")])
    assert free.assignee_id == committed_town[next(n for n in found if n != "case-changed")].id


def test_the_least_is_kept_of_cases_that_nobody_has(town: Town) -> None:
    service.open_case(litter())
    one = kept.kept(town["handler_a"])["cases"][0]
    assert not {"reporter", "reporter_shown", "phone", "history", "evidence"} & set(one)


def test_every_module_of_the_application_is_kept_for_when_there_is_no_signal() -> None:
    folder = finders.find("cases/field")
    assert isinstance(folder, str)
    found = {path.stem for path in Path(folder).glob("*.js")} - {"worker"}
    assert found == set(application.MODULES)
