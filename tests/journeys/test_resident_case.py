"""Litter behind the bus stop: reported on a phone, cleared by the town, rated badly, put right, and seen in the score card."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Open, Visitor

pytestmark = [pytest.mark.stack, pytest.mark.browser]
WORDS = "公交站后面有一堆垃圾，三天没人清"
REASON = "只清了一半，袋子还在"


def photo(path: Path, colour: str) -> Path:
    image = Image.effect_noise((1200, 900), 60).convert("RGB")
    ImageDraw.Draw(image).rectangle((300, 300, 900, 850), fill=colour)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    path.write_bytes(out.getvalue())
    return path


def test_litter_is_reported_cleared_rated_badly_and_put_right(open_page: Open, tmp_path: Path) -> None:
    resident = open_page("phone")
    number = report(resident, photo(tmp_path / "before.jpg", "brown"))
    town = open_page("desk")
    town.sign_in("town-a")
    find(town, WORDS)
    for step, state in (("受理", "已受理"), ("立案", "已立案"), ("派遣", "已派遣"), ("到场处置", "处置中")):
        press(town.page, step, state)
    settle(town.page, photo(tmp_path / "after.jpg", "green"))
    press(town.page, "核查通过", "已核查")
    press(town.page, "结案", "已结案")

    resident.visit(f"/report/{number}")
    expect(resident.page.locator(".lead .badge")).to_have_text("已结案")
    expect(resident.page.locator(".report-gallery img")).to_have_count(2)
    resident.picture("resident-3-closed")
    resident.page.locator("label[for=stars-2]").click()
    resident.page.fill("#rate textarea", REASON)
    resident.page.get_by_role("button", name="提交评价").click()
    expect(resident.page.locator(".stars-given")).to_have_attribute("aria-label", "2 星")
    resident.picture("resident-4-rated")

    find(town, REASON)
    expect(town.page.locator(".lead")).to_contain_text("差评整改")
    expect(town.page.get_by_text("退单", exact=True)).to_have_count(0)
    town.picture("resident-5-bad-rating")
    card(open_page)


def report(resident: Visitor, picture: Path) -> str:
    resident.visit("/")
    resident.page.get_by_role("navigation", name="您可以").get_by_role("link", name="我要反映").click()
    resident.page.fill("[name=text]", WORDS)
    resident.page.set_input_files("[name=photos]", picture)
    resident.page.select_option("[name=kind]", label="暴露垃圾")
    resident.page.select_option("[name=division]", index=1)
    resident.picture("resident-1-report")
    resident.page.locator("form.report-new button.primary").click()
    resident.page.wait_for_url(re.compile(r"/report/\d{4}-\d{6}"))
    expect(resident.page.get_by_role("heading", name="谢谢，已收到")).to_be_visible()
    resident.picture("resident-2-received")
    return resident.page.url.split("/report/")[1].partition("?")[0]


def find(visitor: Visitor, words: str) -> None:
    """To the newest case in whose text these words stand."""
    visitor.visit(f"/desk/cases?scope=all&q={words}")
    visitor.page.locator("[data-list] a.item").first.click()
    expect(visitor.page.locator("#do")).to_be_visible()


def press(page: Page, step: str, state: str) -> None:
    page.locator("#do").get_by_role("button", name=step, exact=True).first.click()
    expect(page.locator(".lead .badge")).to_have_text(state)


def settle(page: Page, picture: Path) -> None:
    """Say how it was settled, with a photo of the place afterwards."""
    form = page.locator("#do form", has=page.locator("[name=action][value=finish]"))
    form.locator("[name=result]").select_option(label="已处置")
    form.locator("textarea[name=note]").fill("已清运，现场无残留")
    form.locator("input[type=file]").set_input_files(picture)
    form.locator("button.primary").click()
    expect(page.locator(".lead .badge")).to_have_text("待核查")


def card(open_page: Open) -> None:
    """The score card counts both cases of the town, in both languages."""
    for language, name in (("zh-CN", "考核评分"), ("en", "Score card")):
        leader = open_page("desk", language)
        leader.sign_in("operator")
        leader.visit("/desk/scores")
        expect(leader.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        expect(leader.page.locator("table tbody tr")).not_to_have_count(0)
        leader.picture(f"resident-6-score-card-{language[:2]}")
