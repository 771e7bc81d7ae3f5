"""Twelve shipped services from the card to the decision at a terminal, each by the pages as a person fills them in."""

from collections.abc import Mapping
from itertools import groupby

import pytest
from django.test import Client

from onecity.domains.services.applying.models import Application
from onecity.domains.services.items import shipped
from onecity.domains.services.kiosk import cards, machines
from onecity.domains.services.kiosk.cards import Card
from onecity.domains.services.registers import connected
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Role
from onecity.kernel.places.models import Division
from onecity.sim.registers.source import Registers
from tests.services.conftest import DISTRICT, LONG_AGO, TOWN
from tests.services.walking import walk

pytestmark = pytest.mark.django_db
# who of the simulated district has a right to what
WHO: Mapping[str, str] = {
    "flexible_insurance": "carer",
    "individual_business": "carer",
    "insurance_record": "carer",
    "off_site_treatment": "carer",
    "school_enrolment": "carer",
    "social_security_card": "carer",
    "unemployment_benefit": "carer",
    "vaccination_certificate": "carer",
    "birth_registration": "mother",
    "newborn_medical": "mother",
    "rent_fund_withdrawal": "founder",
    "elder_allowance": "pensioner",
}


def test_twelve_services_are_done_at_a_terminal(clock: FixedClock, registers: Registers) -> None:
    since = LONG_AGO.date()
    root = Division.objects.create(
        tree="adm", code="990100", name="测试区", level="district", path=DISTRICT, valid_from=since
    )
    Division.objects.create(
        tree="adm", code="990100001", name="测试镇", level="town", path=TOWN, parent=root, valid_from=since
    )
    shipped.install()
    keeper = people.create_account("kiosk-desk", display_name="设备管理")
    role = Role.objects.create(name="kiosk_desk", title="设备管理", permissions=["terminals.manage"])
    people.assign_role(keeper, role, DISTRICT)
    terminal, secret = machines.register(keeper, "一号机", "一楼", DISTRICT)
    machines.publish(terminal, keeper, list(WHO))
    registers.away.clear()
    screen = Client()
    screen.post("/kiosk/enrol", {"secret": secret})
    ended = {}
    with connected.connected_to(registers):
        for persona, codes in groupby(WHO, key=WHO.__getitem__):
            person = registers.population.persona(persona)
            cards.read(terminal, Card(person.number, person.name))
            assert screen.get("/kiosk/card")["Location"] == "/kiosk"
            for code in codes:
                ended[code] = walk(screen, code).address
            screen.get("/kiosk/leave")
    numbers = {code: address.removeprefix("/my/applications/").partition("?")[0] for code, address in ended.items()}
    found = {}
    for code, number in numbers.items():
        case = Case.objects.filter(number=number).first()
        made = Application.objects.filter(case_id=case.id).first() if case is not None else None
        found[code] = (made.outcome, made.channel) if made is not None else ("", "")
    assert found == dict.fromkeys(WHO, ("issued", "terminal"))
