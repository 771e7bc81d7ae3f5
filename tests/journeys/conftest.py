"""A real browser at the running platform: one Chromium for the session, pages by language, size and person."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from onecity.kernel.people import demo
from onecity.project.stack.platform import Platform
from tests.journeys import chromium

PICTURES = chromium.CHECKOUT / "test-results"
SIZES = {"phone": (390, 844), "desk": (1440, 900), "wall": (1920, 1080)}


@dataclass
class Visitor:
    """One person at one screen: the page, the address of the platform, and what went wrong in the browser."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    expects_missing: bool = False

    def visit(self, path: str) -> None:
        """Open a page of the platform and wait until it has loaded."""
        self.page.goto(self.base + path, wait_until="load")

    def sign_in(self, username: str) -> None:
        """Sign in with a demonstration account through the real form."""
        self.visit("/accounts/login/")
        self.page.fill("input[name=login]", username)
        self.page.fill("input[name=password]", demo.PASSWORD)
        self.page.click("main form button[type=submit] >> nth=0")
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)

    def picture(self, name: str) -> Path:
        """Keep what is on the screen, for a person to look at."""
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path)
        return path


Open = Callable[..., Visitor]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all journeys."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        running = chromium.launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="session")
def address(platform: Platform) -> str:
    """Where the platform answers, once it does."""
    base = platform.env.base_url
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{base}/health", timeout=5).is_success:
                return base
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the web process does not answer"


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """`open_page(size="desk", language="zh-CN", theme="light")` → a Visitor; faults of any page fail the test."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def opened(size: str = "desk", language: str = "zh-CN", theme: str = "light", *, script: bool = True) -> Visitor:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        visitor = Visitor(context.new_page(), address)
        _listen(visitor)
        visitors.append(visitor)
        return visitor

    yield opened
    for context in contexts:
        context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


def _listen(visitor: Visitor) -> None:
    page, faults = visitor.page, visitor.faults
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("console", lambda said: _said(visitor, said.type, said.text))
    page.on(
        "response",
        lambda got: faults.append(f"{got.status} {got.url}") if got.status >= 500 or got.status == 403 else None,
    )
    page.on("request", lambda asked: _own(asked.url, visitor.base, faults))


def _said(visitor: Visitor, kind: str, text: str) -> None:
    if kind == "error" and not (visitor.expects_missing and "404" in text):
        visitor.faults.append(f"console: {text}")


def _own(url: str, base: str, faults: list[str]) -> None:
    """Nothing may be loaded from anywhere else."""
    if not url.startswith((base, "data:", "blob:")):
        faults.append(f"foreign: {url}")


@pytest.fixture(scope="session", autouse=True)
def _let_django_be_asked() -> Iterator[None]:
    """Playwright keeps an event loop in this thread; Django would refuse the database because of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield
