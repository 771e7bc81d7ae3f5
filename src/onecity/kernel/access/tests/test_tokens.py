"""Other systems call the API with a token that a person granted them: it acts as that person, and only where he said so."""

import datetime as dt

import pytest
from allauth.idp.oidc.models import Client as System
from allauth.idp.oidc.models import Token
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from onecity.kernel.access.authentication import public, signed_in_auth
from onecity.kernel.access.session import current_account
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import oidc, service
from onecity.kernel.people.models import Account, Role

pytestmark = pytest.mark.django_db
HERE = "/api/access/permissions"


@pytest.fixture
def account(db: None) -> Account:
    role = Role.objects.create(name="viewer", title="V", permissions=["people.view"])
    made = service.create_account("holder", display_name="Holder")
    service.assign_role(made, role, "adm/1/")
    return made


def token(account: Account, scopes: list[str], hours: int = 1) -> str:
    client_id, _secret = oidc.register_client("system", ["https://example.org/"], scopes=scopes)
    made = Token(
        type=Token.Type.ACCESS_TOKEN,
        client=System.objects.get(pk=client_id),
        user=account,
        expires_at=now() + dt.timedelta(hours=hours),
    )
    made.set_scopes(scopes)
    made.set_value("the-token")
    made.save()
    return "Bearer the-token"


def test_a_token_for_the_api_acts_as_its_holder(account: Account) -> None:
    answer = Client().get(HERE, headers={"Authorization": token(account, ["openid", "api"])})
    assert [(p["permission"], p["scopes"]) for p in answer.json()] == [("people.view", ["adm/1/"])]
    refused = Client().get("/api/access/audit", headers={"Authorization": "Bearer the-token"})
    assert refused.status_code == 403
    assert refused.json()["permission"] == "audit.view"


@pytest.mark.parametrize(("scopes", "hours"), [(["openid", "profile"], 1), (["api"], -1)])
def test_a_token_for_signing_in_alone_or_an_old_one_opens_nothing(
    account: Account, scopes: list[str], hours: int
) -> None:
    header = token(account, scopes, hours)
    assert Client().get(HERE, headers={"Authorization": header}).status_code == 401


def test_a_closed_account_and_an_unknown_token_open_nothing(account: Account) -> None:
    header = token(account, ["api"])
    service.deactivate(account)
    assert Client().get(HERE, headers={"Authorization": header}).status_code == 401
    assert Client().get(HERE, headers={"Authorization": "Bearer made-up"}).status_code == 401


def test_a_session_needs_the_csrf_token_to_write_and_a_token_does_not(account: Account) -> None:
    written = RequestFactory().post("/api/anything")
    written.user = account
    written._dont_enforce_csrf_checks = False  # type: ignore[attr-defined] # as for a browser
    with pytest.raises(Problem) as refused:
        signed_in_auth(written)
    assert (refused.value.status, refused.value.code) == (403, "csrf")
    called = RequestFactory().post("/api/anything", headers={"Authorization": token(account, ["api"])})
    called.user = AnonymousUser()
    assert signed_in_auth(called) == account
    assert current_account() == account.id


def test_who_has_not_signed_in_is_asked_to_do_so_before_anything_else(account: Account) -> None:
    del account
    answer = Client(enforce_csrf_checks=True).post("/api/cases", {}, content_type="application/json")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_public_operation_knows_a_token_and_refuses_one_that_is_none(account: Account) -> None:
    called = RequestFactory().get("/api/anything", headers={"Authorization": token(account, ["api"])})
    called.user = AnonymousUser()
    assert public(called) == account
    assert current_account() == account.id
    asked = RequestFactory().get("/api/anything", headers={"Authorization": "Bearer made-up"})
    asked.user = AnonymousUser()
    assert public(asked) is None
