"""Every endpoint × every role: what a view declares is what it does, and nothing is open because nobody thought of it.

A new address appears here by itself. Where this test names yours, put a door on the view: `public`, `signed_in`,
`staff_required` or `permission_required` of `onecity.kernel.access.decorators`, or `auth=` of `onecity.kernel.access.api`
on an API operation. The views of libraries are listed in `FOREIGN` below, each prefix with its reason.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import close_old_connections, connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import get_resolver

from onecity.kernel.access import policy
from onecity.kernel.access.endpoints import Endpoint, endpoints
from onecity.kernel.people.doors import DEVICE, PUBLIC, SIGNED_IN, Door
from onecity.kernel.people.models import Account
from onecity.project.sample_towns import City

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/login/"
FORM = "application/x-www-form-urlencoded"
ANONYMOUS = "anonymous"
ROLES = (ANONYMOUS, "resident", "town-a", "town-b", "operator", "auditor", "admin")

# views that libraries bring, longest prefix first wins: one reaches them before one has signed in, or only after
FOREIGN: dict[str, Door] = {
    "accounts/login/": PUBLIC,
    "accounts/logout/": PUBLIC,
    "accounts/signup/": PUBLIC,
    "accounts/inactive/": PUBLIC,
    "accounts/reauthenticate/": SIGNED_IN,
    "accounts/confirm-email/": PUBLIC,  # the link of a message, opened on any device
    "accounts/password/reset/": PUBLIC,
    "accounts/password/": SIGNED_IN,
    "accounts/email/": SIGNED_IN,
    "accounts/2fa/authenticate/": PUBLIC,  # second step of signing in
    "accounts/2fa/webauthn/login/": PUBLIC,  # signing in with a passkey
    "accounts/2fa/": SIGNED_IN,
    "accounts/sessions/": SIGNED_IN,
    ".well-known/": PUBLIC,
    "identity/o/api/": DEVICE,  # other systems come with a secret or a token of their own
    "identity/o/device": SIGNED_IN,
    "identity/o/": PUBLIC,
    "api/openapi.json": PUBLIC,
    "api/docs": PUBLIC,
    "api/places/": PUBLIC,  # divisions are public knowledge, and their package stands below that of the doors
}
# the same for single addresses
FOREIGN_EXACTLY: dict[str, Door] = {
    "api/": PUBLIC,  # the library's root of the API, which answers 404
    "preferences": PUBLIC,  # brightness, type size and language, kept in the reader's own cookies
}
# closes its database connections on purpose, which a test inside one transaction does not survive: tried in kernel/web
ELSEWHERE = {"live"}


@dataclass
class Visitor:
    """One role with its session and what it may do."""

    role: str
    client: Client
    account: Account | None
    held: frozenset[str]

    def may(self, door: Door) -> bool:
        if door.kind == "public":
            return True
        if self.account is None:
            return False
        return door.kind == "signed_in" or (bool(self.held) if door.kind == "staff" else door.permission in self.held)


@pytest.fixture
def visitors(city: City) -> Iterator[list[Visitor]]:
    """All roles signed in, the web's database role on: from here on row-level security and its privileges bind."""
    cache.clear()
    made = [_visitor(role) for role in ROLES]
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield made
        cursor.execute("RESET ROLE")


def _visitor(role: str) -> Visitor:
    client = Client(raise_request_exception=False)
    if role == ANONYMOUS:
        return Visitor(role, client, None, frozenset())
    account = Account.objects.get(username=role)
    client.force_login(account)
    return Visitor(role, client, account, policy.held(account))


def all_endpoints() -> list[Endpoint]:
    return list(endpoints(get_resolver().url_patterns))


def door_of(endpoint: Endpoint) -> Door | None:
    if endpoint.door is not None:
        return endpoint.door
    if endpoint.route in FOREIGN_EXACTLY:
        return FOREIGN_EXACTLY[endpoint.route]
    matching = [prefix for prefix in FOREIGN if endpoint.route.startswith(prefix)]
    return FOREIGN[max(matching, key=len)] if matching else None


def ask(visitor: Visitor, endpoint: Endpoint) -> HttpResponseBase:
    """One request whose effects are undone, on the visitor's cookies too (signing out would end the session)."""
    cookies = copy(visitor.client.cookies)
    with transaction.atomic():
        response = visitor.client.generic(endpoint.method, endpoint.path(), content_type=FORM)
        transaction.set_rollback(True)
    visitor.client.cookies = cookies
    if response.streaming:  # an endless stream: what matters is that it opened
        request_finished.disconnect(close_old_connections)
        response.close()
        request_finished.connect(close_old_connections)
    return response


# says that the broker is away, which it is in these tests
UNWELL = {"healthz"}


def wrong(visitor: Visitor, endpoint: Endpoint, door: Door, response: HttpResponseBase) -> str:
    """What contradicts the door; empty where nothing does."""
    status = response.status_code
    to_sign_in = status == 302 and response.headers["Location"].startswith(SIGN_IN)
    if status == 503 and endpoint.route in UNWELL:
        return ""
    if status >= 500:
        broken = getattr(response, "exc_info", None)
        return f"broke with {status} {broken[1] if broken else ''}"
    if status == 405:
        return ""  # the address does not offer that method to anybody
    if door.kind == "device":
        return "" if status in {400, 401} else f"came in with {status}, though no device"
    if visitor.may(door):
        inner = status == 403 and endpoint.method != "GET"  # the view asks for more once it knows the division
        out = status in {401, 403} or (to_sign_in and door.kind != "public")
        return f"was kept out with {status}" if out and not inner else ""
    if visitor.account is None:
        return "" if status == 401 or (to_sign_in and not endpoint.is_api) else f"came in unknown with {status}"
    return "" if status == 403 else f"came in with {status}, though not allowed"


def test_every_endpoint_has_a_door() -> None:
    nameless = sorted({f"{e.name} ({e.view})" for e in all_endpoints() if door_of(e) is None})
    assert not nameless, "nobody has said who may use these (see this file's first lines):\n" + "\n".join(nameless)


def test_no_line_for_a_library_is_left_over() -> None:
    routes = {e.route for e in all_endpoints() if e.door is None}
    used = {max((p for p in FOREIGN if route.startswith(p)), key=len, default="") for route in routes}
    assert set(FOREIGN) - used == set()


def test_every_role_meets_at_every_endpoint_what_the_door_says(visitors: list[Visitor]) -> None:
    faults = []
    for endpoint in all_endpoints():
        door = door_of(endpoint)
        if door is None or endpoint.route in ELSEWHERE:
            continue  # the first is named by the test above
        for visitor in visitors:
            fault = wrong(visitor, endpoint, door, ask(visitor, endpoint))
            if fault:
                faults.append(f"{endpoint.name} ({endpoint.view}, {door}): {visitor.role} {fault}")
    assert not faults, "\n".join(faults)
