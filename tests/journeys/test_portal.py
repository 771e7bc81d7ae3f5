"""A resident finds a service on a phone: in his own words, without a script, in large type, in both languages."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.journeys.conftest import Open, Visitor
from tests.journeys.test_pages import offences

pytestmark = [pytest.mark.stack, pytest.mark.browser]
PAGES = {
    "portal": "/",
    "companies": "/?for=company",
    "found": "/services?q=给孩子上户口",
    "item": "/services/identity_card",
    "bundle": "/services/things/newborn",
    "help": "/services/help?item=birth_registration",
}
NARROW: ViewportSize = {"width": 320, "height": 720}


def fits(visitor: Visitor) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_in_his_own_words_without_a_script(open_page: Open) -> None:
    visitor = open_page("phone", script=False)
    page = visitor.page
    visitor.visit("/")
    page.get_by_role("searchbox").fill("宝宝怎么上户口")
    page.get_by_role("button", name="搜索").click()
    first = page.locator(".svc .list a").first
    assert first.locator("mark").count() >= 1
    page.get_by_role("link", name="出生登记（新生儿落户）").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("出生登记（新生儿落户）")
    expect(page.get_by_text("无需您提交")).to_be_visible()
    page.get_by_role("link", name="开始办理").click()
    assert page.url.endswith("/apply/birth_registration")
    assert visitor.faults == []


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_large_type_is_a_layout_of_its_own(open_page: Open, language: str) -> None:
    visitor = open_page("phone", language)
    page = visitor.page
    visitor.visit("/")
    page.get_by_role("button", name="长者版" if language == "zh-CN" else "Version for elders").click()
    expect(page.locator("html")).to_have_attribute("data-size", "large")
    for name, path in PAGES.items():
        visitor.visit(path)
        assert fits(visitor), name
        page.set_viewport_size(NARROW)  # 200 % and more of a phone's width (WCAG 1.4.4, 1.4.10)
        assert fits(visitor), f"{name}, narrow"
        page.set_viewport_size({"width": 390, "height": 844})
        assert offences(visitor) == [], name
        small = page.evaluate(
            "[...document.querySelectorAll('.svc a.btn, .svc button, .svc .item, .svc-event')]"
            ".filter((one) => one.offsetHeight && one.offsetHeight < 44).map((one) => one.outerHTML.slice(0, 90))"
        )
        assert small == [], name


@pytest.mark.parametrize(("size", "language", "theme"), [("phone", "en-GB", "dark"), ("desk", "zh-CN", "light")])
def test_the_portal_is_open_to_everybody(open_page: Open, size: str, language: str, theme: str) -> None:
    visitor = open_page(size, language, theme)
    for name, path in PAGES.items():
        visitor.visit(path)
        assert fits(visitor), name
        assert offences(visitor) == [], name
        visitor.picture(f"{name}-{size}-{language}")


def test_it_can_be_put_on_the_home_screen(open_page: Open) -> None:
    visitor = open_page("phone")
    visitor.visit("/")
    manifest = visitor.page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then((one) => one.json())"
    )
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    assert manifest["icons"]
    worker = visitor.page.evaluate("navigator.serviceWorker.ready.then((one) => one.active.scriptURL)")
    assert worker.endswith("/worker.js")
