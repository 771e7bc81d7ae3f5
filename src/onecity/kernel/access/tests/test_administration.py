"""Accounts and roles at the desk and over HTTP: each act asks for its right, is written down, and says no in full."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from onecity.kernel.access import administration, audit, policy
from onecity.kernel.access.models import AuditEvent, Grant
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import demo, service
from onecity.kernel.people.models import Account, Duty, Role, RoleAssignment
from onecity.kernel.places.models import Division

pytestmark = pytest.mark.django_db
DISTRICT, TOWN_A, TOWN_B = "adm/910000/", "adm/910000/910001/", "adm/910000/910002/"
PLACES = demo.DemoDivisions(
    district=(DISTRICT, "示范区"), town_a=(TOWN_A, "东镇"), town_b=(TOWN_B, "西镇"), village=(TOWN_A + "1/", "一村")
)


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    demo.create(PLACES)
    Account.objects.filter(username="admin").update(is_superuser=False)


def named(username: str) -> Account:
    return Account.objects.get(username=username)


def client(username: str) -> Client:
    made = Client()
    made.force_login(named(username))
    return made


def reach(username: str, permission: str) -> list[str]:
    """The paths of the grants that count now, of a permission that a package above this one may declare."""
    counting = Grant.objects.exclude(valid_to__lte=now()).filter(account_id=named(username).id, permission=permission)
    return list(counting.values_list("path", flat=True))


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("chain", "seq").values_list("action", flat=True))


def test_the_demonstration_has_its_people_once() -> None:
    demo.create(PLACES)
    assert sorted(Account.objects.values_list("username", flat=True)) == sorted(a.username for a in demo.ACCOUNTS)
    assert demo.exist()
    assert RoleAssignment.objects.count() == 9
    assert reach("town-a", "cases.view") == [TOWN_A]
    assert reach("operator", "cases.view") == [DISTRICT]
    assert reach("auditor", "audit.view") == [""]
    assert policy.held(named("resident")) == frozenset()
    assert all(Client().login(username=a.username, password=a.password) for a in demo.ACCOUNTS[:2])


def test_no_demonstration_account_is_no_demonstration() -> None:
    RoleAssignment.objects.all().delete()
    Account.objects.filter(is_demo=True).delete()
    assert not demo.exist()


def test_an_administrator_creates_an_account_and_gives_it_a_role() -> None:
    admin = client("admin")
    organisation = named("town-a").organisation
    assert organisation is not None
    form = {"username": "Zhao.Min", "display_name": "赵敏", "organisation": organisation.pk, "password": "a long first one",
            "phone": "+8613900000000"}  # fmt: skip
    response = admin.post("/desk/people/new", form)
    made = named("zhao.min")
    assert response["Location"] == f"/desk/people/{made.id}"
    assert made.phone_verified_at is not None
    role = Role.objects.get(name="handler")
    last = timezone.localdate() + dt.timedelta(days=30)
    _divisions()
    page = admin.post(
        f"/desk/people/{made.id}/roles", {"role": role.pk, "division": TOWN_A, "until": last, "purpose": "新入职"}
    )
    assert page.status_code == 302
    nowhere = admin.post(f"/desk/people/{made.id}/roles", {"role": role.pk, "division": "", "purpose": "x"})
    assert nowhere.status_code == 422
    given = made.role_assignments.get()
    assert (given.division_path, given.assigned_by_id) == (TOWN_A, named("admin").id)
    assert given.valid_to == timezone.make_aware(dt.datetime.combine(last + dt.timedelta(days=1), dt.time()))
    assert reach("zhao.min", "cases.view") == [TOWN_A]
    admin.post(f"/desk/people/{made.id}/roles/{given.id}/end")
    assert reach("zhao.min", "cases.view") == []
    assert actions()[-3:] == ["account.created", "role.assigned", "role.ended"]
    assigned = AuditEvent.objects.get(action="role.assigned")
    assert (assigned.purpose, assigned.division_path, assigned.object_id) == ("新入职", TOWN_A, str(made.id))
    assert audit.verify().intact


def _divisions() -> None:
    root = Division.objects.create(tree="adm", code="910000", name="示范区", level="district", path=DISTRICT)
    Division.objects.create(tree="adm", code="910001", name="东镇", level="town", path=TOWN_A, parent=root)


def test_a_wrong_form_creates_nothing_and_says_why() -> None:
    organisation = named("town-a").organisation
    assert organisation is not None
    form = {"username": "town-a", "display_name": "X", "organisation": organisation.pk, "password": "short"}
    response = client("admin").post("/desk/people/new", form)
    assert response.status_code == 200
    page = response.content.decode()
    assert re.search(r'id="id_username_error">该用户名已被使用。<', page)
    assert re.search(r'id="id_password_error">[^<]*10', page)
    assert Account.objects.count() == len(demo.ACCOUNTS)
    assert actions() == []


@pytest.mark.parametrize("username", ["operator", "town-a", "village", "data"])
def test_who_may_not_administer_is_told_who_can(username: str) -> None:
    response = client(username).get("/desk/people", headers={"Accept": "application/json"})
    assert response.status_code == 403
    body = response.json()
    assert body["permission"] == "people.view"
    assert "系统管理员" in body["detail"] or "管理员" in body["detail"]


def test_nobody_gives_himself_a_role() -> None:
    admin = named("admin")
    with pytest.raises(Problem) as refused:
        administration.assign(admin, admin, Role.objects.get(name="operator"), DISTRICT)
    assert refused.value.code == "own-role"
    assert admin.role_assignments.count() == 1


def test_a_role_is_given_only_where_one_may() -> None:
    lead = Role.objects.create(name="town-admin", title="T", permissions=["people.view", "people.assign"])
    town_admin = service.create_account("town-admin", display_name="T")
    service.assign_role(town_admin, lead, TOWN_A)
    handler = Role.objects.get(name="handler")
    administration.assign(town_admin, named("resident"), handler, TOWN_A)
    for path in (TOWN_B, DISTRICT, ""):
        with pytest.raises(Problem) as refused:
            administration.assign(town_admin, named("resident"), handler, path)
        assert refused.value.status == 403
    assert list(named("resident").role_assignments.values_list("division_path", flat=True)) == [TOWN_A]


def test_separated_duties_need_their_own_right_and_never_meet_in_one_person() -> None:
    admin, auditor = named("admin"), named("auditor")
    security = Role.objects.get(name="security_administrator")
    with pytest.raises(Problem) as refused:
        administration.assign(admin, named("resident"), security, DISTRICT)
    assert refused.value.extra["permission"] == "people.assign_duty"
    with pytest.raises(Problem) as both:
        service.assign_role(auditor, security, "")
    assert (both.value.code, both.value.status) == ("duties-apart", 409)
    with pytest.raises(DatabaseError, match="two separated duties"), transaction.atomic():
        RoleAssignment.objects.create(account=auditor, role=security, division_path="")
    assert auditor.role_assignments.count() == 1
    assert {r.duty for r in Role.objects.exclude(duty="")} == {Duty.SYSTEM, Duty.SECURITY, Duty.AUDIT}


def test_closing_an_account_ends_its_session_and_rights() -> None:
    operator = client("operator")
    page = client("admin").post(f"/desk/people/{named('operator').id}/active", {"active": "no"})
    assert page.status_code == 302
    assert operator.get("/accounts/").status_code == 302
    assert policy.held(named("operator")) == frozenset()
    assert actions() == ["account.closed"]
    own = client("admin").post(f"/desk/people/{named('admin').id}/active", {"active": "no"})
    assert own.status_code == 409
    assert named("admin").is_active


def test_a_town_sees_only_its_own_people() -> None:
    viewer = Role.objects.create(name="viewer", title="V", permissions=["people.view"])
    clerk = service.create_account("clerk", display_name="Clerk")
    service.assign_role(clerk, viewer, TOWN_A)
    found = client("clerk")
    page = found.get("/desk/people").content.decode()
    assert "town-a" in page
    assert "village" in page
    assert "town-b" not in page
    assert found.get(f"/desk/people/{named('town-b').id}").status_code == 404
    assert found.get(f"/desk/people/{named('town-a').id}").status_code == 200


def test_the_auditor_searches_the_trail_and_the_administrator_does_not() -> None:
    audit.record(
        "account.signed_in", actor_id=named("operator").id, object_type="account", object_id=named("operator").id
    )
    audit.record("case.closed", actor_id=named("town-a").id, object_type="case", object_id="c1", division_path=TOWN_A)
    auditor = client("auditor")
    page = auditor.get("/desk/audit").content.decode()
    assert "case.closed" in page
    page = auditor.get("/desk/audit", {"actor": "operator"}).content.decode()
    assert "account.signed_in" in page
    assert "case.closed" not in page
    found: Any = auditor.get("/api/access/audit", {"object_id": "c1"}).json()
    assert [(e["action"], e["actor_id"], e["detail"]) for e in found] == [("case.closed", str(named("town-a").id), {})]
    Account.objects.filter(username="admin").update(is_superuser=True)
    assert client("admin").get("/desk/audit", headers={"Accept": "application/json"}).status_code == 403
    assert client("admin").get("/api/access/audit").status_code == 403
    assert Client().get("/api/access/audit").status_code == 401
    assert auditor.get("/api/access/audit", {"limit": 0}).status_code == 422
    for wanted in ({"until": "9999-12-31"}, {"since": "0001-01-01"}):
        assert auditor.get("/desk/audit", wanted).status_code == 200  # the ends of the calendar


def test_everybody_learns_his_own_rights() -> None:
    me = client("town-a").get("/api/people/me").json()
    assert (me["username"], me["roles"][0]["role"], me["roles"][0]["division_path"]) == ("town-a", "town_lead", TOWN_A)
    mine = client("auditor").get("/api/access/permissions").json()
    assert [(p["permission"], p["scopes"]) for p in mine] == [("audit.view", [""]), ("people.view", [""])]
    assert Client().get("/api/people/me").status_code == 401
