"""A district with a seal and the people around it: its keeper, an officer with leave, a second person, strangers."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account, Role, RoleAssignment
from onecity.kernel.records.keys import sm2
from onecity.kernel.records.models import Seal
from onecity.kernel.records.seals import custody
from onecity.kernel.records.seals.custody import Leave, NewSeal

PATH = "adm/990101/"
OTHER = "adm/990102/"
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
RIGHTS = {
    "keeper": ["seals.view", "seals.manage"],
    "officer": ["seals.use"],
    "second": ["seals.approve", "seals.use"],
    "idle": ["seals.use"],
    "resident": [],
}


@dataclass(frozen=True)
class Office:
    seal: Seal
    keeper: Account
    officer: Account
    second: Account
    idle: Account
    resident: Account
    stranger: Account


def account(name: str, permissions: list[str], path: str) -> Account:
    made = Account.objects.create(username=name, display_name=name)
    if permissions:
        role = Role.objects.create(name=f"role-{name}", title=name, permissions=permissions)
        RoleAssignment.objects.create(account=made, role=role, division_path=path, valid_from=LONG_AGO)
    return made


@pytest.fixture
def office(db: None) -> Iterator[Office]:
    people = {name: account(name, rights, PATH) for name, rights in RIGHTS.items()}
    every = ["seals.view", "seals.use", "seals.manage", "seals.approve"]
    stranger = account("stranger", every, OTHER)
    seal = custody.make(new_seal(), people["keeper"])
    custody.allow(seal.id, Leave(people["officer"].id, "case", "service.shop"), people["keeper"])
    custody.allow(seal.id, Leave(people["officer"].id, "case", "service.grave", needs_approval=True), people["keeper"])
    custody.allow(seal.id, Leave(None, "certificate", "residence"), people["keeper"])
    yield Office(seal=seal, stranger=stranger, **people)
    sm2.destroy_key(seal.key_reference)


def new_seal(**changed: object) -> NewSeal:
    values: dict[str, object] = {
        "number": "990101-0001",
        "name": "测试区政务服务中心",
        "division_path": PATH,
        "valid_until": now() + dt.timedelta(days=365),
        "demonstration": True,
    }
    return NewSeal(**(values | changed))  # type: ignore[arg-type]  # values of a test, each of its field's type
