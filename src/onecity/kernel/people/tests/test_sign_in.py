"""Signing in as people do it: passwords, phone numbers, second factors, recovery codes, sessions and lock-out."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client, override_settings

from onecity.kernel.people import demo, service
from onecity.kernel.people.models import Account

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def account() -> Account:
    return service.create_account(
        "li.wei", display_name="李伟", password=PASSWORD, phone="+8613800000000", phone_verified_at="2026-01-01T00:00Z"
    )


def sign_in(client: Client, name: str, password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": name, "password": password})


def signed_in_as(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize("name", ["li.wei", "LI.WEI", "13800000000", "+86 138 0000 0000"])
def test_name_or_confirmed_phone_number_signs_in(client: Client, account: Account, name: str) -> None:
    response = sign_in(client, name)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert signed_in_as(client) == str(account.id)


def test_an_e_mail_address_signs_in(client: Client) -> None:
    mailed = service.create_account("mailed", display_name="M", password=PASSWORD, email="Mei@Example.com")
    sign_in(client, "mei@example.COM")
    assert signed_in_as(client) == str(mailed.id)


def test_the_password_is_stored_with_argon2(account: Account) -> None:
    assert account.password.startswith("argon2$argon2id$")


@pytest.mark.parametrize("name", ["li.wei", "nobody", "13800000000"])
def test_a_wrong_password_and_an_unknown_name_look_the_same(client: Client, account: Account, name: str) -> None:
    response = sign_in(client, name, "wrong password")
    assert response.status_code == 200
    assert re.findall(r"class=\"error[^>]*>|<li>", response.content.decode())
    assert signed_in_as(client) is None


def test_an_unconfirmed_phone_number_does_not_sign_in(client: Client, account: Account) -> None:
    Account.objects.update(phone_verified_at=None)
    sign_in(client, "13800000000")
    assert signed_in_as(client) is None


def test_a_closed_account_does_not_sign_in_and_loses_its_session(client: Client, account: Account) -> None:
    sign_in(client, "li.wei")
    assert client.get("/accounts/").status_code == 200
    service.deactivate(account)
    assert client.get("/accounts/").status_code == 302
    assert sign_in(Client(), "li.wei")["Location"].endswith("/accounts/inactive/")


def test_five_failures_lock_the_account_even_for_the_right_password(client: Client, account: Account) -> None:
    for _ in range(5):
        sign_in(client, "li.wei", "wrong password")
    sign_in(client, "li.wei")
    assert signed_in_as(client) is None
    other = service.create_account("other", display_name="Other", password=PASSWORD)
    sign_in(client, "other")
    assert signed_in_as(client) == str(other.id)


def test_a_resident_signs_up_without_an_e_mail_address(client: Client) -> None:
    response = client.post(
        "/accounts/signup/",
        {"username": "New.Resident", "display_name": "新居民", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert response.status_code == 302
    account = Account.objects.get(username="new.resident")
    assert (account.display_name, account.email, account.assurance_level, account.is_superuser) == (
        "新居民",
        "",
        0,
        False,
    )
    assert signed_in_as(client) == str(account.id)


@pytest.mark.parametrize("password", ["short", "1234567890", "passwordpassword"[:8], "new.resident"])
def test_a_weak_password_is_refused(client: Client, password: str) -> None:
    form = {"username": "new.resident", "display_name": "N", "password1": password, "password2": password}
    assert client.post("/accounts/signup/", form).status_code == 200
    assert not Account.objects.exists()


def confirm_password(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def activate_totp(client: Client) -> str:
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    response = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)})
    assert response.status_code == 302
    return str(secret)


def totp_code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_a_second_factor_is_asked_for_and_a_recovery_code_replaces_it(client: Client, account: Account) -> None:
    sign_in(client, "li.wei")
    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")
    confirm_password(client)
    activate_totp(client)
    codes = Authenticator.objects.get(user=account, type="recovery_codes").wrap().get_unused_codes()
    again = Client()
    assert sign_in(again, "li.wei")["Location"].startswith("/accounts/2fa/authenticate/")
    assert signed_in_as(again) is None
    assert again.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert signed_in_as(again) is None
    assert again.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert signed_in_as(again) == str(account.id)
    third = Client()
    sign_in(third, "li.wei")
    third.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert signed_in_as(third) is None, "a recovery code works once"


def test_other_sessions_are_listed_and_ended(client: Client, account: Account) -> None:
    sign_in(client, "li.wei")
    elsewhere = Client(headers={"User-Agent": "Elsewhere/1.0"})
    sign_in(elsewhere, "li.wei")
    page = client.get("/accounts/sessions/").content.decode()
    assert "Elsewhere/1.0" in page
    client.post("/accounts/sessions/")
    assert elsewhere.get("/accounts/").status_code == 302
    assert client.get("/accounts/").status_code == 200


def test_one_changes_ones_name_and_not_ones_assurance(client: Client, account: Account) -> None:
    sign_in(client, "li.wei")
    client.post("/accounts/", {"display_name": "李 伟", "language": "en", "assurance_level": "3", "is_superuser": "1"})
    account.refresh_from_db()
    assert (account.display_name, account.language) == ("李 伟", "en")
    assert (account.assurance_level, account.is_superuser) == (0, False)


def test_only_a_demonstration_names_its_accounts(client: Client, account: Account) -> None:
    Account.objects.create_user("operator", demo.PASSWORD, display_name="值班", is_demo=True)
    page = client.get(LOGIN).content.decode()
    assert demo.PASSWORD in page
    assert "li.wei" not in page
    with override_settings(ONECITY_DEMO=False):
        assert demo.PASSWORD not in client.get(LOGIN).content.decode()


PAGES = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/sessions/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_the_account_is_in_our_frame_and_in_chinese(client: Client, account: Account, path: str) -> None:
    if path not in PAGES[:3]:
        sign_in(client, "li.wei")
        confirm_password(client)
    response = client.get(path)
    if response.status_code == 302:
        pytest.fail(f"{path} led to {response['Location']}")
    text = response.content.decode()
    assert 'lang="zh-Hans"' in text
    assert 'class="shell-top"' in text
    main = re.search(r"<main.*</main>", text, re.DOTALL)
    assert main is not None
    words = re.sub(r"<script.*?</script>|<[^>]+>", " ", main.group(), flags=re.DOTALL)
    assert not re.search(r"[A-Za-z]{4,} [a-z]{2,} [a-z]{2,}", words), words
