"""A small district for the tests of cases: two towns, their offices, people with roles, and two kinds of case."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from onecity.kernel.cases import service
from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people.models import Account, Organisation, Role, RoleAssignment
from onecity.kernel.places.models import Division

DISTRICT = "adm/990100/"
TOWN_A = "adm/990100/990100001/"
TOWN_B = "adm/990100/990100002/"
VILLAGE_A = "adm/990100/990100001/990100001001/"
VILLAGE_B = "adm/990100/990100002/990100002001/"
# a Monday in Shanghai, 10:00
MONDAY = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

ROLES = {
    "case_handler": ["cases.view", "cases.open", "cases.handle"],
    "case_dispatcher": ["cases.view", "cases.open", "cases.handle", "cases.dispatch"],
    "case_verifier": ["cases.view", "cases.verify"],
}


@dataclass
class Town:
    """The people and offices of the tests, by short name."""

    people: dict[str, Account] = field(default_factory=dict)
    bodies: dict[str, Organisation] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Account:
        return self.people[name]


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(MONDAY)) as fixed:
        yield fixed


def build() -> Town:
    town = Town()
    parents: dict[str, Division] = {}
    for path, level in [
        (DISTRICT, "district"),
        (TOWN_A, "town"),
        (TOWN_B, "town"),
        (VILLAGE_A, "village"),
        (VILLAGE_B, "village"),
    ]:
        code = path.split("/")[-2]
        above = path[: -len(code) - 1]
        parents[path] = Division.objects.create(
            tree="adm", code=code, name=f"区划{code}", level=level, path=path, parent=parents.get(above),
            lon=121.4, lat=30.9,
        )  # fmt: skip
    for name, path in [("district", DISTRICT), ("a", TOWN_A), ("b", TOWN_B)]:
        town.bodies[name] = Organisation.objects.create(
            code=f"office-{name}", name=f"城运中心{name}", division_path=path
        )
    roles = {name: Role.objects.create(name=name, title=name, permissions=p) for name, p in ROLES.items()}
    for name, role, body, path in [
        ("handler_a", "case_handler", "a", TOWN_A),
        ("second_a", "case_handler", "a", TOWN_A),
        ("dispatcher_a", "case_dispatcher", "a", TOWN_A),
        ("verifier_a", "case_verifier", "a", TOWN_A),
        ("handler_b", "case_handler", "b", TOWN_B),
        ("dispatcher", "case_dispatcher", "district", DISTRICT),
        ("verifier", "case_verifier", "district", DISTRICT),
    ]:
        account = Account.objects.create_user(
            name, display_name=f"{name}·姓名", organisation=town.bodies[body], email=f"{name}@example.org"
        )
        RoleAssignment.objects.create(account=account, role=roles[role], division_path=path, valid_from=LONG_AGO)
        town.people[name] = account
    town.people["nobody"] = Account.objects.create_user("nobody", display_name="路人")
    service.publish(
        CaseTypeDecl(
            "litter", "Litter", category="event", deadline=(2, "working_days"),
            limits=(Limit(4, "working_hours", stage="accept"),),
        ),
        effective_from=LONG_AGO,
    )  # fmt: skip
    service.publish(
        CaseTypeDecl("noise", "Noise", category="event", deadline=(5, "working_days"), organisation="office-district"),
        effective_from=LONG_AGO,
    )
    return town


@pytest.fixture
def town(db: None, clock: FixedClock) -> Town:
    return build()


@pytest.fixture
def committed_town(transactional_db: None, clock: FixedClock) -> Town:
    return build()


def litter(**more: object) -> service.NewCase:
    values: dict[str, object] = {"type_name": "litter", "title": "路口有暴露垃圾", "division_path": VILLAGE_A}
    return service.NewCase(**{**values, **more})  # type: ignore[arg-type]  # fields by name, for tests
