"""The terminal in the hall, as the web's own database role: a card, the same services, a print, and nothing left behind."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import connection
from django.test import Client

from onecity.domains.services.applying.models import Application
from onecity.domains.services.kiosk import demo, machines
from onecity.domains.services.kiosk.cards import Card
from onecity.domains.services.kiosk.models import CardReading, PrintJob, Terminal
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, Role
from onecity.kernel.web import terminal as bound
from onecity.sim.kiosk import SimulatedTerminal
from tests.services.conftest import ALLOWANCE, DISTRICT, District

pytestmark = pytest.mark.django_db
CODE = "elderly_allowance"


def answer(request: httpx.Request) -> httpx.Response:
    """Carry a request of the machine's program to the platform within the test's own transaction."""
    given = Client().generic(
        request.method, request.url.path, request.content, request.headers.get("Content-Type", "application/json"),
        headers={"Authorization": request.headers.get("Authorization", "")},
    )  # fmt: skip
    return httpx.Response(given.status_code, headers=dict(given.items()), content=given.content, request=request)


class Hall:
    """One hall: the machine, its program, and its browser."""

    def __init__(self, district: District, folder: Path) -> None:
        self.district = district
        account = people.create_account("kiosk-desk", display_name="设备管理")
        role = Role.objects.create(name="kiosk_desk", title="设备管理", permissions=["terminals.manage", "items.view"])
        people.assign_role(account, role, DISTRICT)
        self.keeper = account
        self.terminal, self.secret = machines.register(account, "一号机", "政务服务中心一楼", DISTRICT)
        machines.publish(self.terminal, account, [CODE])
        self.http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://testserver")
        self.machine = SimulatedTerminal(self.http, self.secret, folder)
        self.screen = Client()

    def set_up(self) -> None:
        assert self.screen.post("/kiosk/enrol", {"secret": self.secret}).status_code == 302

    def lay(self, persona: str) -> None:
        person = self.district.registers.population.persona(persona)
        self.machine.lay(person.number, person.name)

    def enter(self, persona: str) -> None:
        self.lay(persona)
        answer = self.screen.get("/kiosk/card", {"item": CODE})
        assert (answer.status_code, answer["Location"]) == (302, f"/apply/{CODE}")


@pytest.fixture
def hall(
    district: District, offer: Callable[..., None], tmp_path: Path, app_role_after: Callable[[], None], settings: Any
) -> Iterator[Hall]:
    settings.ONECITY_HOME = tmp_path  # the makers of documents are made at the hour of the test
    offer(channels={"kiosk": True})
    made = Hall(district, tmp_path)
    app_role_after()
    made.set_up()
    yield made
    made.http.close()


@pytest.fixture
def app_role_after(db: None) -> Iterator[Callable[[], None]]:
    """Become the web's database role once everything is laid out."""

    def become() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE onecity_app")

    yield become
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def apply(screen: Client) -> str:
    draft = screen.post(f"/apply/{CODE}")["Location"].rsplit("/", 1)[-1]
    base = f"/apply/draft/{draft}"
    screen.post(f"{base}/known", {})
    screen.post(f"{base}/form-0", {"answer.bank_account": "6222021234567890"})
    screen.post(f"{base}/papers", {"commit": ["not_alive_elsewhere"]})
    answer = screen.post(f"{base}/check", {})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_a_card_an_application_a_print_and_nothing_is_left(hall: Hall) -> None:
    assert "高龄津贴申领" in hall.screen.get("/kiosk").content.decode()
    hall.enter("pensioner")
    page = hall.screen.get("/kiosk").content.decode()
    assert "data-terminal" in page
    assert 'data-idle="120"' in page
    address = apply(hall.screen)
    assert "已批准，办结" in hall.screen.get(address).content.decode()
    home = hall.screen.get("/kiosk").content.decode()
    found = re.search(r'name="certificate" value="([0-9a-f-]{36})"', home)
    assert found is not None
    assert hall.screen.post("/kiosk/print", {"certificate": found.group(1)}).status_code == 302
    assert hall.machine.print_waiting() == 1
    [printed] = hall.machine.folder.glob("*.pdf")
    assert printed.read_bytes().startswith(b"%PDF-")
    assert "已打印" in hall.screen.get("/kiosk").content.decode()
    assert hall.machine.print_waiting() == 0
    left = hall.screen.get("/kiosk/leave")
    assert left["Clear-Site-Data"] == '"cache", "storage"'
    after = hall.screen.get("/kiosk").content.decode()
    assert hall.district.registers.population.persona("pensioner").name not in after
    assert hall.screen.get("/my").status_code == 302
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert Application.objects.get().channel == "terminal"


def test_a_holder_who_has_an_account_is_in_his_own_and_another_gets_one(hall: Hall) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        own = hall.district.resident("pensioner")
        cursor.execute("SET ROLE onecity_app")
    hall.enter("pensioner")
    assert hall.screen.session["_auth_user_id"] == str(own.id)
    hall.screen.get("/kiosk/leave")
    hall.enter("veteran")
    first = hall.screen.session["_auth_user_id"]
    assert first != str(own.id)
    hall.screen.get("/kiosk/leave")
    hall.enter("veteran")
    assert hall.screen.session["_auth_user_id"] == first
    assert not Account.objects.get(id=first).has_usable_password()


def test_a_card_is_taken_once_by_its_own_machine_within_a_minute(hall: Hall) -> None:
    waiting = hall.screen.get("/kiosk/card", {"item": CODE})
    assert (waiting.status_code, waiting["Refresh"]) == (200, "2")
    hall.lay("pensioner")
    with use_clock(FixedClock(now() + machines.SILENT)):
        assert hall.screen.get("/kiosk/card").status_code == 200
    assert hall.screen.get("/kiosk/card").status_code == 200
    hall.lay("pensioner")
    with acting_as(None):
        assert CardReading.objects.count() == 0, "the wall shows nobody's card"
    other = Client()
    assert other.get("/kiosk/card")["Location"] == "/kiosk/enrol"
    assert hall.screen.get("/kiosk/card")["Location"] == "/kiosk"
    assert other.get("/kiosk")["Location"] == "/kiosk/enrol"


def test_whoever_walks_away_is_signed_out_and_the_session_opens_its_own_pages_only(hall: Hall) -> None:
    hall.enter("pensioner")
    for path in ("/desk", "/accounts/", "/ops", "/report", "/identity/o/authorize"):
        assert hall.screen.get(path)["Location"] == "/kiosk", path
    assert hall.screen.get("/my")["Cache-Control"] == "no-store"
    session = hall.screen.session
    session[bound.KEY] = {**session[bound.KEY], "touched": time.time() - bound.IDLE_SECONDS - 1}
    session.save()
    assert hall.screen.get("/my")["Location"] == "/kiosk"
    assert hall.screen.get("/my").status_code == 302
    assert "_auth_user_id" not in hall.screen.session


def test_the_desk_publishes_takes_out_of_service_and_sees_what_is_wrong(hall: Hall) -> None:
    desk = Client()
    desk.force_login(hall.keeper)
    assert "五分钟" in desk.get("/desk/terminals").content.decode()
    assert hall.machine.report() == {"name": "一号机", "items": [CODE]}
    hall.machine.printer, hall.machine.sheets = "jammed", 20
    hall.machine.report()
    page = desk.get(f"/desk/terminals/{hall.terminal.id}").content.decode()
    assert "jammed" in page
    with acting_as(hall.keeper.id):
        [how] = machines.health([hall.terminal])
        assert len(how.troubles) == 2
        with pytest.raises(Problem) as strange:
            machines.publish(hall.terminal, hall.keeper, ["no_such_item"])
        assert strange.value.status == 422
    assert desk.post(f"/desk/terminals/{hall.terminal.id}", {"item": []}).status_code == 302
    assert hall.machine.report()["items"] == []
    assert "高龄津贴申领" not in hall.screen.get("/kiosk").content.decode()
    desk.post(f"/desk/terminals/{hall.terminal.id}/switch", {"active": "no"})
    assert hall.screen.get("/kiosk")["Location"] == "/kiosk/enrol"
    with pytest.raises(httpx.HTTPStatusError) as closed:
        hall.machine.report()
    assert closed.value.response.status_code == 401


def test_a_stranger_manages_no_terminal_and_no_program_speaks_without_its_secret(hall: Hall) -> None:
    stranger = Client()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        stranger.force_login(hall.district.resident("graduate"))
        cursor.execute("SET ROLE onecity_app")
    assert stranger.get("/desk/terminals").status_code == 403
    assert stranger.post(f"/desk/terminals/{hall.terminal.id}", {"item": []}).status_code == 403
    before = Terminal.objects.get().items
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {hall.secret}"}):
        assert hall.http.post("/kiosk/agent/state", json={}, headers=headers).status_code == 401
        assert hall.http.get("/kiosk/agent/jobs", headers=headers).status_code == 401
    assert Terminal.objects.get().items == before
    assert hall.screen.post("/kiosk/enrol", {"secret": "wrong"}).status_code == 422


def test_nobody_prints_what_is_not_his_and_a_failed_print_is_told(hall: Hall) -> None:
    hall.enter("pensioner")
    assert hall.screen.post("/kiosk/print", {"certificate": str(uuid4())}).status_code == 404
    apply(hall.screen)
    home = hall.screen.get("/kiosk").content.decode()
    own = re.findall(r'name="certificate" value="([0-9a-f-]{36})"', home)[0]
    hall.screen.get("/kiosk/leave")
    hall.enter("veteran")
    assert hall.screen.post("/kiosk/print", {"certificate": own}).status_code == 404
    hall.screen.get("/kiosk/leave")
    hall.enter("pensioner")
    hall.screen.post("/kiosk/print", {"certificate": own})
    hall.machine.printer = "jammed"
    assert hall.machine.print_waiting() == 0
    assert "未打印" in hall.screen.get("/kiosk").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert [job.state for job in PrintJob.objects.all()] == ["failed"]


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{", b'{"paper_percent": 1e99}', b'{"paper_percent": -1, "reader": 7}', b"[" * 9_000, b"x" * 20_000],
)
def test_what_a_program_says_never_breaks_the_platform(hall: Hall, told: bytes) -> None:
    headers = {"Authorization": f"Bearer {hall.secret}", "Content-Type": "application/json"}
    answer = hall.http.post("/kiosk/agent/state", content=told, headers=headers)
    assert answer.status_code in {200, 400, 413}
    assert hall.http.post("/kiosk/agent/card", content=told, headers=headers).status_code in {400, 413, 422}


def test_cards_of_the_demonstration_go_through_the_same_door(hall: Hall, settings: Any) -> None:
    person = hall.district.registers.population.persona("pensioner")
    demo.bring(lambda: [Card(person.number, person.name)])
    settings.ONECITY_DEMO = True
    assert person.name in hall.screen.get("/kiosk/card").content.decode()
    answer = hall.screen.post("/kiosk/card", {"card": person.number, "item": CODE})
    assert answer["Location"] == f"/apply/{CODE}"
    assert hall.screen.post("/kiosk/card", {"card": "990000199001010018"}).status_code == 422
    settings.ONECITY_DEMO = False
    assert hall.screen.post("/kiosk/card", {"card": person.number}).status_code == 422
    assert ALLOWANCE["code"] == CODE
