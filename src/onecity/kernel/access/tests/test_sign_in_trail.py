"""Every attempt to sign in leaves its event, written by the web's own database role."""

import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from onecity.kernel.access import audit
from onecity.kernel.access.models import AuditEvent
from onecity.kernel.people import service
from onecity.kernel.people.models import Account

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def account(db: None) -> Account:
    cache.clear()
    return service.create_account("chen.jing", display_name="陈静", password=PASSWORD)


@pytest.fixture
def web(account: Account) -> Iterator[Client]:
    """A browser; what it does runs as the application's database role."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield Client()
        cursor.execute("RESET ROLE")


def trail() -> list[tuple[str, str | None, str]]:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    events = AuditEvent.objects.order_by("at", "id")
    return [(e.action, str(e.actor_id) if e.actor_id else None, e.object_id) for e in events]


def sign_in(client: Client, password: str = PASSWORD, name: str = "chen.jing") -> None:
    client.post("/accounts/login/", {"login": name, "password": password})


def test_signing_in_and_out_is_written_in_ones_own_name(web: Client, account: Account) -> None:
    sign_in(web)
    web.post("/accounts/logout/")
    me = str(account.id)
    assert trail() == [("account.signed_in", me, me), ("account.signed_out", me, me)]
    assert audit.verify().intact


def test_failures_and_the_lock_out_are_written_without_what_was_typed(web: Client, account: Account) -> None:
    sign_in(web, "my secret", "chen.jing")
    sign_in(web, "x", "typed-my-password-here")
    for _ in range(5):
        sign_in(web, "wrong again")
    me = str(account.id)
    assert trail() == [
        ("account.sign_in_failed", None, me),
        ("account.sign_in_failed", None, ""),
        *[("account.sign_in_failed", None, me)] * 4,
        ("account.locked", None, me),
    ]
    details = "".join(AuditEvent.objects.values_list("detail", flat=True))
    assert "secret" not in details
    assert "typed-my" not in details
    assert json.loads(AuditEvent.objects.latest("at").detail) == {"ip": "127.0.0.1", "known": True}
    assert audit.verify().intact


def test_a_changed_password_is_written(web: Client, account: Account) -> None:
    sign_in(web)
    form = {"oldpassword": PASSWORD, "password1": "another good one 7", "password2": "another good one 7"}
    web.post("/accounts/password/change/", form)
    account.refresh_from_db()
    assert account.check_password("another good one 7")
    assert trail()[-1] == ("account.password_changed", str(account.id), str(account.id))


def test_signing_up_is_written(web: Client) -> None:
    form = {"username": "new.one", "display_name": "新人", "password1": PASSWORD, "password2": PASSWORD}
    web.post("/accounts/signup/", form)
    actions = [action for action, _actor, _object in trail()]
    assert actions == ["account.signed_up", "account.signed_in"]
