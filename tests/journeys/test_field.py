"""An inspector's phone without signal, cut off midway, told twice, and beside another inspector's: nothing lost, nothing doubled."""

import io
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Dialog, Error, Route, expect

from tests.journeys.conftest import Open, Visitor
from tests.journeys.test_pages import offences

pytestmark = [pytest.mark.stack, pytest.mark.browser]
ASK = """async ([path, body]) => {
    const token = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="))?.slice(10) ?? "";
    const headers = { "X-CSRFToken": token, "Content-Type": "application/json" };
    const answer = await fetch(path, { method: body ? "POST" : "GET", body: body ? JSON.stringify(body) : undefined, headers });
    return [answer.status, await answer.json()];
}"""
LITTER = "exposed_litter"
# nine tiles around the case and the version of all
GROUND = "caches.open('onecity-field-ground').then((cache) => cache.keys()).then((kept) => kept.length > 9)"


class Phone:
    """One inspector with the application open on his phone."""

    def __init__(self, visitor: Visitor, who: str) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.context: BrowserContext = self.page.context
        visitor.sign_in(who)
        visitor.visit("/field")
        self.divisions: list[dict[str, str]] = self.ask("/field/work")["divisions"]
        labels = self.ask("/map/labels")["features"]
        towns = {one["properties"]["path"]: one["geometry"]["coordinates"] for one in labels}
        self.lon, self.lat = next(towns[one["path"]] for one in self.divisions if one["path"] in towns)
        self.context.grant_permissions(["geolocation"])
        self.context.set_geolocation({"longitude": self.lon, "latitude": self.lat, "accuracy": 8})

    def ask(self, path: str, body: object = None) -> Any:
        status, answer = self.page.evaluate(ASK, [path, body])
        assert status < 300, answer
        return answer

    def case(self, title: str) -> dict[str, Any]:
        """A new case, taken by this inspector."""
        title = f"{title} {secrets.token_hex(3)}"
        town = next(one["path"] for one in self.divisions if one["path"].count("/") == 3)
        place = {"lon": self.lon, "lat": self.lat}
        case = self.ask("/api/cases", {"type": LITTER, "title": title, "division_path": town, **place})
        taken: dict[str, Any] = self.ask(f"/api/cases/{case['id']}/act", {"action": "take"})
        return taken

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

    def step(self, name: str, note: str = "", photo: bytes = b"") -> None:
        """Take a step of the open case."""
        form = self.page.locator(f"details[data-step={name}]")
        form.locator("summary").click()
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


def actions(phone: Phone, case: dict[str, Any]) -> list[str]:
    history: list[dict[str, Any]] = phone.ask(f"/api/cases/{case['id']}")["history"]
    return [event["action"] for event in history if event["action"] not in {"open", "assign", "take"}]


def shot(width: int = 1200, height: int = 900) -> bytes:
    """A photo of which a network sees several pieces: noise does not get smaller."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def agree(dialog: Dialog, asked: list[str]) -> None:
    asked.append(dialog.message)
    dialog.accept()


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"


def test_a_shift_without_signal_is_synced_exactly_once(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("无信号时办理")
    phone.open(case)
    until(lambda: bool(phone.page.evaluate(GROUND)))
    phone.cut()
    phone.page.reload()
    expect(phone.page.locator("h1")).to_have_text(case["title"])
    expect(phone.page.locator("#link")).to_have_attribute("data-link", "off")
    phone.page.goto(f"{phone.visitor.base}/field#/map")
    expect(phone.page.locator("canvas[data-tiles]")).to_be_visible()
    phone.page.goto(f"{phone.visitor.base}/field#/case/{case['id']}")
    phone.step("accept", "路上")
    phone.step("register", "属实", shot())
    expect(phone.page.locator("#count")).to_have_text("3")
    phone.visitor.picture("field-offline-case")
    # a new report, with a photo, without signal
    phone.page.goto(f"{phone.visitor.base}/field#/new")
    phone.page.select_option("#r-kind", LITTER)
    title = f"巡查发现 {secrets.token_hex(3)}"
    phone.page.fill("#r-title", title)
    phone.page.set_input_files("#r-photo", {"name": "新.jpg", "mimeType": "image/jpeg", "buffer": shot(300, 200)})
    phone.page.locator("form > button").click()
    expect(phone.page.locator("[data-op]")).to_have_count(5)
    phone.reborn()
    expect(phone.page.locator("[data-op]")).to_have_count(5)
    phone.visitor.picture("field-offline-queue")
    phone.restore()
    phone.sent()
    assert actions(phone, case) == ["accept", "attach", "register"]
    found = phone.ask("/api/cases?scope=all&q=巡查发现")["cases"]
    found = [one for one in found if one["title"] == title]
    assert [one["source"] for one in found] == ["field"]
    assert actions(phone, found[0]) == ["attach"]
    phone.forgive("net::ERR")


def test_a_page_killed_while_it_sends_goes_on_where_it_was(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("发送中断")
    phone.open(case)
    phone.cut()
    phone.step("accept", "照片较大", shot(1600, 1200))
    offsets: list[int] = []
    held: list[Route] = []

    def watch(route: Route) -> None:
        offset = int(route.request.url.rsplit("/", 1)[1])
        offsets.append(offset)
        if offset and len(offsets) == 2:
            held.append(route)  # the second piece never gets an answer: the page dies waiting for it
        else:
            route.continue_()

    phone.context.route(re.compile(r"/field/photos/[0-9a-f-]{36}/\d+$"), watch)
    phone.restore()
    until(lambda: phone.page.evaluate("1") == 1 and len(held) == 1)
    phone.reborn()
    phone.sent()
    with suppress(Error):  # the page that asked is gone
        held[0].abort()
    assert offsets[:2] == [0, offsets[1]]
    assert offsets[2] == offsets[1]
    assert offsets.count(0) == 1
    assert actions(phone, case) == ["attach", "accept"]
    phone.forgive("net::ERR")


def test_an_answer_that_never_came_does_not_do_it_twice(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("回执丢失")
    phone.open(case)
    lost: list[str] = []

    def swallow(route: Route) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().text())  # it is done over there; the phone hears nothing
            route.abort("connectionreset")
        else:
            route.continue_()

    phone.context.route("**/field/acts", swallow)
    phone.step("accept", "只做一次")
    until(lambda: phone.page.evaluate("dispatchEvent(new Event('online'))") is not None and len(lost) == 2)
    phone.sent()
    assert ['"again": false' in lost[0], '"again": true' in lost[1]] == [True, True]
    assert actions(phone, case) == ["accept"]
    phone.forgive("net::ERR")


def test_two_inspectors_on_one_case_the_second_is_told_and_decides(open_page: Open) -> None:
    first, second = Phone(open_page("phone"), "town-a"), Phone(open_page("phone", "en-GB"), "operator")
    case = second.case("两人同办")
    second.open(case)
    second.cut()
    second.step("accept", "I was there")
    first.visitor.visit("/field")
    first.ask(f"/api/cases/{case['id']}/act", {"action": "accept", "note": "我先到", "version": case["version"]})
    second.restore()
    refused = second.page.locator("[data-state=refused]")
    expect(refused).to_contain_text("Somebody else has acted on this case in the meantime.", timeout=20_000)
    expect(refused).to_contain_text("北桥镇人民政府")
    second.visitor.picture("field-conflict")
    assert actions(second, case) == ["accept"]
    # what he wrote is still on his phone: as it cannot be done again he is told so, then he lets it go
    refused.get_by_role("button", name="Send again").click()
    expect(refused).to_contain_text("This step is not possible now.")
    second.page.on("dialog", lambda dialog: dialog.accept())
    refused.get_by_role("button", name="Discard").click()
    second.sent()
    assert actions(second, case) == ["accept"]
    second.forgive("net::ERR", "409")


def test_signing_out_wipes_the_phone_and_another_person_finds_nothing(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("退出后清除")
    phone.open()
    until(lambda: bool(phone.page.evaluate(GROUND)))
    asked: list[str] = []
    phone.page.on("dialog", lambda dialog: agree(dialog, asked))
    phone.cut()
    phone.page.locator("a.field-case", has_text=case["title"]).click()
    phone.page.locator("details:has(#note-text) summary").click()
    phone.page.fill("#note-text", "没来得及发送")
    phone.page.locator("form:has(#note-text) button").click()
    expect(phone.page.locator("#count")).to_have_text("1")
    phone.page.goto(f"{phone.visitor.base}/field#/")
    phone.restore()
    phone.sent()
    phone.page.get_by_role("button", name="退出登录并清除本机内容").click()
    phone.page.wait_for_url(lambda url: "/field" not in url)
    assert asked == []  # nothing was left to be sent
    phone.visitor.visit("/offline")
    left = phone.page.evaluate(
        "Promise.all([indexedDB.databases(), caches.keys()]).then(([d, c]) => [d.map((x) => x.name), c])"
    )
    assert left[0] == []
    assert [name for name in left[1] if name.startswith("onecity-field")] == []
    phone.visitor.visit("/field")
    assert "/accounts/login" in phone.page.url
    phone.forgive("net::ERR")


def test_what_one_person_left_to_be_sent_goes_out_under_no_other_name(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("登录过期")
    phone.open(case)
    phone.cut()
    phone.page.locator("details:has(#note-text) summary").click()
    phone.page.fill("#note-text", "过期前写下")
    phone.page.locator("form:has(#note-text) button").click()
    expect(phone.page.locator("#count")).to_have_text("1")
    phone.context.clear_cookies(name="sessionid")
    phone.restore()
    expect(phone.page.locator("#link")).to_have_attribute("data-link", "away", timeout=20_000)
    phone.page.goto(f"{phone.visitor.base}/field#/")
    expect(phone.page.locator("main a.btn.primary")).to_have_attribute("href", "/accounts/login/?next=/field")
    assert case["title"] not in phone.page.locator("main").inner_text()
    # somebody else at the same phone: neither the cases nor the word of the first, and nothing in his name
    phone.visitor.sign_in("operator")
    phone.open()
    expect(phone.page.locator("#count")).to_be_hidden()
    assert case["title"] not in phone.page.locator("main").inner_text()
    assert actions(phone, case) == []
    phone.context.clear_cookies(name="sessionid")
    phone.visitor.sign_in("town-a")
    phone.open()
    phone.sent()
    assert actions(phone, case) == ["comment"]
    phone.forgive("net::ERR")


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "light"), ("en-GB", "dark")])
def test_the_phones_pages_are_usable_by_everybody(open_page: Open, language: str, theme: str) -> None:
    phone = Phone(open_page("phone", language, theme), "town-a")
    case = phone.case("解放路与南奉公路口有暴露垃圾")
    phone.open()
    faults = []
    for name in ("", f"case/{case['id']}", "map", "new", "queue"):
        phone.page.goto(f"{phone.visitor.base}/field#/{name}")
        expect(phone.page.locator("h1")).to_be_visible()
        if name == "map":
            expect(phone.page.locator("canvas[data-tiles]")).to_be_visible()
        phone.visitor.picture(f"field-{name.split('/')[0] or 'list'}-{language[:2]}-{theme}")
        faults += [f"{name}: {fault}" for fault in offences(phone.visitor)]
        wide = phone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        faults += [f"{name}: {wide} px wider than the screen"] if wide > 0 else []
    assert faults == []


def test_one_act_over_which_the_platform_fails_holds_up_no_other(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    first, second = phone.case("平台出错"), phone.case("照常发送")
    phone.open(first)
    phone.cut()
    phone.step("accept", "会出错")
    phone.page.goto(f"{phone.visitor.base}/field#/case/{second['id']}")
    phone.step("accept", "不受影响")

    def fail(route: Route) -> None:
        if first["id"] in (route.request.post_data or ""):
            route.fulfill(status=500, body="{}", content_type="application/json")
        else:
            route.continue_()

    phone.context.route("**/field/acts", fail)
    phone.restore()
    phone.page.goto(f"{phone.visitor.base}/field#/queue")
    refused = phone.page.locator("[data-state=refused]")
    until(lambda: phone.page.evaluate("dispatchEvent(new Event('online'))") is not None and refused.count() == 1)
    expect(phone.page.locator("#count")).to_have_text("1")
    assert (actions(phone, first), actions(phone, second)) == ([], ["accept"])
    phone.context.unroute("**/field/acts")
    refused.locator("button").first.click()
    phone.sent()
    assert actions(phone, first) == ["accept"]
    phone.forgive("net::ERR", "500")
