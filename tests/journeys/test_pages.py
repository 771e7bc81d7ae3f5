"""Every page as people meet it: on a phone, at a desk, on a wall, in both languages, light and dark, with axe-core's eyes."""

import json
from functools import lru_cache
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.chromium import NODE_MODULES
from tests.journeys.conftest import Open, Visitor

pytestmark = [pytest.mark.stack, pytest.mark.browser]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPEN_PAGES = {
    "home": "/",
    "search": "/search?q=空气",
    "environment": "/environment",
    "sign-in": "/accounts/login/",
    "missing": "/nowhere",
}
STAFF_PAGES = {
    "desk": "/desk",
    "cases": "/desk/cases?scope=all",
    "case-new": "/desk/cases/new",
    "alerts": "/desk/alerts",
    "rules": "/desk/rules",
    "entities": "/desk/entities",
    "inbox": "/desk/inbox",
    "account": "/accounts/",
    "wall": "/ops",
}
OFFICE_PAGES = {
    "people": ("admin", "/desk/people"),
    "audit": ("auditor", "/desk/audit"),
    "quarantine": ("data", "/desk/quarantine"),
}
SCREENS = [("phone", "zh-CN", "light"), ("desk", "en-GB", "dark")]


@lru_cache(maxsize=1)
def axe() -> str:
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


DRAWN = """() => document.querySelectorAll('[aria-busy=true]').length === 0
  && [...document.querySelectorAll('[data-map], [data-wall-map]')].every(
    (map) => 'drawn' in map.dataset || map.getBoundingClientRect().top > innerHeight)"""


def offences(visitor: Visitor) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA on the page as it is now."""
    visitor.page.evaluate(axe())
    found: dict[str, Any] = visitor.page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{v['id']}: {v['help']} — {json.dumps([n['target'] for n in v['nodes'][:3]], ensure_ascii=False)}"
        for v in found["violations"]
    ]


def look(visitor: Visitor, name: str, path: str, tag: str) -> list[str]:
    """Open a page, keep its picture, and say what is wrong with it."""
    visitor.visit(path)
    expect(visitor.page.locator("h1")).to_be_visible()
    visitor.page.wait_for_function(DRAWN)
    visitor.picture(f"page-{name}-{tag}")
    faults = [f"{name}: {fault}" for fault in offences(visitor)]
    wide = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*faults, f"{name}: {wide} px wider than the screen"] if wide > 0 else faults


@pytest.mark.parametrize(("size", "language", "theme"), SCREENS)
def test_pages_are_usable_by_everybody(open_page: Open, size: str, language: str, theme: str) -> None:
    tag = f"{size}-{language[:2]}-{theme}"
    visitor = open_page(size, language, theme)
    visitor.expects_missing = True
    faults = [fault for name, path in OPEN_PAGES.items() for fault in look(visitor, name, path, tag)]
    visitor.sign_in("operator")
    faults += [fault for name, path in STAFF_PAGES.items() for fault in look(visitor, name, path, tag)]
    assert "\n".join(faults) == ""


def test_pages_of_offices_are_usable_by_everybody(open_page: Open) -> None:
    faults: list[str] = []
    for name, (account, path) in OFFICE_PAGES.items():
        visitor = open_page("desk", "zh-CN", "light")
        visitor.sign_in(account)
        faults += look(visitor, name, path, "desk-zh-light")
    assert "\n".join(faults) == ""


def test_large_type_is_a_layout_of_its_own(open_page: Open) -> None:
    visitor = open_page("phone", "zh-CN", "light")
    visitor.visit("/environment")
    visitor.page.locator("details.menu summary").first.click()
    visitor.page.get_by_role("button", name="大字").click()
    expect(visitor.page.locator("html")).to_have_attribute("data-size", "large")
    assert visitor.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 22
    assert look(visitor, "environment-large", "/environment", "phone-zh-light") == []


def test_the_keyboard_alone_leads_from_the_door_to_a_case(open_page: Open) -> None:
    visitor = open_page("desk", "zh-CN", "light")
    visitor.visit("/accounts/login/?next=/desk/cases")
    keys = visitor.page.keyboard
    keys.press("Tab")
    expect(visitor.page.locator(":focus")).to_have_text("跳到正文")
    keys.press("Enter")
    visitor.page.locator("input[name=login]").focus()
    keys.type("operator")
    keys.press("Tab")
    while visitor.page.evaluate("document.activeElement.type") != "password":
        keys.press("Tab")
    keys.type("onecity-demo")
    keys.press("Enter")
    visitor.page.wait_for_url("**/desk/cases")
    expect(visitor.page.locator("[data-keys-open]")).to_be_visible()  # shown once the keys are understood
    keys.press("?")
    expect(visitor.page.locator("dialog#keys")).to_be_visible()
    keys.press("Escape")
    keys.press("/")
    assert visitor.page.evaluate("document.activeElement.type") == "search"


def test_the_wall_is_complete_without_a_script(open_page: Open) -> None:
    visitor = open_page("desk", "zh-CN", "dark", script=False)
    visitor.sign_in("operator")
    visitor.visit("/ops")
    expect(visitor.page.locator("#indicators")).to_contain_text("PM2.5")
    expect(visitor.page.get_by_role("button", name="查看")).to_be_visible()


def test_without_a_network_the_browser_says_what_is_safe(open_page: Open) -> None:
    visitor = open_page("phone", "zh-CN", "light")
    visitor.visit("/")
    visitor.page.wait_for_function(
        "() => navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"
    )
    visitor.page.context.set_offline(True)
    visitor.visit("/environment")
    expect(visitor.page.locator("h1")).to_have_text("网络已断开")
    visitor.page.context.set_offline(False)
    visitor.visit("/environment")
    expect(visitor.page.locator("h1")).to_have_text("空气、噪声与水质")


def test_an_emergency_stands_on_the_wall(open_page: Open) -> None:
    visitor = open_page("wall", "zh-CN", "dark")
    visitor.sign_in("operator")
    visitor.visit("/ops")
    visitor.page.locator(".mode summary").click()
    visitor.page.fill("#mode-reason", "台风红色预警，启动防汛防台响应")
    visitor.page.get_by_role("button", name="启动应急模式").click()
    expect(visitor.page.locator(".mode summary")).to_contain_text("应急模式")
    visitor.picture("wall-emergency")
    visitor.page.locator(".mode summary").click()
    visitor.page.get_by_role("button", name="恢复日常模式").click()
    expect(visitor.page.locator(".mode summary")).to_contain_text("日常模式")
