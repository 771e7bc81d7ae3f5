"""The counter: numbers drawn and called once each, and applications made with whoever stands there, by the same rules."""

import re

import pytest
from django.test import Client

from onecity.domains.services.applying import counter
from onecity.domains.services.applying.models import Application, Ticket
from onecity.kernel.access.models import AuditEvent
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Role
from tests.services.conftest import District

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(district: District, request: pytest.FixtureRequest) -> Client:
    """The browser of somebody who works at the counter."""
    clerk = district.clerk()
    role = Role.objects.get(name="test_clerk")
    role.permissions = [*role.permissions, "people.identify"]
    role.save()
    district.resident("pensioner")
    request.getfixturevalue("app_role")
    client = Client()
    client.force_login(clerk)
    return client


def test_numbers_are_drawn_called_and_ended_once(district: District) -> None:
    clerk = district.clerk()
    drawn = [counter.draw(clerk, "elderly_allowance").shown for _person in range(3)]
    assert drawn == ["A001", "A002", "A003"]
    first = counter.call_next(clerk, "3")
    second = counter.call_next(clerk, "3")
    assert first is not None
    assert second is not None
    assert (first.shown, second.shown, first.window) == ("A001", "A002", "3")
    counter.end(clerk, first.id, came=True)
    counter.end(clerk, first.id, came=False)
    counter.end(clerk, second.id, came=False)
    assert list(Ticket.objects.order_by("number").values_list("state", flat=True)) == ["served", "missed", "waiting"]
    with pytest.raises(Problem):
        counter.end(district.resident("pensioner"), first.id, came=True)


def test_an_application_at_the_window_follows_the_same_rules_and_is_the_applicants_own(
    desk: Client, district: District
) -> None:
    person = district.registers.population.persona("pensioner")
    begun = desk.post(
        "/desk/counter",
        {"do": "begin", "number": person.number, "name": person.name, "item": "elderly_allowance"},
    )
    assert begun.status_code == 302, begun.content.decode()
    base = begun["Location"]
    assert "取自共享数据" in desk.get(f"{base}/known").content.decode()
    desk.post(f"{base}/form-0", {"answer.bank_account": "6222021234567890"})
    desk.post(f"{base}/papers", {"commit": ["not_alive_elsewhere"]})
    assert desk.post(f"{base}/check", {}).status_code == 302
    # he finds it among his own, decided, though he never signed in for it
    client = Client()
    client.force_login(district.made["pensioner"])
    mine = client.get("/my").content.decode()
    assert "敬老卡" in mine
    number = re.search(r"/my/applications/(\d{4}-\d{6})", mine)
    assert number is not None
    assert client.get(number.group(0)).status_code == 200
    # and the counter finds it by its number
    found = desk.post("/desk/counter", {"do": "find", "number": number.group(1)})
    assert found.status_code == 302
    page = desk.get(found["Location"]).content.decode()
    assert "依据第2条规则：年满70周岁。" in page
    assert desk.post("/desk/counter", {"do": "find", "number": "2026-999999"}).status_code == 404


def test_a_wrong_number_is_told_and_nothing_begins(desk: Client) -> None:
    sent = {"do": "begin", "number": "990000199001010010", "name": "某人", "item": "elderly_allowance"}
    assert desk.post("/desk/counter", sent).status_code == 422
    assert desk.get("/desk/counter").status_code == 200


def test_residents_do_not_come_behind_the_counter(desk: Client, district: District) -> None:
    client = Client()
    client.force_login(district.made["pensioner"])
    assert client.get("/desk/counter").status_code == 403
    assert client.post("/desk/counter", {"do": "draw"}).status_code == 403


def test_who_was_identified_is_in_the_trail(district: District) -> None:
    clerk = district.clerk()
    role = Role.objects.get(name="test_clerk")
    role.permissions = [*role.permissions, "people.identify"]
    role.save()
    person = district.registers.population.persona("veteran")
    counter.somebody(clerk, person.number, person.name)
    event = AuditEvent.objects.get(action="services.counter.identity")
    assert (event.actor_id, event.purpose) == (clerk.id, "counter")
    assert Application.objects.count() == 0
