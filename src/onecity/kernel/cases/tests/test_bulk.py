"""Many cases at once: each for itself, told one by one."""

import pytest
from django.test import Client

from onecity.kernel.cases import bulk, service
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import VILLAGE_B, Town, litter
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id


def test_each_case_is_done_for_itself(town: Town) -> None:
    ready = service.open_case(litter())
    started = service.open_case(litter())
    service.act(started.id, "accept", None)
    foreign = service.open_case(litter(division_path=VILLAGE_B))
    nowhere = new_id()
    found = bulk.act_many(
        [ready.id, started.id, foreign.id, nowhere, ready.id], "accept", town["handler_a"], "一起受理"
    )
    assert [(r.case_id, r.done) for r in found] == [
        (ready.id, True), (started.id, False), (foreign.id, False), (nowhere, False),
    ]  # fmt: skip
    assert all(r.why for r in found[1:])
    assert Case.objects.get(id=ready.id).state == "accepted"
    assert Case.objects.get(id=foreign.id).version == 1
    assert CaseEvent.objects.filter(case_id=started.id).count() == 2


def test_assigning_and_noting_many(town: Town) -> None:
    cases = [service.open_case(litter()) for _n in range(3)]
    ids = [case.id for case in cases]
    found = bulk.act_many(ids, "assign", town["dispatcher_a"], "", {"assignee": str(town["second_a"].id)})
    assert all(r.done for r in found)
    assert set(Case.objects.filter(id__in=ids).values_list("assignee_id", flat=True)) == {town["second_a"].id}
    assert all(r.done for r in bulk.act_many(ids, "comment", town["handler_a"], "已联系"))
    assert not any(r.done for r in bulk.act_many(ids, "comment", town["handler_a"], ""))


@pytest.mark.parametrize("number", [0, 201])
def test_none_and_too_many_are_refused(town: Town, number: int) -> None:
    with pytest.raises(Problem) as caught:
        bulk.act_many([new_id() for _n in range(number)], "accept", town["handler_a"])
    assert caught.value.status == 422


def test_the_list_offers_what_asks_for_nothing(town: Town, client: Client) -> None:
    cases = [service.open_case(litter()) for _n in range(2)]
    assert [name for name, _title in bulk.offered(cases, town["dispatcher_a"])] == ["accept", "cancel"]
    client.force_login(town["handler_a"])
    page = client.get("/desk/cases?scope=all")
    assert page.status_code == 200
    assert page.content.decode().count('name="case"') == 2
    answer = client.post(
        "/desk/cases/many", {"case": [str(c.id) for c in cases], "action": "accept", "back": "?scope=all"}
    )
    assert answer.status_code == 200
    assert set(Case.objects.values_list("state", flat=True)) == {"accepted"}
    again = client.post("/desk/cases/many", {"case": [str(c.id) for c in cases], "action": "accept"})
    assert again.status_code == 200
    assert client.post("/desk/cases/many", {"action": "accept"}).status_code == 422
