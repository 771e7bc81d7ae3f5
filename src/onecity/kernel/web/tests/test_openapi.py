"""What the library cannot know is added to the OpenAPI document, and the reference page shows it."""

import pytest
from django.http import HttpRequest
from django.test import Client
from ninja import NinjaAPI, Router, Schema
from ninja.openapi import get_schema

from onecity.kernel.access.authentication import public, signed_in_auth
from onecity.kernel.core.openapi import POINTS_SCHEMA, Described, answers_with, may_answer, refusals
from onecity.kernel.web import reference
from onecity.kernel.web.openapi import complete

FRAGMENT = {
    "paths": {
        "/door": {
            "get": {
                "operationId": "door",
                "tags": ["doors"],
                "summary": "A door",
                "security": [],
                "parameters": [],
                "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Door"}}}}}
                | refusals(429),
            }
        }
    },
    "components": {"schemas": {"Door": {"type": "object", "properties": {"open": {"const": True}}}}, "securitySchemes": {}},
}  # fmt: skip


class Thing(Schema):
    """A thing."""

    name: str
    weight: float | None = None


class Unused(Schema):
    """Filters the list."""

    name: str = ""


@pytest.fixture(scope="module")
def document() -> Described:
    router = Router(tags=["things"])

    @router.get("/open", auth=public, summary="All", response=list[Thing])
    def open_(request: HttpRequest) -> list[Thing]:
        """Everybody may read."""
        return []

    @router.get(
        "/map", auth=public, summary="Map", openapi_extra=answers_with({"application/geo+json": POINTS_SCHEMA}, 503)
    )
    def map_(request: HttpRequest) -> None:
        """As GeoJSON."""

    @router.post("/{number}", auth=signed_in_auth, summary="Make", response=Thing, openapi_extra=may_answer(415))
    def make(request: HttpRequest, number: int, body: Thing) -> Thing:
        """Whoever has signed in may write."""
        return body

    api = NinjaAPI(urls_namespace="described-test")
    api.add_router("/things", router)
    return complete(get_schema(api, "/api/"), {"things": "Things.", "doors": "Doors."}, [FRAGMENT])


def operation(document: Described, path: str, method: str = "get") -> Described:
    found: Described = document["paths"][path][method]
    return found


def test_the_problems_of_an_operation_follow_from_what_it_takes(document: Described) -> None:
    assert list(operation(document, "/api/things/open")["responses"]) == ["200", "401"]
    made = operation(document, "/api/things/{number}", "post")["responses"]
    assert list(made) == ["200", "400", "401", "403", "404", "409", "413", "415", "422"]
    assert made["404"] == {"$ref": "#/components/responses/NotFound"}


def test_a_public_operation_needs_no_credential_but_knows_one(document: Described) -> None:
    assert operation(document, "/api/things/open")["security"] == [{}, {"session": []}, {"token": []}]


def test_a_session_that_writes_needs_the_second_proof(document: Described) -> None:
    found = operation(document, "/api/things/{number}", "post")["security"]
    assert found == [{"session": [], "csrf": []}, {"token": []}]
    assert set(document["components"]["securitySchemes"]) == {"session", "csrf", "token"}


def test_fragments_and_tags_stand_beside_the_librarys_operations(document: Described) -> None:
    assert document["tags"] == [
        {"name": "things", "description": "Things."},
        {"name": "doors", "description": "Doors."},
    ]
    assert list(operation(document, "/door")["responses"]) == ["200", "429"]


def test_schemas_that_nothing_refers_to_are_left_out(document: Described) -> None:
    assert set(document["components"]["schemas"]) == {"Thing", "Problem", "Door"}


def test_the_reference_tells_parameters_members_and_credentials(document: Described) -> None:
    things, doors = reference.groups(document)
    assert (things.name, len(things.operations), doors.description) == ("things", 3, "Doors.")
    made = things.operations[2]
    assert (made.method, made.path, made.summary) == ("POST", "/api/things/{number}", "Make")
    assert made.credentials == ("session + csrf", "token")
    assert [(p.name, p.place, p.kind, p.required) for p in made.parameters] == [("number", "path", "integer", True)]
    assert [(m.name, m.kind, m.required) for m in made.bodies[0].members] == [
        ("name", "string", True),
        ("weight", "number | null", False),
    ]
    assert things.operations[0].credentials == ("session", "token")


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "heading"), [("zh-hans", "程序接口"), ("en", "Programming interface")])
def test_the_reference_page_loads_nothing_from_elsewhere(client: Client, language: str, heading: str) -> None:
    answer = client.get("/api/docs", headers={"Accept-Language": language})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f"<h1>{heading}</h1>" in text
    assert "/api/cases/{case_id}/act" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


def test_texts_are_escaped_and_what_is_quoted_is_code() -> None:
    assert reference.marked("a `b<c>` d & `e`") == "a <code>b&lt;c&gt;</code> d &amp; <code>e</code>"
