"""Of whom two steps are asked, nothing opens before they have them: no page, no data, no token; and the way there is open."""

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.test import Client

from onecity.kernel.access import two_steps
from onecity.kernel.access.tests.test_tokens import token
from onecity.kernel.people import roles, service
from onecity.kernel.people.models import Account, Role

pytestmark = pytest.mark.django_db
PAGE = "/accounts/second-factor"


def account(role: str = "", superuser: bool = False) -> Account:
    roles.sync()
    made = service.create_account(f"holder-{role or superuser}", display_name="Holder")
    if role:
        service.assign_role(made, Role.objects.get(name=role), "adm/1/")
    if superuser:
        made.is_superuser = True
        made.save()
    return made


def enrol(who: Account, kind: str = "totp") -> None:
    Authenticator.objects.create(user=who, type=kind, data={})


def signed_in(who: Account, language: str = "zh-hans") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(who)
    return client


@pytest.mark.parametrize(
    ("setting", "stopped"),
    [
        ("none", set()),
        ("admins", {"administrator", "security_administrator", "auditor", "data_officer", "root"}),
        (
            "staff",
            {"administrator", "security_administrator", "auditor", "data_officer", "root", "handler", "operator"},
        ),
    ],
)
def test_of_whom_it_is_asked(monkeypatch: pytest.MonkeyPatch, setting: str, stopped: set[str]) -> None:
    monkeypatch.setenv("ONECITY_REQUIRE_MFA", setting)
    names = ("administrator", "security_administrator", "auditor", "data_officer", "handler", "operator")
    everybody = {name: account(name) for name in names} | {"root": account(superuser=True), "resident": account()}
    found = {name for name, who in everybody.items() if signed_in(who).get("/accounts/").status_code == 302}
    assert found == stopped


def test_the_way_leads_to_the_page_and_on_once_the_factor_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECITY_REQUIRE_MFA", "admins")
    who = account("administrator")
    client = signed_in(who)
    sent = client.get("/desk/people?q=a")
    assert (sent.status_code, sent["Location"]) == (302, f"{PAGE}?next=%2Fdesk%2Fpeople%3Fq%3Da")
    page = client.get(sent["Location"])
    assert page.status_code == 200
    assert "请先设置两步登录" in page.content.decode()
    for name in ("/accounts/2fa/totp/activate/", "/accounts/logout/"):
        assert client.get(name).status_code in {200, 302}
        assert PAGE not in client.get(name).headers.get("Location", "")
    enrol(who, "recovery_codes")
    assert client.get("/desk/people").status_code == 302
    enrol(who)
    assert client.get(sent["Location"])["Location"] == "/desk/people?q=a"
    assert client.get("/desk/people").status_code == 200
    assert client.get(f"{PAGE}?next=https://evil.example.org/")["Location"] == "/"


def test_programs_and_tokens_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    who = account("administrator")
    header = token(who, ["openid", "api"])
    monkeypatch.setenv("ONECITY_REQUIRE_MFA", "admins")
    for answer in (
        signed_in(who).get("/api/access/permissions"),
        Client().get("/api/access/permissions", headers={"Authorization": header}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "second-factor-needed")
    enrol(who, "webauthn")
    assert signed_in(who).get("/api/access/permissions").status_code == 200
    assert Client().get("/api/access/permissions", headers={"Authorization": header}).status_code == 200


def test_a_live_stream_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECITY_REQUIRE_MFA", "admins")
    answer = signed_in(account("administrator")).get("/live", headers={"accept": "text/event-stream"})
    assert (answer.status_code, answer.json()["code"]) == (403, "second-factor-needed")


def test_nothing_is_done_by_who_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECITY_REQUIRE_MFA", "admins")
    who, other = account("administrator"), account()
    answer = signed_in(who).post(f"/desk/people/{other.id}/active", {"active": ""})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    other.refresh_from_db()
    assert other.is_active


def test_the_default_asks_administrators_in_production_only(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    monkeypatch.delenv("ONECITY_REQUIRE_MFA", raising=False)
    for demo, expected in ((True, "none"), (False, "admins")):
        settings.ONECITY_DEMO = demo
        assert two_steps.asked_of() == expected
    monkeypatch.setenv("ONECITY_REQUIRE_MFA", "everybody")
    with pytest.raises(ValueError, match="ONECITY_REQUIRE_MFA must be one of none, admins, staff"):
        two_steps.asked_of()
