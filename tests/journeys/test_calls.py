"""A call about litter: the number, the words, the place; the case, its code for the caller, and the same caller again."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Open, Visitor
from tests.journeys.test_pages import look

pytestmark = [pytest.mark.stack, pytest.mark.browser]
PHONE = "13987654321"
# the first suggestion of a process learns the shipped sentences, and a first case fills its caches
FIRST_MS = 30_000
WORDS = "菜场门口一大堆生活垃圾没人清理"


def test_an_operator_takes_a_call_and_knows_the_caller_the_next_time(open_page: Open) -> None:
    operator = open_page("desk")
    operator.sign_in("operator")
    number, code = take(operator)
    page = operator.page
    page.fill("[name=phone]", f"+86 {PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}")
    page.keyboard.press("Tab")
    expect(page.locator("#caller a.item")).to_contain_text(number, timeout=FIRST_MS)
    expect(page.locator("#caller")).to_contain_text("139****4321")
    page.select_option("[name=kind]", "exposed_litter")
    page.select_option("[name=division]", index=2)
    expect(page.locator("#near a.item").filter(has_text=number)).to_be_visible()
    operator.picture("call-2-again")
    reveal(operator, number)

    caller = open_page("phone")
    caller.visit("/report/find")
    caller.page.fill("[name=number]", number)
    caller.page.fill("[name=code]", code)
    caller.page.locator("[data-find] button.primary").click()
    expect(caller.page.locator("h1")).to_contain_text(WORDS)
    caller.picture("call-4-followed")


def take(operator: Visitor) -> tuple[str, str]:
    """One call, by keyboard; returns number and code as the page tells them."""
    operator.visit("/desk")
    operator.page.get_by_role("link", name="来电受理").first.click()
    keys = operator.page.keyboard
    expect(operator.page.locator("[name=phone]")).to_be_focused()
    expect(operator.page.locator("[data-call-keys]")).to_be_visible(timeout=FIRST_MS)  # the script is there
    keys.type(PHONE)
    keys.press("Tab")
    keys.type("李四")
    operator.page.locator("[name=text]").focus()
    keys.type(WORDS)
    keys.press("Tab")
    suggested = operator.page.locator("#kinds button[value=exposed_litter]")
    expect(suggested).to_be_visible(timeout=FIRST_MS)
    suggested.click()
    expect(operator.page.locator("[name=kind]")).to_have_value("exposed_litter")
    operator.page.select_option("[name=division]", index=2)
    # what this kind asks stands there as soon as it is chosen
    expect(operator.page.locator("#asks [name=answers_of]")).to_have_value("exposed_litter", timeout=FIRST_MS)
    operator.picture("call-1-taken")
    operator.page.locator("[name=address]").focus()
    keys.press("Control+Enter")
    told = operator.page.locator(".call-done")
    expect(told).to_be_visible(timeout=FIRST_MS)
    number, code = told.locator(".code").all_inner_texts()
    assert re.fullmatch(r"\d{4}-\d{6}", number)
    return number, code


def reveal(operator: Visitor, number: str) -> None:
    """The caller's name in full, for a purpose."""
    operator.visit(f"/desk/cases?scope=all&q={number}")
    operator.page.locator("[data-list] a.item").first.click()
    expect(operator.page.get_by_text("李* 139****4321")).to_be_visible()
    operator.page.get_by_role("link", name="查看完整信息").click()
    operator.page.fill("[name=purpose]", "核实垃圾的具体位置")
    operator.page.get_by_role("button", name="查看报案人").click()
    expect(operator.page.get_by_text(PHONE)).to_be_visible()
    operator.picture("call-3-reporter")


def test_on_a_phone_words_suggest_the_kind(open_page: Open) -> None:
    resident = open_page("phone")
    resident.visit("/report")
    resident.page.fill("[name=text]", WORDS)
    resident.page.locator("[name=address]").focus()
    resident.page.locator("#kinds [data-kind][value=exposed_litter]").click(timeout=FIRST_MS)
    expect(resident.page.locator("[name=kind]")).to_have_value("exposed_litter")
    resident.picture("call-5-suggested")


@pytest.mark.parametrize(("size", "language", "theme"), [("phone", "zh-CN", "light"), ("desk", "en-GB", "dark")])
def test_the_pages_of_intake_are_usable_by_everybody(open_page: Open, size: str, language: str, theme: str) -> None:
    visitor = open_page(size, language, theme)
    tag = f"{size}-{language[:2]}"
    faults = [
        f
        for name, path in {"report": "/report", "find": "/report/find"}.items()
        for f in look(visitor, name, path, tag)
    ]
    visitor.sign_in("operator")
    faults += [
        f
        for name, path in {"intake": "/desk/intake", "mine": "/report/mine"}.items()
        for f in look(visitor, name, path, tag)
    ]
    assert "\n".join(faults) == ""
