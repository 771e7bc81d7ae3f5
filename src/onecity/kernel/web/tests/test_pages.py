"""The shell's own pages: complete without scripts, with choices that are kept, and errors that can be read."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_start_page_is_complete_without_a_script(client: Client) -> None:
    page = client.get("/", headers={"accept-language": "zh-CN"})
    assert page.status_code == 200
    text = page.content.decode()
    assert '<html lang="zh-Hans"' in text
    assert text.count("<h1>") == 1
    assert '<a class="skip" href="#main">' in text


def test_no_inline_script_runs_without_the_nonce_of_the_answer(client: Client) -> None:
    page = client.get("/")
    policy = page["Content-Security-Policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    for tag in re.findall(r"<script[^>]*>", page.content.decode()):
        assert f'nonce="{nonce.group(1)}"' in tag or "src=" in tag or 'type="application/json"' in tag
    assert 'style="' not in page.content.decode()


def test_a_choice_is_kept_and_an_unknown_one_changes_nothing(client: Client) -> None:
    answer = client.post("/preferences", {"theme": "dark", "next": "/offline"})
    assert (answer.status_code, answer["Location"]) == (302, "/offline")
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/preferences", {"theme": "<x>", "size": "huge"})
    assert 'data-theme="dark" data-size="normal"' in client.get("/").content.decode()
    client.post("/preferences", {"language": "en", "size": "large"})
    assert 'lang="en" data-theme="dark" data-size="large"' in client.get("/").content.decode()


def test_preferences_never_lead_to_another_site(client: Client) -> None:
    assert client.post("/preferences", {"theme": "dark", "next": "https://example.org/"})["Location"] == "/"


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_a_missing_page_is_a_problem_for_programs(client: Client, accept: str) -> None:
    answer = client.get("/nowhere", headers={"accept": accept, "accept-language": "en"})
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"], body["code"]) == ("/problems/not-found", 404, "not-found")
    assert body["title"] == "There is nothing here"


def test_a_missing_page_is_a_page_for_people(client: Client) -> None:
    answer = client.get("/nowhere", headers={"accept": "text/html", "accept-language": "en"})
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert "To the start page" in answer.content.decode()
