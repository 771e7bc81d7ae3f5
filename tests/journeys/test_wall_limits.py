"""A wall with more than it can list: it keeps the gravest, says how many more there are, and leads to all of them."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Open

pytestmark = [pytest.mark.stack, pytest.mark.browser]
CASES, LISTED = 75, 60
# as a page of ours would: the session's cookie, and the token against foreign forms
OPEN_MANY = """async ([count, path]) => {
  const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
  const colours = ["", "blue", "yellow", "orange"];
  for (let n = 0; n < count; n++) {
    const body = { type: "air_exceedance", title: `工地扬尘 ${n + 1}`, division_path: path, severity: n ? colours[n % 4] : "red",
      lon: 121.35 + (n % 10) / 60, lat: 30.86 + Math.floor(n / 10) / 60, key: `wall-${n}` };
    const answer = await fetch("/api/cases", { method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": token } });
    if (!answer.ok) throw new Error(await answer.text());
  }
}"""


@pytest.mark.parametrize(
    ("size", "language", "more"),
    [("wall", "zh-CN", "另有 {n} 件，等级较低"), ("wall", "en-GB", "{n} more, less grave"), ("phone", "zh-CN", "另有 {n} 件，等级较低")],
)  # fmt: skip
def test_a_wall_with_more_than_it_lists_says_so(open_page: Open, size: str, language: str, more: str) -> None:
    operator = open_page(size, language, theme="dark")
    operator.sign_in("operator")
    operator.visit("/ops")
    division = operator.page.locator("[data-wall]").get_attribute("data-division")
    operator.page.evaluate(OPEN_MANY, [CASES, division])  # the same keys: opened once, whoever asks again
    operator.visit("/ops")
    group = operator.page.locator('[data-ref="group-new"]')
    # other journeys leave cases of their own in the district
    total = int(group.locator("h2 .number").inner_text())
    assert total >= CASES
    expect(group.locator('li[data-ref^="case:"]')).to_have_count(LISTED)
    # the first one is the oldest and the only red one
    expect(group.locator("li", has_text=re.compile(r"工地扬尘 1(?!\d)"))).to_have_count(1)
    rest = group.locator(".wall-more")
    expect(rest).to_contain_text(more.format(n=total - LISTED))
    rest.scroll_into_view_if_needed()
    expect(operator.page.locator("[data-wall-map][data-drawn]")).to_have_count(1, timeout=30_000)
    operator.picture(f"wall-limits-{size}-{language[:2]}")
    rest.click()
    expect(operator.page).to_have_url(re.compile(r"/desk/cases\?scope=all&running=open&place="))
