"""Running cases moved to another version: looked at first, with states mapped and due times anew, once each."""

import datetime as dt
import json
from typing import Any

import pytest

from onecity.kernel.cases import service, type_store
from onecity.kernel.cases.kinds import drafting, migrating
from onecity.kernel.cases.kinds.migrating import Plan
from onecity.kernel.cases.logic.definition import parse
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import VILLAGE_B, Town, litter
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import RoleAssignment

TWO_DAYS = dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)
ONE_DAY = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)


def renamed(town: Town) -> None:
    """Version 2 of litter: one working day for all of it, and `handling` is called `at_work`."""
    data: dict[str, Any] = drafting.begin("litter", town["author"]).definition
    text = json.dumps({**data, "limits": [{"amount": 1, "unit": "working_days"}]})
    data = json.loads(text.replace('"handling"', '"at_work"'))
    type_store.publish_definition("litter", parse(data), published_by_id=town["reviewer"].id)


def handled(town: Town) -> Case:
    case = service.open_case(litter())
    for action in ("accept", "start"):
        case = service.act(case.id, action, town["handler_a"])
    return case


def test_looked_at_first_then_moved_with_its_entry(managers: Town) -> None:
    case, fresh = handled(managers), service.open_case(litter(division_path=VILLAGE_B))
    renamed(managers)
    plan = Plan("litter", 2, {(1, "handling"): "at_work", (1, "opened"): "opened"})
    look = migrating.preview(plan, managers["author"])
    assert (look.total, look.changing) == (2, 2)
    found = {row.case.id: (row.from_state, row.to_state, row.due_before, row.due_after) for row in look.rows}
    assert found[case.id] == ("handling", "at_work", case.deadline, ONE_DAY)
    assert case.deadline == TWO_DAYS
    case.refresh_from_db()
    assert (case.type_version, case.state, case.deadline) == (1, "handling", TWO_DAYS)

    assert migrating.move(plan, managers["author"], "按新标准") == (2, 0)
    case.refresh_from_db()
    fresh.refresh_from_db()
    assert (case.type_version, case.state, case.deadline) == (2, "at_work", ONE_DAY)
    assert (fresh.type_version, fresh.state) == (2, "opened")
    entry = CaseEvent.objects.get(case_id=case.id, action="migrate")
    assert (entry.from_state, entry.to_state, entry.note) == ("handling", "at_work", "按新标准")
    assert (entry.data["from_version"], entry.data["to_version"]) == (1, 2)
    assert entry.data["due_after"] == ONE_DAY.isoformat()
    # moved once: a batch that is sent again finds nothing
    assert migrating.move(plan, managers["author"]) == (0, 0)
    # and the case goes on by the new version
    assert service.act(case.id, "finish", managers["handler_a"], "清理完毕").state == "handled"


def test_in_batches(managers: Town) -> None:
    service.open_cases([litter(title=f"第{n}处") for n in range(5)])
    renamed(managers)
    plan = Plan("litter", 2, {(1, "opened"): "opened"})
    assert [migrating.move(plan, managers["author"], most=2) for _turn in range(3)] == [(2, 3), (2, 1), (1, 0)]
    assert CaseEvent.objects.filter(action="migrate").count() == 5


def test_a_state_without_a_place_stops_all(managers: Town) -> None:
    case = handled(managers)
    renamed(managers)
    for goes_on in ("", "handling", "closed"):
        with pytest.raises(Problem) as refused:
            migrating.move(Plan("litter", 2, {(1, "handling"): goes_on}), managers["author"])
        assert [error.field for error in refused.value.errors] == ["state.1.handling"]
    case.refresh_from_db()
    assert (case.type_version, case.version) == (1, 3)
    assert migrating.usual(Plan("litter", 2, {}), managers["author"], type_store.version("litter", 2).definition) == {
        (1, "handling"): ""
    }


def test_only_where_one_may_publish(managers: Town) -> None:
    service.open_case(litter())
    renamed(managers)
    with pytest.raises(Problem) as refused:
        migrating.move(Plan("litter", 2, {(1, "opened"): "opened"}), managers["handler_a"])
    assert refused.value.status == 403
    RoleAssignment.objects.filter(account=managers["third"]).delete()
    assert migrating.meant(Plan("litter", 2, {}), managers["third"]) == {}
    assert not CaseEvent.objects.filter(action="migrate").exists()
