"""An inspector's phone without signal, cut off midway, told twice, and beside another inspector's: nothing lost, nothing doubled."""

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Dialog, Error, Route, expect

from tests.journeys.conftest import Open
from tests.journeys.phones import LITTER, Phone, actions, shot
from tests.journeys.test_pages import offences

pytestmark = [pytest.mark.stack, pytest.mark.browser]
# nine tiles around the case and the version of all
GROUND = "caches.open('onecity-field-ground').then((cache) => cache.keys()).then((kept) => kept.length > 9)"

# what of the application is left in the browser: stores and kept files
LEFT = """Promise.all([indexedDB.databases(), caches.keys()]).then(([stores, files]) =>
    [stores, files.map((name) => ({ name }))].map((all) => all.map((one) => one.name).filter((name) => name.startsWith("onecity-field"))))"""


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


def test_answers_that_never_came_do_nothing_twice(open_page: Open) -> None:
    """Taking a case that nobody has, a word to the resident, more time, a call of a department, a step: each once."""
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("回执丢失", take=False)
    phone.open(case)
    phone.cut()
    phone.page.locator("[data-take]").click()
    phone.page.locator("details[data-step=whistle] summary").click()
    called = phone.page.locator("details[data-step=whistle]")
    called.locator("textarea[name=note]").fill("需要一起处理")
    called.locator("form > button").click()
    expect(called.get_by_role("alert")).to_contain_text("请至少选择一个单位")
    called.locator("label", has_text="生态环境局").locator("input").check()
    phone.visitor.picture("field-whistle")
    called.locator("form > button").click()
    expect(called).to_have_count(0)
    phone.step("ask_extension", "大雨", amount="2", reason="weather")
    phone.step("accept", "只做一次")
    expect(phone.page.locator("#count")).to_have_text("4")
    lost: dict[str, int] = {}

    def swallow(route: Route) -> None:
        body = route.request.post_data or ""
        lost[body] = lost.get(body, 0) + 1
        if lost[body] < 3:
            route.fetch()  # it is done over there; the phone hears nothing
            route.abort("connectionreset")
        else:
            route.continue_()

    phone.context.route("**/field/acts", swallow)
    phone.restore()

    def all_lost() -> bool:
        phone.page.evaluate("dispatchEvent(new Event('online'))")
        return list(lost.values()) == [3, 3, 3, 3]

    until(all_lost)
    phone.sent()
    assert actions(phone, case, also=["assign"]) == ["assign", "whistle", "ask_extension", "accept"]
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
    assert phone.page.evaluate(LEFT) == [[], []]
    phone.visitor.visit("/field")
    assert "/accounts/login" in phone.page.url
    phone.forgive("net::ERR")


def test_signing_out_at_the_desk_of_the_same_browser_wipes_the_phone_at_once(open_page: Open) -> None:
    phone = Phone(open_page("phone"), "town-a")
    case = phone.case("工作台退出")
    phone.open(case)
    phone.cut()
    phone.page.locator("details:has(#note-text) summary").click()
    phone.page.fill("#note-text", "还没有发送")
    phone.page.locator("form:has(#note-text) button").click()
    expect(phone.page.locator("#count")).to_have_text("1")
    phone.context.route("**/field/acts", lambda route: route.abort())
    phone.restore()
    desk = phone.context.new_page()
    desk.goto(f"{phone.visitor.base}/desk")
    # what was not sent is not lost without a word
    desk.locator(".shell-top details.menu summary").last.click()
    leave = desk.get_by_role("button", name="退出登录")
    with desk.expect_event("dialog") as asked:
        leave.click()
    assert "还有 1 条没有发送" in asked.value.message
    asked.value.dismiss()
    assert case["title"] in phone.page.locator("main").inner_text()
    with desk.expect_event("dialog") as asked:
        leave.click()
    asked.value.accept()
    desk.wait_for_url(lambda url: "/desk" not in url)
    left = desk.evaluate(LEFT)
    assert left == [[], []]
    # and the application that is open beside it shows nothing more
    expect(phone.page.locator("main")).not_to_contain_text(case["title"])
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
