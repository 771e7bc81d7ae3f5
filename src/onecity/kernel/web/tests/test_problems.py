"""Problems as people and programs read them, in the reader's language, with nothing told that helps an attacker."""

import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI, Schema
from ninja.testing import TestClient

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.web import errors, problems
from onecity.kernel.web.api import install_handlers


class Reading(Schema):
    value: float


def api() -> TestClient:
    made = NinjaAPI(urls_namespace="problems-test")
    install_handlers(made)

    @made.post("/readings")
    def readings(request: object, payload: Reading) -> dict[str, float]:
        if payload.value < 0:
            raise Problem("too-low", _("Too many requests"), status=409, errors=[FieldError("value", "below zero")])
        if payload.value > 100:
            raise RuntimeError("a fault of ours")
        return {"value": payload.value}

    return TestClient(made)


def test_a_problem_is_written_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        answer = api().post("/readings", json={"value": -1})
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    body = json.loads(answer.content)
    assert body["type"] == "/problems/too-low"
    assert body["title"] == "请求过于频繁"
    assert body["errors"] == [{"field": "value", "detail": "below zero", "code": "invalid"}]


def test_a_wrong_value_is_named_by_its_place() -> None:
    answer = api().post("/readings", json={"value": "much"})
    assert answer.status_code == 422
    assert json.loads(answer.content)["errors"][0]["field"] == "payload.value"


def test_a_fault_of_ours_tells_a_reference_and_nothing_else() -> None:
    answer = api().post("/readings", json={"value": 101})
    assert answer.status_code == 500
    body = json.loads(answer.content)
    assert set(body) == {"type", "title", "status", "code", "instance", "reference"}
    assert "fault of ours" not in answer.content.decode()


@pytest.mark.django_db
def test_a_form_that_expired_says_that_nothing_was_stored(rf: RequestFactory) -> None:
    request = rf.post("/x", headers={"accept": "text/html"})
    request.user = AnonymousUser()
    with translation.override("en"):
        answer = errors.csrf_failure(request)
    assert answer.status_code == 403
    assert "Nothing was stored" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_changes_nothing() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/preferences", {"theme": "dark"}, headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "onecity_theme" not in answer.cookies


@pytest.mark.parametrize(
    ("accept", "json_wanted"),
    [("application/json", True), ("text/html,application/json;q=0.9", False), ("*/*", False)],
)
def test_pages_for_people_and_json_for_programs(rf: RequestFactory, accept: str, json_wanted: bool) -> None:
    assert problems.wants_json(rf.get("/desk", headers={"accept": accept})) is json_wanted
    assert problems.wants_json(rf.get("/api/x", headers={"accept": accept})) is True
