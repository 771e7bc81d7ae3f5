# ruff: noqa: S608 - the last test speaks SQL to the wall itself, with names of our own tables
"""A town never sees another town's things: not in a list, by id, by search, on a map or in the live stream.

Every GET address of the platform is asked as the person of one town, with the ids of the other town's things wherever
an address takes one, and every answer is searched for the other town's word. Then the same once more with the
application's own filter taken out, so that only row-level security stands.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import get_resolver

from onecity.kernel.access import policy, session
from onecity.kernel.access.endpoints import NO_ID, Endpoint, endpoints
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.notify.models import FeedEvent
from onecity.kernel.people.models import Account
from onecity.kernel.rules.models import Alert
from onecity.kernel.telemetry.models import Device
from onecity.kernel.twin.models import Entity
from onecity.project.sample_towns import THINGS, City, Town

ELSEWHERE = {"live"}  # closes its connections on purpose; the feed behind it is asked below
SEARCHES = ("", "?q={mark}", "?search={mark}", "?division={path}", "?division_path={path}")


@pytest.fixture
def web_role(city: City) -> Iterator[None]:
    """From here on the statements are the web's."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield
        cursor.execute("RESET ROLE")


@pytest.fixture(params=["filtered", "row-level security alone"])
def filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "filtered":
        monkeypatch.setattr(policy, "visible", everything)
        monkeypatch.setattr(policy, "may", lambda *_arguments: True)


def everything(queryset: QuerySet[Any], *_arguments: Any) -> QuerySet[Any]:
    return queryset


def client_of(username: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(Account.objects.get(username=username))
    return client


def addresses(town: Town) -> Iterator[str]:
    """Every readable address, aimed at what is that town's."""
    for endpoint in endpoints(get_resolver().url_patterns):
        if endpoint.method == "GET" and endpoint.route not in ELSEWHERE:
            yield from _aimed(endpoint, town)


def _aimed(endpoint: Endpoint, town: Town) -> Iterator[str]:
    path = endpoint.path(town.ids | {"path": town.path, "kind": "case"})
    if "uuid" in endpoint.route and path == endpoint.path():
        for identity in town.ids.values():  # a parameter of another name: try everything
            yield path.replace(NO_ID, identity)
    for search in SEARCHES if "<" not in endpoint.route else ("",):
        yield path + search.format(mark=town.mark, path=town.path)


def read(client: Client, address: str) -> str:
    with transaction.atomic():
        response: HttpResponseBase = client.get(address)
        transaction.set_rollback(True)
    if isinstance(response, HttpResponse):
        return response.content.decode(errors="replace")
    assert isinstance(response, StreamingHttpResponse)
    assert not response.is_async, address
    try:
        return response.getvalue().decode(errors="replace")
    finally:
        request_finished.disconnect(close_old_connections)
        response.close()
        request_finished.connect(close_old_connections)


def names_of(town: Town, answer: str, address: str) -> bool:
    """Whether the answer tells anything of the town; what was asked for may come back as it was typed."""
    said = (f"{town.mark}{thing}" for thing in THINGS)
    identities = (identity for identity in town.ids.values() if identity not in address)
    return any(text in answer for text in (*said, *identities))


def test_no_address_tells_a_town_of_another(city: City, filters: None, web_role: None) -> None:
    client = client_of("town-a")
    told = [a for a in addresses(city.town_b) if names_of(city.town_b, read(client, a), a)]
    assert told == []


def test_the_same_addresses_do_tell_those_who_may_know(city: City, web_role: None) -> None:
    """Without this the test above could pass because nothing is ever shown."""
    for username in ("town-b", "admin"):
        client = client_of(username)
        plain = [address for address in addresses(city.town_b) if "?" not in address]
        told = [a for a in plain if names_of(city.town_b, read(client, a), a)]
        assert len(told) >= 4, username


def test_the_tables_themselves_part_the_towns(city: City, web_role: None) -> None:
    for model in (Case, CaseEvent, Entity, Alert, Device):
        seen = {}
        for username in ("", "town-a", "town-b"):
            account = Account.objects.filter(username=username).first()
            with session.acting_as(account.id if account else None):
                seen[username] = set(model._default_manager.values_list("pk", flat=True))
        assert seen[""] == set(), model
        assert seen["town-a"].isdisjoint(seen["town-b"]), model


def test_the_live_feed_parts_the_towns(city: City, web_role: None) -> None:
    seen = {}
    for username in ("town-a", "town-b", "operator", "resident"):
        with session.acting_as(Account.objects.get(username=username).id):
            seen[username] = set(FeedEvent.objects.values_list("division_path", flat=True))
    assert city.town_b.path not in seen["town-a"]
    assert city.town_a.path not in seen["town-b"]
    assert {city.town_a.path, city.town_b.path} <= seen["operator"]
    assert seen["resident"] == set()


def test_a_town_changes_nothing_of_another_even_past_the_application(city: City, web_role: None) -> None:
    a = Account.objects.get(username="town-a")
    for model in (Case, Entity, Alert, Device):
        table = model._meta.db_table
        for right, statement in (
            ("UPDATE", f"UPDATE {table} SET division_path = %s"),
            ("DELETE", f"DELETE FROM {table}"),
        ):
            with session.acting_as(a.id), connection.cursor() as cursor:
                cursor.execute("SELECT has_table_privilege('onecity_app', %s, %s)", [table, right])
                if cursor.fetchone() == (True,):
                    values = [city.town_a.path] if right == "UPDATE" else []
                    cursor.execute(f"{statement} WHERE division_path = %s", [*values, city.town_b.path])
                    assert cursor.rowcount == 0, statement
