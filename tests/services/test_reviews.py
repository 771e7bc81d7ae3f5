"""What follows a decision: spot checks, appeals, what people grant, entitlements, and a new table tried on the past."""

import copy
from collections.abc import Callable

import pytest

from onecity.domains.services.applying import (
    bundling,
    deciding,
    drafting,
    entitling,
    filing,
    following,
    granting,
    kinds,
    reviewing,
    settling,
    simulating,
)
from onecity.domains.services.applying.models import Application, Decision, Entitlement
from onecity.domains.services.items.logic import tables
from onecity.kernel.cases import acting
from onecity.kernel.cases.models import Case
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.models import Certificate
from tests.services.conftest import ALLOWANCE, TABLE, District
from tests.services.test_applying import ready

pytestmark = pytest.mark.django_db


def decided(account: Account) -> following.Course:
    application = filing.send(ready(account))
    settling.settle([application])
    number = Case.objects.values_list("number", flat=True).get(id=application.case_id)
    return following.course(account, number)


def test_an_appeal_that_is_right_takes_the_decision_up_again_and_the_certificate_back(district: District) -> None:
    account, clerk = district.resident("pensioner"), district.clerk()
    found = decided(account)
    appeal = following.appeal(found, "我已满80周岁", account)
    assert following.appeal(following.course(account, found.case.number), "再说一次", account).id == appeal.id
    assert reviewing.follow() == 0
    acting.act(appeal.id, "overturn", clerk, "年龄核对有误")
    assert reviewing.follow() == 1
    assert reviewing.follow() == 0
    application = Application.objects.get()
    case = Case.objects.defer("search").get(id=application.case_id)
    assert (application.outcome, application.person, case.state) == ("", "review", "accepted")
    assert Certificate.objects.get().state == "revoked"
    # a person decides again; what the table said stays written
    acting.act(case.id, "approve", clerk)
    assert granting.follow() == 1
    assert [one.decided_by_id for one in Decision.objects.all()] == [None, clerk.id]
    assert list(Certificate.objects.order_by("issued_at", "id").values_list("state", flat=True)) == ["revoked", "valid"]


def test_a_sample_goes_to_a_person_who_had_no_part_in_it(district: District, offer: Callable[..., None]) -> None:
    offer(form={**ALLOWANCE["form"], "x-audit-share": 1})
    decided(district.resident("pensioner"))
    sample = Case.objects.defer("search").get(type_name=kinds.AUDIT)
    assert sample.state == "open"
    assert Decision.objects.get().sampled
    acting.act(sample.id, "confirm", district.clerk(), "复核无误")
    assert reviewing.follow() == 0
    assert Application.objects.get().outcome == "issued"


def test_what_a_person_grants_is_issued_once(district: District) -> None:
    account, clerk = district.resident("pensioner"), district.clerk()
    work = ready(account)
    drafting.dispute(work, "household_book", "地址有误")
    drafting.add_file(work, "household_book", "a.pdf", b"%PDF-1.4\n%%EOF\n")
    application = filing.send(work)
    for action in ("accept", "ask"):
        acting.act(application.case_id, action, clerk, "请补充迁入证明")
    number = Case.objects.values_list("number", flat=True).get(id=application.case_id)
    found = following.course(account, number)
    assert found.asked == "请补充迁入证明"
    following.correct(found, "已补充", [("b.pdf", b"%PDF-1.4\n%%EOF\n")], account)
    with pytest.raises(Problem):
        following.correct(following.course(account, number), "又一次", [], account)
    acting.act(application.case_id, "approve", clerk)
    assert granting.follow() == 1
    assert granting.follow() == 0
    application.refresh_from_db()
    assert application.outcome == "issued"
    assert Certificate.objects.count() == 1
    assert Decision.objects.get().decided_by_id == clerk.id


def test_what_is_withdrawn_is_not_decided(district: District) -> None:
    account = district.resident("pensioner")
    application = filing.send(ready(account))
    number = Case.objects.values_list("number", flat=True).get(id=application.case_id)
    following.withdraw(following.course(account, number), "不办了")
    deciding.decide_many([Application.objects.get()])
    assert deciding.decide_waiting() == 0
    assert Application.objects.get().outcome == "withdrawn"
    assert (Decision.objects.count(), Certificate.objects.count()) == (0, 0)


def test_who_is_entitled_is_found_and_only_confirms(district: District, offer: Callable[..., None]) -> None:
    form = copy.deepcopy(dict(ALLOWANCE["form"]))
    form["required"] = []
    offer(form=form)
    old, young = district.resident("pensioner"), district.resident("graduate")
    assert entitling.look() == 1
    assert entitling.look() == 0
    offered = Entitlement.objects.get()
    assert (offered.account_id, offered.item_code, offered.state) == (old.id, "elderly_allowance", "offered")
    with pytest.raises(Problem):
        entitling.confirm(offered.id, young)
    application = entitling.confirm(offered.id, old)
    assert entitling.confirm(offered.id, old).id == application.id
    settling.settle([application])
    application.refresh_from_db()
    assert (application.outcome, application.channel) == ("issued", "found")
    assert Certificate.objects.count() == 1


def test_a_new_table_is_tried_on_the_past_before_it_holds(district: District) -> None:
    decided(district.resident("pensioner"))
    decided(district.resident("veteran"))
    stricter = copy.deepcopy(dict(TABLE))
    stricter["rules"][1]["outputs"] = ["refuse", 0]
    found = simulating.simulate(tables.read(stricter), simulating.past("elderly_allowance"))
    assert (found.looked_at, found.changed) == (2, 1)
    assert (found.before, found.after) == ({"grant": 2}, {"grant": 1, "refuse": 1})
    assert [(one.before, one.after, one.fired) for one in found.differences] == [("grant", "refuse", (2,))]
    assert Decision.objects.count() == 2


def test_bundles_without_waiting_parts_are_left_alone(district: District) -> None:
    assert bundling.waiting_parents() == []
    assert settling.go_on() == 0
