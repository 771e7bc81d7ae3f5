"""A device comes into management at the desk, answers over MQTT when it is asked, and takes an update from a roll-out."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import FilePayload, expect

from onecity.project.stack.platform import Platform
from onecity.sim.answering import WITHOUT_ROOM, Unit
from onecity.sim.devices import Credentials
from tests.journeys.conftest import Open, Visitor

pytestmark = [pytest.mark.stack, pytest.mark.browser]
NAME = "东林镇河口浮标"
FILE: FilePayload = {"name": "buoy.bin", "mimeType": "application/octet-stream", "buffer": b"firmware 2.0" * 999}
ANSWERS_MS = 15_000


@contextmanager
def at_work(platform: Platform, secret: Credentials) -> Iterator[None]:
    """The device connects, listens to its commands and carries them out."""
    unit = Unit(secret)
    client = Client(CallbackAPIVersion.VERSION2, client_id=str(secret.device_id))
    client.username_pw_set(str(secret.device_id), secret.secret)

    def hear(_client: Client, _data: object, message: MQTTMessage) -> None:
        client.publish(f"commands/{secret.device_id}/ack", unit.answer(bytes(message.payload)), qos=1)

    def listen(*_facts: object) -> None:
        client.subscribe(f"commands/{secret.device_id}", 1)

    client.on_connect = listen
    client.on_message = hear
    client.connect("127.0.0.1", platform.env.mqtt_port)
    client.loop_start()
    yield
    client.disconnect()
    client.loop_stop()


def submit(visitor: Visitor) -> None:
    visitor.page.click("main form button.primary")


def choose(visitor: Visitor, name: str, word: str) -> None:
    option = visitor.page.locator(f"select[name={name}] option", has_text=re.compile(word)).first
    visitor.page.select_option(f"select[name={name}]", option.get_attribute("value"))


def registered(visitor: Visitor) -> Credentials:
    """Register devices until one has room for firmware, which one in many simulated ones has not."""
    while True:
        visitor.visit("/desk/devices/new")
        visitor.page.fill("input[name=name]", NAME)
        choose(visitor, "model", "浮标")
        submit(visitor)
        device, secret = visitor.page.locator(".notice code").all_text_contents()
        found = Credentials(uuid.UUID(device), secret)
        if Unit(found).mark % WITHOUT_ROOM:
            return found


def test_a_device_is_registered_asked_and_updated(open_page: Open, platform: Platform) -> None:
    desk = open_page()
    desk.sign_in("data")
    desk.visit("/desk/devices/models/new")
    desk.page.fill("input[name=title]", "浮标")
    desk.page.fill("input[name=name]", "journey-buoy")
    submit(desk)
    secret = registered(desk)
    desk.picture("device-new-secret")
    page = f"/desk/devices/{secret.device_id}"
    with at_work(platform, secret):
        desk.visit(page)
        desk.page.click("#diagnosis form button")
        expect(desk.page.locator("#commands table")).to_contain_text("status")
        answered(desk, page, "battery")
        desk.visit("/desk/devices/releases/new")
        choose(desk, "model", "浮标")
        desk.page.fill("input[name=version]", "2.0")
        desk.page.set_input_files("input[name=file]", FILE)
        submit(desk)
        desk.visit("/desk/devices/rollouts/new")
        choose(desk, "release", "2.0")
        submit(desk)
        desk.page.click("main form button.primary, header form button.primary")
        desk.picture("rollout")
        answered(desk, page, "bytes: 11988")
    desk.picture("device")
    desk.visit("/desk/devices/groups/new")
    desk.page.fill("input[name=name]", "浮标")
    choose(desk, "model", "浮标")
    submit(desk)
    expect(desk.page.locator("main table")).to_contain_text(NAME)
    phone = open_page(size="phone")
    phone.sign_in("data")
    for name, path in (("device-phone", page), ("groups-phone", "/desk/devices/groups"), ("claim-phone", "/claim")):
        phone.visit(path)
        phone.picture(name)


def answered(visitor: Visitor, path: str, word: str) -> None:
    """Look at the device's page until the answer is there."""
    waiting = ANSWERS_MS
    while word not in (visitor.page.text_content("#commands") or "" if visitor.page.url.endswith(path) else ""):
        visitor.page.wait_for_timeout(250)
        waiting -= 250
        assert waiting > 0, f"no answer with {word}"
        visitor.visit(path)
