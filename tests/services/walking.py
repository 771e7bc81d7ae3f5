"""Walks through an application as a person does: reads each page's form, answers what is asked, sends it, goes on."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import html

MOST_STEPS = 14
CONTROLS = ".//input | .//select | .//textarea"
SENTENCES = ("13900000000", "6222021234567890", "200000", "1", "990000199001010018", "测试", "2026-11-01", "A1")


@dataclass
class Walk:
    """One walk: how it ended, and what was sent on each step, to tell where it got stuck."""

    address: str = ""
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def walk(screen: Client, code: str) -> Walk:
    """From the first page of a service to the application's own; an empty address where it does not get there."""
    done = Walk()
    begun = screen.post(f"/apply/{code}")
    place = begun.get("Location", "")
    for _step in range(MOST_STEPS):
        if not place.startswith("/apply/draft/"):
            break
        page = screen.get(place)
        if page.status_code != 200:
            place = page.get("Location", "")
            continue
        action, said = answers(page.content.decode(), place)
        done.sent.append((action, said))
        answer = screen.post(action, said)
        place = answer.get("Location", "") if answer.status_code == 302 else ""
    done.address = place if place.startswith("/my/applications/") else ""
    return done


def answers(page: str, place: str) -> tuple[str, dict[str, Any]]:
    """The form in the middle of a page with an answer to everything that it asks."""
    forms = [
        f
        for f in html.fromstring(page).xpath("//main//form")
        if not re.search("drop|preferences", f.get("action") or "")
    ]
    agreeing = [f for f in forms if f.xpath(".//*[@name='agree']")]
    said: dict[str, Any] = {}
    chosen = agreeing[0] if agreeing else max(forms, key=lambda f: len(f.xpath(CONTROLS)))
    for control in chosen.xpath(CONTROLS):
        _answer(control, said)
    return chosen.get("action") or place, said


def _answer(control: html.HtmlElement, said: dict[str, Any]) -> None:
    name, kind = control.get("name") or "", control.get("type") or control.tag
    if not name or name in {"csrfmiddlewaretoken", "dispute", "stay"} or kind in {"submit", "button"}:
        return
    if kind == "radio":
        said.setdefault(name, control.get("value"))
    elif kind == "checkbox":
        said.setdefault(name, []).append(control.get("value") or "on")
    elif kind == "select":
        options = [o.get("value") for o in control.xpath(".//option") if o.get("value")]
        said[name] = options[0] if options else ""
    elif kind == "file":
        if control.get("required") is not None:
            said[name] = SimpleUploadedFile("a.txt", b"a", "text/plain")
    else:
        said[name] = control.get("value") or control.text or _words(control, kind)


def _words(control: html.HtmlElement, kind: str) -> str:
    if kind == "date":
        return "2026-11-01"
    if kind == "number":
        return control.get("min") or "1"
    pattern = control.get("pattern")
    fitting = [one for one in SENTENCES if not pattern or re.fullmatch(pattern, one)]
    return fitting[0] if fitting else SENTENCES[0]
