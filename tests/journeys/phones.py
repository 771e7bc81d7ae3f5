"""A phone in the hand of an inspector or a resident: where it is, whether it has a network, what it takes and sends."""

import io
import secrets
from collections.abc import Sequence
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.journeys.conftest import Visitor

ASK = """async ([path, body]) => {
    const token = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="))?.slice(10) ?? "";
    const headers = { "X-CSRFToken": token, "Content-Type": "application/json" };
    const answer = await fetch(path, { method: body ? "POST" : "GET", body: body ? JSON.stringify(body) : undefined, headers });
    return [answer.status, await answer.json()];
}"""
LITTER = "exposed_litter"


def ask(visitor: Visitor, path: str, body: object = None) -> Any:
    """What the platform answers to whoever is signed in on this page."""
    status, answer = visitor.page.evaluate(ASK, [path, body])
    assert status < 300, answer
    return answer


def stand(visitor: Visitor, path: str) -> tuple[float, float]:
    """Let the device be in the middle of a division; longitude and latitude in degrees."""
    place = ask(visitor, f"/api/places/divisions/{path}")
    visitor.page.context.grant_permissions(["geolocation"])
    visitor.page.context.set_geolocation({"longitude": place["lon"], "latitude": place["lat"], "accuracy": 8})
    return place["lon"], place["lat"]


class Phone:
    """One inspector with the application open on his phone."""

    def __init__(self, visitor: Visitor, who: str) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.context: BrowserContext = self.page.context
        visitor.sign_in(who)
        visitor.visit("/field")
        self.divisions: list[dict[str, str]] = self.ask("/field/work")["divisions"]
        self.path = next(one["path"] for one in self.divisions if one["path"].count("/") >= 3)
        self.lon, self.lat = self.stand(self.path)

    def stand(self, path: str) -> tuple[float, float]:
        """Go to a division; longitude and latitude in degrees."""
        return stand(self.visitor, path)

    def ask(self, path: str, body: object = None) -> Any:
        """What the platform answers to this inspector."""
        return ask(self.visitor, path, body)

    def case(self, title: str, *, take: bool = True) -> dict[str, Any]:
        """A new case in the area of this inspector, which he takes unless it is to wait for somebody."""
        title = f"{title} {secrets.token_hex(3)}"
        place = {"lon": self.lon, "lat": self.lat}
        case: dict[str, Any] = self.ask(
            "/api/cases", {"type": LITTER, "title": title, "division_path": self.path, **place}
        )
        if take:
            case = self.ask(f"/api/cases/{case['id']}/act", {"action": "take"})
        return case

    def open(self, case: dict[str, Any] | None = None) -> None:
        """The application with what it keeps, ready for offline."""
        self.page.goto(f"{self.visitor.base}/field" + (f"#/case/{case['id']}" if case else ""))
        self.page.reload()
        expect(self.page.locator("#link")).to_have_attribute("data-link", "on")
        self.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")

    def cut(self) -> None:
        """Cut the network of page and worker (through the browser's debugging protocol)."""
        self.context.set_offline(True)

    def restore(self) -> None:
        """Give the network back."""
        self.context.set_offline(False)

    def reborn(self) -> None:
        """Kill the page as a phone does, without a word to it, and open another later."""
        self.page.close(run_before_unload=False)
        self.page = self.visitor.page = self.context.new_page()
        self.page.goto(f"{self.visitor.base}/field#/queue")

    def step(self, name: str, note: str = "", photo: bytes = b"", **fields: str) -> None:
        """Take a step of the open case or do a deed beside it; `fields` by name, a fixed list by its code."""
        form = self.page.locator(f"details[data-step={name}]")
        form.locator("summary").click()
        for field, value in fields.items():
            entry = form.locator(f"[name={field}]")
            if entry.evaluate("element => element.localName") == "select":
                entry.select_option(value)
            else:
                entry.fill(value)
        if note:
            form.locator("textarea[name=note]").fill(note)
        if photo:
            form.locator("input[type=file]").set_input_files(
                {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": photo}
            )
            expect(form.locator(".field-photos li")).to_have_count(1)
        form.locator("form > button").click()
        expect(form).to_have_count(0)

    def sent(self) -> None:
        """Wait until nothing is left to be sent."""
        expect(self.page.locator("#count")).to_be_hidden(timeout=20_000)
        expect(self.page.locator("#link")).to_have_attribute("data-link", "on", timeout=20_000)

    def forgive(self, *texts: str) -> None:
        """Faults that this test made on purpose."""
        self.visitor.faults[:] = [f for f in self.visitor.faults if not any(text in f for text in texts)]


def actions(phone: Phone, case: dict[str, Any], also: Sequence[str] = ()) -> list[str]:
    """What the history says was done; `also` of what stands at its beginning."""
    history: list[dict[str, Any]] = phone.ask(f"/api/cases/{case['id']}")["history"]
    left_out = {"open", "assign", "take"} - set(also)
    return [event["action"] for event in history if event["action"] not in left_out]


def shot(width: int = 1200, height: int = 900) -> bytes:
    """A photo of which a network sees several pieces: noise does not get smaller."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()
