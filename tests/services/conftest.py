"""A district with an item that a table decides, its certificate, and residents of the simulated registers."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from onecity.domains.services.applying import kinds
from onecity.domains.services.items import publishing
from onecity.domains.services.items.models import Sort
from onecity.domains.services.registers import connected
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people import identity
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, IdentitySource, Organisation, Role, RoleAssignment
from onecity.kernel.places.models import Division
from onecity.kernel.records.certificates import types
from onecity.sim.registers.source import Registers

DISTRICT = "adm/990100/"
TOWN = "adm/990100/990100001/"
# a Monday in Shanghai, 10:00
MONDAY = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
USCC = "11990000MA0000001K"


def text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


ALLOWANCE: Mapping[str, Any] = {
    "code": "elderly_allowance",
    "name": text("高龄津贴申领", "Allowance for the elderly"),
    "kind": "05",
    "authority": {"department": "civil_affairs", "name": text("民政局", "Civil affairs"), "uscc": USCC},
    "audience": ["1"],
    "case_kind": "1",
    "summary": text("年满70周岁的本区户籍老人可以申领。", "For residents of 70 and over."),
    "limits": {
        "statutory": {"amount": 20, "unit": "working_days"},
        "promised": {"amount": 5, "unit": "working_days"},
    },
    "legal_basis": [{"name": text("老年人权益保障法", "Law on the rights of the elderly"), "clause": "第三十三条"}],
    "steps": [{"name": text("受理", "Accept")}],
    "enquiries": text("12345", "12345"),
    "complaints": text("12345", "12345"),
    "conditions": [
        {
            "text": text("年满70周岁", "70 years or over"),
            "test": {"value": "household.age", "sort": "number", "accepts": ">= 70"},
        },
        {
            "text": text("本区户籍", "Registered in the district"),
            "test": {"value": "household.local", "sort": "boolean", "accepts": "true"},
        },
    ],
    "materials": [
        {
            "key": "identity",
            "name": text("身份证明", "Proof of identity"),
            "source": {"register": "household", "fields": ["name", "birth_date"]},
        },
        {
            "key": "household_book",
            "name": text("户口簿", "Household book"),
            "source": {"register": "household", "fields": ["household_number", "registered_address"]},
        },
        {
            "key": "not_alive_elsewhere",
            "name": text("未在他处领取的声明", "Word that nothing is drawn elsewhere"),
            "commitment": True,
            "upload": False,
        },
    ],
    "form": {
        "type": "object",
        "required": ["bank_account"],
        "properties": {
            "phone": {"type": "string", "title": "联系电话", "x-prefill": "household.phone"},
            "bank_account": {"type": "string", "title": "收款账号", "pattern": "^[0-9]{12,19}$"},
        },
        "x-audit-share": 0,
    },
    "decision": "elderly_allowance",
    "automatic": True,
    "entitlement": "elderly_allowance",
    "results": [{"kind": "1", "name": text("敬老卡", "Senior card"), "certificate_type": "senior_card", "months": 12}],
}
TABLE: Mapping[str, Any] = {
    "name": "elderly_allowance",
    "title": text("高龄津贴", "Allowance for the elderly"),
    "hit_policy": "UNIQUE",
    "inputs": [
        {"name": "household.age", "kind": "number", "label": text("年龄", "Age"), "allowed": "[0..150]"},
        {"name": "household.local", "kind": "boolean", "label": text("本区户籍", "Registered in the district")},
    ],
    "outputs": [
        {"name": "outcome", "kind": "string", "allowed": ["grant", "refuse", "person"]},
        {"name": "amount", "kind": "number"},
    ],
    "rules": [
        {"tests": [">= 80", "true"], "outputs": ["grant", 350], "reason": text("年满80周岁", "80 years or over")},
        {"tests": ["[70..80)", "true"], "outputs": ["grant", 180], "reason": text("年满70周岁", "70 years or over")},
        {"tests": ["< 70", "true"], "outputs": ["refuse", 0], "reason": text("未满70周岁", "Younger than 70")},
        {"tests": ["-", "false"], "outputs": ["refuse", 0], "reason": text("非本区户籍", "Not of the district")},
    ],
}
CARD: Mapping[str, Any] = {
    "code": "senior_card",
    "number": "901",
    "title": text("敬老卡", "Senior card"),
    "defining_uscc": USCC,
    "holder": "person",
    "fields": [
        {"name": "birth_date", "title": text("出生日期", "Date of birth"), "kind": "date", "grade": "sensitive"},
        {"name": "amount", "title": text("津贴标准", "Allowance"), "kind": "integer"},
    ],
}


@dataclass
class District:
    """The district of the tests: its registers, and whoever was let in by name."""

    registers: Registers
    made: dict[str, Account]

    def resident(self, persona: str) -> Account:
        """The account of somebody whom the registers know."""
        if persona not in self.made:
            person = self.registers.population.persona(persona)
            account = people.create_account(f"test-{persona}", display_name=person.name)
            identity.identify(account, person.number, person.name, IdentitySource.REGISTER)
            account.refresh_from_db()
            self.made[persona] = account
        return self.made[persona]

    def clerk(self) -> Account:
        """Somebody of the office that handles the cases."""
        if "clerk" not in self.made:
            body = Organisation.objects.get(code="civil_affairs")
            account = people.create_account("test-clerk", display_name="办事员", organisation=body)
            allowed = ["cases.view", "cases.open", "cases.handle", "cases.dispatch", "cases.verify"]
            role = Role.objects.create(name="test_clerk", title="办事员", permissions=allowed)
            RoleAssignment.objects.create(account=account, role=role, division_path=DISTRICT, valid_from=LONG_AGO)
            self.made["clerk"] = account
        return self.made["clerk"]


def install(item: Mapping[str, Any], table: Mapping[str, Any] | None = None) -> None:
    if table is not None:
        publishing.install(Sort.TABLE, table["name"], table)
    publishing.install(Sort.ITEM, item["code"], item)


def build() -> None:
    root = Division.objects.create(
        tree="adm", code="990100", name="测试区", level="district", path=DISTRICT, valid_from=LONG_AGO.date()
    )
    Division.objects.create(
        tree="adm", code="990100001", name="测试镇", level="town", path=TOWN, parent=root, valid_from=LONG_AGO.date()
    )
    Organisation.objects.create(code="civil_affairs", name="民政局", division_path=DISTRICT)
    types.install(msgspec.convert(CARD, types.CertificateType))
    kinds.publish_own()
    install(ALLOWANCE, TABLE)


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(MONDAY)) as fixed:
        yield fixed


@pytest.fixture(scope="session")
def registers() -> Registers:
    return Registers(60, towns=((TOWN, "测试镇"),))


@pytest.fixture
def district(db: None, clock: FixedClock, registers: Registers) -> Iterator[District]:
    build()
    registers.away.clear()
    with connected.connected_to(registers):
        yield District(registers, {})


@pytest.fixture
def offer(district: District) -> Callable[..., None]:
    """Publish a variant of the allowance: members in place of those it has."""

    def publish(**changes: Any) -> None:
        install({**ALLOWANCE, **changes})

    return publish
