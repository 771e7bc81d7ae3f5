"""The database knows who asks for the whole of a request and not a moment longer, under WSGI and ASGI alike."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from onecity.kernel.access.session import acting_as, current_account, set_principal
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people import service
from onecity.kernel.people.models import Account, Organisation


def who(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"account": str(current_account() or ""), "atomic": connection.in_atomic_block})


@transaction.non_atomic_requests
def alone(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"atomic": connection.in_atomic_block})


def lazily(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string("{{ who }}")
    return TemplateResponse(request, template, {"who": lambda: str(current_account() or "")})


def breaks(request: HttpRequest) -> HttpResponse:
    Organisation.objects.create(code="half", name="half done")
    raise RuntimeError("on purpose")


def refuses(request: HttpRequest) -> HttpResponse:
    Organisation.objects.create(code="half", name="half done")
    return HttpResponse(json.dumps({"status": 409}), status=409, content_type="application/problem+json")


def raises_problem(request: HttpRequest) -> HttpResponse:
    Organisation.objects.create(code="half", name="half done")
    raise Problem("no", "No", status=409)


def answers_400(request: HttpRequest) -> HttpResponse:
    Organisation.objects.create(code="kept", name="a form with errors keeps what was noted")
    return HttpResponse("again", status=400)


def streams(request: HttpRequest) -> HttpResponse:
    account = request.user.id if isinstance(request.user, Account) else None

    def lines() -> Iterator[str]:
        yield f"{current_account() or ''};"
        with acting_as(account):
            yield f"{current_account() or ''}"

    return StreamingHttpResponse(lines())  # type: ignore[return-value] # a stream is a response


VIEWS = (who, alone, lazily, breaks, refuses, raises_problem, answers_400, streams)
PATTERNS = tuple(path(view.__name__, view) for view in VIEWS)
URLS = override_settings(ROOT_URLCONF=PATTERNS, ALLOWED_HOSTS=["testserver"])


@pytest.fixture
def account(db: None) -> Account:
    return service.create_account("asks", display_name="Asks")


@pytest.fixture
def signed_in(account: Account) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(account)
    return client


@URLS
def test_the_view_runs_as_the_account_and_nothing_stays_behind(signed_in: Client, account: Account) -> None:
    assert signed_in.get("/who").json() == {"account": str(account.id), "atomic": True}
    assert current_account() is None
    assert Client().get("/who").json() == {"account": "", "atomic": True}


@URLS
def test_a_template_rendered_after_the_view_still_reads_as_the_account(signed_in: Client, account: Account) -> None:
    assert signed_in.get("/lazily").content.decode() == str(account.id)


@URLS
@pytest.mark.parametrize(("view", "status"), [("breaks", 500), ("refuses", 409), ("raises_problem", 409)])
def test_what_fails_leaves_nothing_half_done(
    signed_in: Client, view: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert signed_in.get(f"/{view}").status_code == status
    assert not Organisation.objects.exists()
    assert current_account() is None


@URLS
def test_an_answer_that_asks_again_keeps_what_was_noted(signed_in: Client) -> None:
    assert signed_in.get("/answers_400").status_code == 400
    assert Organisation.objects.filter(code="kept").exists()


@URLS
def test_a_stream_has_to_say_who_it_is(signed_in: Client, account: Account) -> None:
    response: Any = signed_in.get("/streams")
    assert b"".join(response.streaming_content).decode() == f";{account.id}"


@URLS
@pytest.mark.django_db(transaction=True)
def test_a_view_may_refuse_the_transaction() -> None:
    assert Client().get("/alone").json() == {"atomic": False}


@URLS
@pytest.mark.django_db(transaction=True)
async def test_it_holds_under_asgi_too() -> None:
    account = await Account.objects.acreate(username="asgi", display_name="A")
    client = AsyncClient()
    await client.aforce_login(account)
    for _ in range(2):
        response = await client.get("/who")
        assert response.json() == {"account": str(account.id), "atomic": True}
    assert (await AsyncClient().get("/who")).json() == {"account": "", "atomic": True}
    await sync_to_async(connections.close_all)()  # of the thread that ran the views


@pytest.mark.django_db
def test_acting_as_nests_and_returns() -> None:
    outer, inner = new_id(), new_id()
    with acting_as(outer):
        with acting_as(inner):
            assert current_account() == inner
        assert current_account() == outer
        with pytest.raises(RuntimeError, match="undone"), acting_as(inner):
            raise RuntimeError("undone")
        assert current_account() == outer
        with acting_as(None):
            assert current_account() is None
    assert current_account() is None


@pytest.mark.django_db(transaction=True)
def test_no_account_is_set_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="only inside a transaction"):
        set_principal(new_id())
    with acting_as(new_id()):
        assert current_account() is not None
    assert current_account() is None
    assert not AnonymousUser().is_authenticated
