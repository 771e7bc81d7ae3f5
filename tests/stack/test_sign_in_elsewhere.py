"""Other systems sign their users in at the running platform, by clients that are not ours: openid-client and Authlib."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright._impl._driver import compute_driver_executable

from onecity.kernel.people import demo
from onecity.project.stack.platform import Platform

pytestmark = pytest.mark.stack
SCOPE = "openid profile assurance roles mandates"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Elsewhere:
    """The other system's own address: where users return to, and where it is told that they signed out."""

    base: str
    told: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def back(self) -> str:
        return f"{self.base}/callback"


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            other.told.append(parse_qs(body)["logout_token"][0])
            self.send_response(200 if len(other.told) > 1 else 503)  # the first time it is not well
            self.send_header("Content-Length", "0")
            self.end_headers()
            if len(other.told) > 1:
                other.arrived.set()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    other = Elsewhere(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield other
    server.shutdown()
    server.server_close()


@pytest.fixture
def registered(platform: Platform, elsewhere: Elsewhere) -> tuple[str, str]:
    said = subprocess.run(
        [
            sys.executable, "-m", "onecity.project.cli", "client", "add", "档案系统", "--redirect-uri", elsewhere.back,
            "--after-logout", elsewhere.back, "--backchannel-logout", f"{elsewhere.base}/logout",
        ],
        env=platform.child_env("system"), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return re.findall(r"client_id\s+(\S+)", said)[0], re.findall(r"client_secret\s+(\S+)", said)[0]


@contextmanager
def person(platform: Platform, username: str) -> Iterator[httpx.Client]:
    """Somebody with a browser that is signed in here."""
    with httpx.Client(base_url=platform.env.base_url, timeout=30, trust_env=False) as browser:
        _sign_in(browser, username)
        yield browser


def _sign_in(browser: httpx.Client, username: str) -> None:
    deadline = time.monotonic() + 60
    while not (page := _get(browser, "/accounts/login/")):
        assert time.monotonic() < deadline, "the web process does not answer"
    form = {"csrfmiddlewaretoken": _field(page, "csrfmiddlewaretoken"), "login": username, "password": demo.PASSWORD}
    assert browser.post("/accounts/login/", data=form, headers={"Referer": str(page.url)}).status_code == 302


def _get(browser: httpx.Client, path: str) -> httpx.Response | None:
    try:
        return browser.get(path)
    except httpx.TransportError:
        return None


def _field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found.group(1)


def consent(browser: httpx.Client, address: str) -> str:
    """Open the authorization address and allow what is asked; returns the address that the other system is called back at."""
    page = browser.get(address)
    if page.status_code == 302:
        return urljoin(str(page.url), page.headers["Location"])
    form = {name: _field(page, name) for name in ("csrfmiddlewaretoken", "request")}
    scopes = re.findall(r'name="scopes" value="([^"]+)"', page.text)
    said = browser.post("/identity/o/authorize", data=form | {"scopes": scopes, "action": "grant"})
    assert said.status_code == 302, said.text
    return said.headers["Location"]


def sign_out(browser: httpx.Client) -> None:
    page = browser.get("/accounts/logout/")
    said = browser.post("/accounts/logout/", data={"csrfmiddlewaretoken": _field(page, "csrfmiddlewaretoken")})
    assert said.status_code == 302


@pytest.fixture
def relying(platform: Platform, registered: tuple[str, str], elsewhere: Elsewhere) -> Iterator[Any]:
    """Start openid-client; `ask(line)` gives it a line and returns what it says next."""
    node = shutil.which("node") or str(compute_driver_executable()[0])
    script = str(Path(__file__).with_name("relying_party.mjs"))
    running: list[subprocess.Popen[str]] = []

    def start(acr: str) -> Any:
        process = subprocess.Popen(
            [node, script, platform.env.base_url, *registered, elsewhere.back, acr],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"NODE_NO_WARNINGS": "1"},
        )  # fmt: skip
        running.append(process)

        def ask(line: str = "") -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            if line:
                process.stdin.write(line + "\n")
                process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        return ask

    yield start
    for process in running:
        process.communicate(timeout=30)


def test_openid_client_signs_in_learns_the_roles_and_is_out_with_us(
    platform: Platform, relying: Any, elsewhere: Elsewhere
) -> None:
    with person(platform, "environment") as browser:
        ask = relying("urn:onecity:assurance:0")
        asked = ask()["authorize"]
        said = ask(consent(browser, asked))
        assert said["claims"]["iss"] == platform.env.base_url
        assert said["claims"]["acr"].startswith("urn:onecity:assurance:")
        assert said["claims"]["amr"] == ["pwd"]
        assert abs(said["claims"]["auth_time"] - time.time()) < 600
        assert [role["role"] for role in said["userinfo"]["roles"]] == ["handler"]
        assert said["userinfo"]["mandates"] == []
        sign_out(browser)
        assert elsewhere.arrived.wait(60), "the other system was not told"
        assert ask("signed out") == {"again": "closed", "renewed": "closed"}
    keys = KeySet.import_key_set(httpx.get(f"{platform.env.base_url}/.well-known/jwks.json").json())
    for token in elsewhere.told:
        told = jwt.decode(token, keys, algorithms=["RS256"])
        assert told.header["typ"] == "logout+jwt"
        assert told.claims["events"] == {LOGOUT_EVENT: {}}
        assert (told.claims["sid"], told.claims["sub"]) == (said["claims"]["sid"], said["claims"]["sub"])
        assert "nonce" not in told.claims


def test_who_is_not_known_well_enough_is_led_to_where_he_is_and_may_go_back(
    platform: Platform, relying: Any, elsewhere: Elsewhere
) -> None:
    with person(platform, "resident") as browser:
        ask = relying("urn:onecity:assurance:3")
        asked = ask()["authorize"]
        led = urlsplit(consent(browser, asked))
        assert led.path == "/accounts/identity"
        page = browser.get(f"{led.path}?{led.query}")
        assert page.status_code == 200
        found = re.search(r'href="(/identity/o/authorize[^"]+step_up_declined=1)"', page.text)
        assert found is not None, page.text
        returned = consent(browser, found.group(1).replace("&amp;", "&"))
        assert returned.startswith(elsewhere.back)
        assert ask(returned) == {"error": "unmet_authentication_requirements"}


def test_authlib_signs_in_with_a_secret_and_the_person_leaves_from_there(
    platform: Platform, registered: tuple[str, str], elsewhere: Elsewhere
) -> None:
    base = platform.env.base_url
    with (
        person(platform, "town-a") as browser,
        OAuth2Session(*registered, scope=SCOPE, redirect_uri=elsewhere.back, code_challenge_method="S256") as other,
    ):
        verifier = "a-verifier-of-at-least-forty-three-characters-1234"
        address, state = other.create_authorization_url(
            f"{base}/identity/o/authorize", code_verifier=verifier, nonce="n-1"
        )
        tokens = other.fetch_token(
            f"{base}/identity/o/api/token",
            authorization_response=consent(browser, address), state=state, code_verifier=verifier,
        )  # fmt: skip
        keys = KeySet.import_key_set(httpx.get(f"{base}/.well-known/jwks.json").json())
        claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": base},
            aud={"essential": True, "value": registered[0]},
            nonce={"value": "n-1"},
        ).validate(claims)
        userinfo = other.get(f"{base}/identity/o/api/userinfo").json()
        assert userinfo["sub"] == claims["sub"]
        assert [role["role"] for role in userinfo["roles"]] == ["town_lead"]

        leave = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": elsewhere.back, "state": "bye"}
        gone = browser.get("/identity/o/logout", params=leave)
        assert (gone.status_code, gone.headers["Location"]) == (302, f"{elsewhere.back}?state=bye")
        assert urlsplit(browser.get("/accounts/").headers["Location"]).path == "/accounts/login/"
        assert other.get(f"{base}/identity/o/api/userinfo").status_code == 401


def test_silent_sign_in_is_refused_where_the_last_proof_is_too_old(
    platform: Platform, registered: tuple[str, str], elsewhere: Elsewhere
) -> None:
    with person(platform, "town-b") as browser:
        asked = {
            "response_type": "code", "client_id": registered[0], "redirect_uri": elsewhere.back, "scope": "openid",
            "state": "s", "nonce": "n", "max_age": "0", "prompt": "none",
        }  # fmt: skip
        answered = browser.get("/identity/o/authorize", params=asked)
        told = parse_qs(urlsplit(answered.headers["Location"]).query)
        assert (told["error"], told["state"]) == (["login_required"], ["s"])
        loud = browser.get("/identity/o/authorize", params={k: v for k, v in asked.items() if k != "prompt"})
        assert urlsplit(loud.headers["Location"]).path == "/accounts/reauthenticate/"
