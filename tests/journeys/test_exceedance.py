"""The main job: a device measures too much, the case opens itself, and the district deals with it."""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import expect

from onecity.project.stack.platform import Platform
from tests.journeys.conftest import Open, Visitor
from tests.journeys.phones import Phone

pytestmark = [pytest.mark.stack, pytest.mark.browser]
NAME = "东林镇小学空气站"
KEY = "journey-air"
RULE = "PM2.5 偏高"
SOON_MS = 2000  # what a person may wait for the picture to change


@dataclass(frozen=True)
class Station:
    """A station that was registered the way an installer does it."""

    device: str
    secret: str
    platform: Platform

    def send_by_http(self, pm2_5: float) -> None:
        """One reading through the HTTP gateway; it is stored durably when this returns."""
        answer = httpx.post(
            f"{self.platform.env.base_url}/ingest",
            headers={"Authorization": f"Bearer {self.device}.{self.secret}"},
            content=self._reading(pm2_5),
            timeout=20,
        )
        assert answer.is_success, answer.text

    def send_by_mqtt(self, pm2_5: float) -> None:
        """One reading through the MQTT gateway with QoS 1; the broker has it when this returns."""
        client = Client(CallbackAPIVersion.VERSION2, client_id=self.device)
        client.username_pw_set(self.device, self.secret)
        client.connect("127.0.0.1", self.platform.env.mqtt_port)
        client.loop_start()
        try:
            client.publish(f"telemetry/{self.device}", self._reading(pm2_5), qos=1).wait_for_publish(10)
        finally:
            client.disconnect()
            client.loop_stop()

    def _reading(self, pm2_5: float) -> bytes:
        reading = {"entity": KEY, "observed_at": int(time.time() * 1000), "values": {"pm2_5": pm2_5}}
        return json.dumps(reading).encode()


@pytest.fixture(scope="module")
def station(platform: Platform) -> Station:
    command = [sys.executable, "-m", "onecity.project.cli", "device", "add", NAME, "--type", "AirQualityObserved"]
    command += ["--key", KEY, "--lon", "121.40", "--lat", "30.90", "--public"]
    made = subprocess.run(command, env=platform.child_env("system"), capture_output=True, text=True, check=True)
    found = re.search(r"Bearer ([0-9a-f-]{36})\.(\S+)", made.stdout)
    assert found is not None, made.stdout
    return Station(found.group(1), found.group(2), platform)


def test_an_exceedance_becomes_a_handled_case(station: Station, open_page: Open) -> None:
    operator = open_page("wall", theme="dark")
    operator.sign_in("operator")
    station.send_by_http(20.0)
    operator.visit("/ops")
    _wait_for_states(operator, "ok:1", "red:0", timeout=20_000)

    station.send_by_mqtt(400.0)
    _wait_for_states(operator, "red:1", timeout=SOON_MS)
    situation = operator.page.locator("#stream a.item", has_text=NAME).filter(has_text=RULE)
    expect(situation).to_be_visible(timeout=SOON_MS)
    operator.picture("journey-1-wall-exceedance")

    case = _case_of(operator, situation.get_attribute("href") or "")
    expect(case.page.locator("#facts")).to_contain_text("由预警触发")  # no person opened it
    address = case.page.url
    _handle_on_the_spot(open_page)
    operator.page.goto(address)
    _press(case, "核查通过")
    _press(case, "结案")
    expect(case.page.locator(".lead .badge")).to_have_text("已结案")
    case.picture("journey-3-case-closed")

    operator.visit("/ops")
    station.send_by_http(20.0)  # ends the exceedance, and is itself a jump
    station.send_by_http(20.0)  # ends the jump
    _wait_for_states(operator, "ok:1", "red:0", timeout=20_000)
    expect(
        operator.page.locator('[data-ref="group-ended"] a.item', has_text=NAME).filter(has_text=RULE)
    ).to_be_visible()
    operator.picture("journey-4-wall-calm")


def _wait_for_states(visitor: Visitor, *states: str, timeout: float) -> None:
    """Wait until the map shows so many entities in these states."""
    expression = "states => states.every(s => (document.querySelector('[data-wall]').dataset.states || '').includes(s))"
    visitor.page.wait_for_function(expression, arg=list(states), timeout=timeout)


def _case_of(visitor: Visitor, href: str) -> Visitor:
    """From the situation to its case: by its link, as opening it in a new tab would."""
    assert href.startswith("/desk/cases/"), href
    visitor.visit(href)
    expect(visitor.page.locator("h1")).to_contain_text(NAME)
    visitor.picture("journey-2-case-opened")
    return visitor


def _handle_on_the_spot(open_page: Open) -> None:
    """An inspector of the bureau takes it where he has no signal, and what he did is sent when he has."""
    inspector = Phone(open_page("phone"), "environment")
    inspector.open()
    inspector.cut()
    inspector.page.locator("a.field-case", has_text=NAME).filter(has_text=RULE).click()
    inspector.page.locator("[data-take]").click()
    inspector.step("accept")
    inspector.step("start")
    inspector.step("finish", "已到现场检查，停工整改，洒水降尘。")
    inspector.restore()
    inspector.sent()
    inspector.forgive("net::ERR")


def _press(visitor: Visitor, step: str) -> None:
    visitor.page.get_by_role("button", name=step, exact=False).first.click()
    visitor.page.wait_for_load_state("load")
