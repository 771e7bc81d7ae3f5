"""Another system signs its users in here: the whole authorization-code flow with PKCE, over HTTP as clients do it."""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.idp.oidc.models import Client as OIDCClient
from allauth.idp.oidc.models import Token
from django.test import Client

from onecity.kernel.core.errors import Problem
from onecity.kernel.people import oidc, service
from onecity.kernel.people.models import Account, AssuranceLevel, Role

pytestmark = pytest.mark.django_db
CALLBACK = "https://archive.example.org/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-1234"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
AUTHORIZE = "/identity/o/authorize"


@pytest.fixture
def account() -> Account:
    role = Role.objects.create(name="handler", title="案件处置人员", permissions=["people.view"])
    made = service.create_account("wang.fang", display_name="王芳", password="correct horse battery")
    service.set_assurance(made, AssuranceLevel.IDENTITY_ONLINE)
    service.assign_role(made, role, "adm/910000/910001/")
    return made


def request(client_id: str, **changes: str) -> dict[str, str]:
    return {
        "response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "state": "s1", "nonce": "n1",
        "scope": "openid profile assurance roles", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    } | changes  # fmt: skip


def grant(client: Client, client_id: str) -> str:
    page = client.get(AUTHORIZE, request(client_id)).content.decode()
    signed = re.search(r'name="request" value="([^"]+)"', page)
    assert signed is not None, page
    form = {"request": signed.group(1), "scopes": ["openid", "profile", "assurance", "roles"], "action": "grant"}
    response = client.post(AUTHORIZE, form)
    assert response.status_code == 302
    sent = parse_qs(urlsplit(response["Location"]).query)
    assert response["Location"].startswith(CALLBACK)
    assert sent["state"] == ["s1"]
    return sent["code"][0]


def exchange(code: str, client_id: str, secret: str, **changes: str) -> Any:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": client_id,
        "client_secret": secret, "code_verifier": VERIFIER,
    } | changes  # fmt: skip
    return Client().post("/identity/o/api/token", form)


def test_the_discovery_document_names_the_platform_and_its_claims(client: Client) -> None:
    found = client.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == oidc.CityOIDCAdapter().get_issuer()
    assert found["scopes_supported"] == ["openid", "profile", "email", "assurance", "roles", "mandates", "api"]
    assert {"assurance_level", "roles", "mandates", "acr", "amr", "sid"} <= set(found["claims_supported"])
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert found["response_types_supported"] == ["code"]
    assert "device_authorization_endpoint" not in found


def test_the_code_flow_ends_in_a_signed_token_and_current_claims(client: Client, account: Account) -> None:
    client_id, secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    response = exchange(grant(client, client_id), client_id, secret)
    assert response.status_code == 200, response.content
    tokens = response.json()
    keys = jwt.PyJWKSet.from_dict(client.get("/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(tokens["id_token"])
    claims = jwt.decode(
        tokens["id_token"], keys[header["kid"]].key, algorithms=["RS256"], audience=client_id,
        issuer=oidc.CityOIDCAdapter().get_issuer(),
    )  # fmt: skip
    assert (claims["sub"], claims["nonce"], claims["assurance_level"]) == (str(account.id), "n1", 2)
    info = (
        Client().get("/identity/o/api/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
    )
    assert info["name"] == "王芳"
    assert info["preferred_username"] == "wang.fang"
    assert info["assurance_level"] == 2
    assert info["roles"] == [{"role": "handler", "title": "案件处置人员", "division": "adm/910000/910001/"}]


def test_a_token_signed_by_another_key_does_not_verify(client: Client, account: Account) -> None:
    client_id, secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    token = exchange(grant(client, client_id), client_id, secret).json()["id_token"]
    body, signature = token.rsplit(".", 1)
    forged = f"{body}.{signature[:-8]}{'A' * 8}"
    keys = jwt.PyJWKSet.from_dict(client.get("/.well-known/jwks.json").json())
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, keys.keys[0].key, algorithms=["RS256"], audience=client_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "x" * 43},
        {"client_secret": "wrong"},
        {"redirect_uri": "https://evil.example.org/"},
        {"code": "x"},
    ],
)
def test_a_code_is_exchanged_only_by_whom_it_was_made_for(
    client: Client, account: Account, changes: dict[str, str]
) -> None:
    client_id, secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    code = changes.pop("code", "") or grant(client, client_id)
    response = exchange(code, client_id, secret, **changes)
    assert response.status_code in {400, 401}
    assert "access_token" not in response.json()
    assert not Token.objects.filter(type=Token.Type.ACCESS_TOKEN).exists()


def test_a_code_works_once(client: Client, account: Account) -> None:
    client_id, secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    code = grant(client, client_id)
    assert exchange(code, client_id, secret).status_code == 200
    assert exchange(code, client_id, secret).status_code == 400


def test_an_address_that_was_not_registered_is_never_sent_to(client: Client, account: Account) -> None:
    client_id, _secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    response = client.get(AUTHORIZE, request(client_id, redirect_uri="https://evil.example.org/"))
    assert "Location" not in response.headers
    assert not Token.objects.exists()


def test_who_has_not_signed_in_signs_in_first_and_comes_back(client: Client) -> None:
    client_id, _secret = oidc.register_client("档案系统", [CALLBACK])
    response = client.get(AUTHORIZE, request(client_id))
    assert response.status_code == 302
    assert urlsplit(response["Location"]).path == "/accounts/login/"
    assert parse_qs(urlsplit(response["Location"]).query)["next"][0].startswith(AUTHORIZE)


def test_a_browser_is_led_on_by_a_page_since_forms_may_not_redirect_elsewhere(client: Client, account: Account) -> None:
    client_id, _secret = oidc.register_client("城管系统", [CALLBACK], trusted=True)
    client.force_login(account)
    response = client.get(AUTHORIZE, request(client_id), headers={"Accept": "text/html,*/*"})
    assert response.status_code == 200
    assert re.search(rf'http-equiv="refresh" content="0;url={re.escape(CALLBACK)}\?', response.content.decode())
    assert response["Cache-Control"] == "no-store"
    assert client.get(AUTHORIZE, request(client_id)).status_code == 302


def test_refusing_consent_gives_no_code(client: Client, account: Account) -> None:
    client_id, _secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    page = client.get(AUTHORIZE, request(client_id)).content.decode()
    signed = re.search(r'name="request" value="([^"]+)"', page)
    assert signed is not None
    response = client.post(AUTHORIZE, {"request": signed.group(1), "action": "cancel"})
    assert parse_qs(urlsplit(response["Location"]).query) == {"error": ["access_denied"], "state": ["s1"]}
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("public", "changes", "reason"),
    [
        (True, {"code_challenge": "", "code_challenge_method": ""}, "code_challenge is required"),
        (True, {"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "code_challenge_method must be S256"),
        (False, {"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "code_challenge_method must be S256"),
    ],
)
def test_who_keeps_no_secret_must_prove_by_pkce(
    client: Client, account: Account, public: bool, changes: dict[str, str], reason: str
) -> None:
    client_id, _secret = oidc.register_client("手机应用", [CALLBACK], public=public, trusted=True)
    client.force_login(account)
    asked = {name: value for name, value in request(client_id, **changes).items() if value}
    response = client.get(AUTHORIZE, asked)
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, CALLBACK)
    assert parse_qs(urlsplit(response["Location"]).query) == {
        "error": ["invalid_request"], "error_description": [reason], "state": ["s1"],
    }  # fmt: skip
    asked["redirect_uri"] = "https://evil.example.org/"
    assert "Location" not in client.get(AUTHORIZE, asked).headers
    assert not Token.objects.exists()


def test_an_app_without_secret_signs_in_by_pkce_and_not_without_the_verifier(client: Client, account: Account) -> None:
    client_id, secret = oidc.register_client("手机应用", [CALLBACK], public=True)
    client.force_login(account)
    for verifier, status in (("", 400), (VERIFIER, 200)):
        response = exchange(grant(client, client_id), client_id, secret, code_verifier=verifier)
        assert response.status_code == status, response.content


@pytest.mark.parametrize(
    ("changes", "chinese", "english"),
    [
        ({"client_id": "none"}, "您来自的系统未在此登记。", "The system you come from is not registered here."),
        (
            {"redirect_uri": "https://evil.example.org/"},
            "返回地址不是该系统登记过的地址。",
            "The address to lead you back to is not one that was registered for that system.",
        ),
    ],
)
def test_what_is_wrong_is_told_in_the_readers_language(
    client: Client, account: Account, changes: dict[str, str], chinese: str, english: str
) -> None:
    client_id, _secret = oidc.register_client("档案系统", [CALLBACK])
    client.force_login(account)
    for language, sentence in (("zh-hans", chinese), ("en", english)):
        page = client.get(AUTHORIZE, request(client_id) | changes, headers={"accept-language": language})
        assert sentence in page.content.decode()
        assert "parameter value" not in page.content.decode()


@pytest.mark.parametrize("uri", ["/callback", "javascript:alert(1)", "https://*.example.org/"])
def test_an_address_that_is_not_one_is_refused(uri: str) -> None:
    with pytest.raises(Problem) as refused:
        oidc.register_client("x", [CALLBACK, uri])
    assert refused.value.status == 422
    assert uri in str(refused.value.errors[0].detail) or "*" in uri
    assert not OIDCClient.objects.exists()


def test_the_secret_is_kept_only_as_a_hash() -> None:
    client_id, secret = oidc.register_client("x", [CALLBACK])
    stored = OIDCClient.objects.get(pk=client_id).secret
    assert stored.startswith("argon2$")
    assert secret not in stored
