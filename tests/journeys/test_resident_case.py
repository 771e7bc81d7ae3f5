"""Litter behind the bus stop: reported on a phone, sent to the village, cleared there without signal, rated badly, put right.

The whole way of one case in the browser, each person at his own screen, and at the end a leader who goes from a figure of
the score card to this very case.
"""

import io
import re
import secrets
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Open, Visitor
from tests.journeys.phones import LITTER, Phone, actions, stand

pytestmark = [pytest.mark.stack, pytest.mark.browser]
REASON = "只清了一半，袋子还在"
DONE = "已清运，现场无残留"
# the first suggestion of a process learns the shipped sentences
FIRST_MS = 30_000


def photo(path: Path, colour: str) -> Path:
    image = Image.effect_noise((1200, 900), 60).convert("RGB")
    ImageDraw.Draw(image).rectangle((300, 300, 900, 850), fill=colour)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    path.write_bytes(out.getvalue())
    return path


def test_litter_goes_down_to_the_village_is_cleared_offline_rated_badly_and_put_right(
    open_page: Open, tmp_path: Path
) -> None:
    words = f"公交站后面有一堆垃圾，三天没人清 {secrets.token_hex(3)}"
    inspector = Phone(open_page("phone"), "village")
    resident = open_page("phone")
    number = report(resident, inspector.path, words, photo(tmp_path / "before.jpg", "brown"))
    town = open_page("desk")
    town.sign_in("town-a")
    find(town, number)
    for step, state in (("受理", "已受理"), ("立案", "已立案"), ("派遣", "已派遣")):
        press(town.page, step, state)
    send_down(town, inspector)
    clear(inspector, number, photo(tmp_path / "after.jpg", "green").read_bytes())
    find(town, number)
    press(town.page, "核查通过", "已核查")
    press(town.page, "结案", "已结案")
    town.picture("one-case-6-closed")
    rate(resident, number)
    put_right(town, number)
    leader = open_page("desk")
    drill(leader, number)
    in_english(resident, f"/report/{number}", "How it was settled", "resident")
    in_english(resident, "/report", "What is the matter?", "report")
    in_english(town, town.page.url, "Bad rating to put right", "put-right")
    in_english(leader, "/desk/scores", "Score card", "score-card")


def report(resident: Visitor, place: str, words: str, picture: Path) -> str:
    """A resident's report with a photo, a suggested kind and the position of the phone; returns the case's number."""
    resident.visit("/")
    stand(resident, place)
    page = resident.page
    page.get_by_role("main").get_by_role("link", name="我要反映").click()
    page.fill("[name=text]", words)
    page.locator("[name=address]").focus()
    page.locator(f"#kinds [data-kind][value={LITTER}]").click(timeout=FIRST_MS)
    expect(page.locator("[name=kind]")).to_have_value(LITTER)
    page.set_input_files("[name=photos]", picture)
    page.locator("[data-locate]").click()
    expect(page.locator("[name=lon]")).not_to_have_value("")
    resident.picture("one-case-1-report")
    send = page.locator("form.report-new button.primary")
    send.click()
    # the kind asks more; the photo need not be chosen again
    page.locator(".case-asks [name='answer.amount']").select_option(label="一堆")
    expect(page.locator("form.report-new")).to_contain_text("1 张照片")
    resident.picture("one-case-1-asked")
    send.click()
    page.wait_for_url(re.compile(r"/report/\d{4}-\d{6}"))
    expect(page.get_by_role("heading", name="谢谢，已收到")).to_be_visible()
    resident.picture("one-case-2-received")
    return page.url.split("/report/")[1].partition("?")[0]


def find(visitor: Visitor, number: str) -> None:
    """To the case of this number, as whoever reads it in a message does."""
    visitor.visit(f"/desk/cases?scope=all&running=&q={number}")
    visitor.page.locator("[data-list] a.item", has_text=number).last.click()
    expect(visitor.page.locator("h1")).to_be_visible()


def press(page: Page, step: str, state: str) -> None:
    page.locator("#do").get_by_role("button", name=step, exact=True).first.click()
    expect(page.locator(".lead .badge")).to_have_text(state)


def send_down(town: Visitor, inspector: Phone) -> None:
    """From the town to the committee of the village, which sees it among what nobody has taken."""
    town.picture("one-case-3-town")
    form = town.page.locator("#do")
    form.locator("summary[data-key=d]").click()
    village = inspector.ask(f"/api/places/divisions/{inspector.path}")["name"]
    offices = form.locator("[name=organisation]")
    offices.select_option(value=offices.locator("option", has_text=village).get_attribute("value"))
    form.locator("#id_note").fill("请村里处置")
    form.get_by_role("button", name="转派").click()
    expect(town.page.locator("#facts")).to_contain_text(village)


def clear(inspector: Phone, number: str, picture: bytes) -> None:
    """Where there is no signal: the village worker takes it, asks for time, clears, and shows it; then it is sent."""
    case = next(one for one in inspector.ask("/field/work")["cases"] if one["number"] == number)
    inspector.open()
    inspector.cut()
    page = inspector.page
    inspector.visitor.picture("one-case-4-phone")
    page.locator("a.field-case", has_text=case["title"]).click()
    page.locator("[data-take]").click()
    inspector.step("ask_extension", "大雨，车辆进不来", amount="2", reason="weather")
    inspector.step("start")
    finish = page.locator("details[data-step=finish]")
    finish.locator("summary").click()
    finish.locator("select[name=result]").select_option("solved")
    inspector.visitor.picture("one-case-5-offline")
    finish.locator("summary").click()
    inspector.step("finish", DONE, picture, result="solved")
    expect(page.locator("#count")).to_have_text("5")
    inspector.restore()
    inspector.sent()
    done = actions(inspector, case, also=("take", "assign"))
    assert done[-5:] == ["assign", "ask_extension", "start", "attach", "finish"]
    inspector.forgive("net::ERR")


def rate(resident: Visitor, number: str) -> None:
    """Two stars and why."""
    page = resident.page
    resident.visit(f"/report/{number}")
    expect(page.locator(".lead .badge")).to_have_text("已结案")
    expect(page.locator(".report-gallery img")).to_have_count(2)
    page.locator("label[for=stars-2]").click()
    page.fill("#rate textarea", REASON)
    page.get_by_role("button", name="提交评价").click()
    expect(page.locator(".stars-given")).to_have_attribute("aria-label", "2 星")
    resident.picture("one-case-7-rated")


def put_right(town: Visitor, number: str) -> None:
    """The case of a bad rating: nobody can return it, whoever handles it speaks with the resident first, and it is closed."""
    find(town, f"★★ {number}")
    page = town.page
    expect(page.locator(".lead")).to_contain_text("差评整改")
    expect(page.get_by_text("退单", exact=True)).to_have_count(0)
    for step, state in (("受理", "已受理"), ("派单", "已派单"), ("开始处置", "处置中")):
        press(page, step, state)
    # without a word to the resident it cannot be reported as settled
    settle(page, "finish", "实际解决", "已再次清运")
    expect(page.get_by_role("alert")).to_contain_text("尚未先行联系市民")
    town.faults.clear()  # the browser's word about this very refusal
    spoken = page.locator("#do details", has=page.locator("[name=action][value=contact]"))
    spoken.locator("summary").click()
    spoken.locator("[name=reached]").select_option("yes")
    spoken.locator("button.primary").click()
    expect(page.locator("#facts")).to_contain_text("先行联系")
    settle(page, "finish", "实际解决", "已再次清运，反映人当面确认")
    expect(page.locator(".lead .badge")).to_have_text("待审核")
    press(page, "审核通过", "待回访")
    page.locator("#do #id_note").fill("反映人表示满意")
    page.locator("#do").get_by_role("button", name="回访结案").click()
    expect(page.locator(".lead .badge")).to_have_text("已结案")
    town.picture("one-case-8-put-right")


def settle(page: Page, action: str, result: str, note: str) -> None:
    form = page.locator("#do form", has=page.locator(f"[name=action][value={action}]"))
    form.locator("[name=result]").select_option(label=result)
    form.locator("textarea[name=note]").fill(note)
    form.locator("button.primary").click()


def drill(leader: Visitor, number: str) -> None:
    """A leader goes from a figure of the score card to its cases and to this one."""
    leader.sign_in("operator")
    page = leader.page
    leader.visit("/desk")
    page.get_by_role("link", name="考核评分").first.click()
    expect(page.locator("table tbody tr")).not_to_have_count(0)
    leader.picture("one-case-9-score-card")
    page.locator("tbody tr", has_text="北桥镇人民政府").locator("a[href*='figure=']").first.click()
    expect(page.locator("table tbody tr")).not_to_have_count(0)
    leader.picture("one-case-10-behind")
    page.locator("tbody tr", has_text=number).last.locator("a").click()
    expect(page.locator("#facts")).to_contain_text(number)


def in_english(visitor: Visitor, path: str, words: str, name: str) -> None:
    """The same page for whoever reads English."""
    visitor.page.context.set_extra_http_headers({"Accept-Language": "en-GB"})
    visitor.visit(path.removeprefix(visitor.base))
    expect(visitor.page.locator("main")).to_contain_text(words)
    visitor.picture(f"one-case-{name}-en")
