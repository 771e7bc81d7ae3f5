"""A unit is entered, an urgent case finds it, one click sends it, and its phone moves on the dispatcher's page by itself."""

import datetime as dt
import secrets

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Open
from tests.journeys.phones import ask

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def test_the_nearest_unit_is_sent_with_one_click_and_its_phone_is_seen_live(open_page: Open) -> None:
    phone, desk = open_page("phone"), open_page("desk")
    phone.sign_in("town-a")
    me = ask(phone, "/api/people/me")
    towns = {one["properties"]["path"]: one["geometry"]["coordinates"] for one in ask(phone, "/map/labels")["features"]}
    phone.visit("/field")
    town = next(one["path"] for one in ask(phone, "/field/work")["divisions"] if one["path"] in towns)
    lon, lat = towns[town]
    desk.sign_in("operator")
    name = f"抢修{secrets.token_hex(2)}"
    desk.visit("/desk/dispatch/units/new")
    desk.page.fill("input[name=name]", name)
    desk.page.select_option("select[name=account]", me["id"])
    desk.page.select_option("select[name=division]", town)
    desk.page.fill("input[name=station_lon]", str(lon))
    desk.page.fill("input[name=station_lat]", str(lat))
    for skill in desk.page.locator("input[name=skills]").all():
        skill.check()
    desk.page.locator("main form button.primary").click()
    desk.page.wait_for_url("**/desk/dispatch")
    title = f"路面塌陷 {secrets.token_hex(3)}"
    ask(desk, "/api/cases", {"type": "exposed_litter", "title": title, "division_path": town, "severity": "red",
                             "lon": lon + 0.01, "lat": lat})  # fmt: skip
    # the page hears of the case by itself
    waiting = desk.page.locator("#dispatch-waiting li", has_text=title)
    expect(waiting).to_be_visible(timeout=15_000)
    expect(desk.page.locator(".dispatch-map[data-drawn]")).to_be_visible()
    desk.picture("dispatch-waiting")
    waiting.get_by_role("button", name=f"派出 {name}").first.click()
    row = desk.page.locator("#dispatch-units tr", has_text=name)
    expect(row).to_contain_text("已派出")
    # the phone reports what it gathered without signal, oldest last
    now = dt.datetime.now(dt.UTC)
    places = [
        {"lon": lon + 0.002 * n, "lat": lat, "at": (now - dt.timedelta(seconds=60 - n)).isoformat()} for n in (3, 1, 2)
    ]
    told = ask(phone, "/api/dispatching/units/own/report", {"positions": places, "state": "on_the_way"})
    assert (told["moved"], told["unit"]["lon"]) == (True, lon + 0.006)
    expect(row).to_contain_text("前往中", timeout=15_000)
    ask(phone, "/api/dispatching/units/own/report", {"state": "on_the_spot"})
    expect(row).to_contain_text("已到场", timeout=15_000)
    desk.picture("dispatch-on-the-spot")
    row.get_by_role("button", name="召回").click()
    expect(row).to_contain_text("空闲")
