"""A caller is told which value is wrong, by the name that he used, in his language and in terms he can act on."""

import json
from typing import Annotated, Literal

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import translation
from ninja import NinjaAPI, Query, Schema
from ninja.testing import TestClient
from pydantic import Field

from onecity.kernel.core.errors import Problem
from onecity.kernel.web.api import BodyParser, install_handlers
from onecity.kernel.web.openapi import DescribedAPI


class Part(Schema):
    weight: float = Field(ge=0, le=10)


class Thing(Schema):
    name: str = Field(min_length=2)
    colour: Literal["red", "blue"] = "red"
    parts: list[Part] = []


class Wanted(Schema):
    number: list[int] = []
    limit: int = 10


def client() -> TestClient:
    class Described(DescribedAPI):
        def __init__(self) -> None:
            NinjaAPI.__init__(self, urls_namespace="wrong-values-test", parser=BodyParser())

    made = Described()
    install_handlers(made)

    @made.post("/things")
    def make(request: HttpRequest, thing: Thing) -> Thing:
        return thing

    @made.get("/things")
    def things(request: HttpRequest, wanted: Query[Wanted], day: Annotated[list[int], Query()]) -> list[int]:
        return wanted.number + day

    return TestClient(made)


def errors(answer: object) -> dict[str, str]:
    body = json.loads(answer.content)  # type: ignore[attr-defined] # the library's own kind of answer
    assert body["status"] == 422
    return {error["field"]: error["detail"] for error in body["errors"]}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            {
                "name": "This text must have at least 2 characters.",
                "colour": "This must be one of: red, blue.",
                "parts.0.weight": "This may be at most 10.0.",
                "parts.1.weight": "This value is needed.",
            },
        ),
        (
            "zh-hans",
            {
                "name": "至少 2 个字符。",
                "colour": "只能是以下之一：red, blue。",
                "parts.0.weight": "不能大于 10.0。",
                "parts.1.weight": "此项必填。",
            },
        ),
    ],
)
def test_members_of_a_body_are_named_as_the_caller_wrote_them(language: str, expected: dict[str, str]) -> None:
    with translation.override(language):
        answer = client().post("/things", json={"name": "x", "colour": "green", "parts": [{"weight": 11}, {}]})
    assert errors(answer) == expected


def test_parameters_are_named_as_the_caller_wrote_them() -> None:
    with translation.override("en"):
        answer = client().get("/things?number=1&number=x&limit=y&day=z")
    whole = "This must be a whole number."
    assert errors(answer) == {"number.1": whole, "limit": whole, "day.0": whole}


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"[1]", "The body must be a JSON object"),
        (b'"text"', "The body must be a JSON object"),
        (b'{"name": NaN}', "The body is not valid JSON"),
        (b'{"name"', "The body is not valid JSON"),
        (b"\xff", "The body is not valid JSON"),
        (b"[" * 100_000, "The body is not valid JSON"),
    ],
    ids=["list", "text", "nan", "half", "bytes", "deep"],
)
def test_what_is_no_json_object_is_refused(rf: RequestFactory, body: bytes, title: str) -> None:
    with pytest.raises(Problem) as refused:
        BodyParser().parse_body(rf.post("/things", body, content_type="application/json"))
    with translation.override("en"):
        assert (refused.value.status, str(refused.value.title)) == (400, title)


@pytest.mark.django_db
def test_nul_in_an_address_is_a_wrong_value(client: Client) -> None:
    answer = client.get("/search?q=%00", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


@pytest.mark.django_db
def test_a_method_that_is_not_offered_is_a_problem_that_names_those_that_are(client: Client) -> None:
    answer = client.delete("/api/cases")
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    page = client.post("/search")
    assert (page.status_code, page.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "<h1>" in page.content.decode()
