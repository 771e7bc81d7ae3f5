"""Every step has its entry, needs its right, asks for what it requires, and cannot overwrite another person's step."""

import datetime as dt
import threading
import uuid

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction

from onecity.kernel.cases import service
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import MONDAY, VILLAGE_A, Town, litter
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import FeedEvent, Message


def history(case: Case) -> list[tuple[str, str, str, str]]:
    rows = CaseEvent.objects.filter(case=case).order_by("version")
    return [(e.action, e.from_state, e.to_state, e.actor_name) for e in rows]


def test_the_whole_life_of_a_case(town: Town, clock: FixedClock) -> None:
    case = service.open_case(litter())
    steps = [
        ("accept", "handler_a", ""), ("start", "handler_a", ""), ("finish", "handler_a", "已清理"),
        ("redo", "verifier_a", "还剩一袋"), ("finish", "handler_a", "全部清理"), ("verify", "verifier_a", ""),
        ("close", "verifier_a", ""), ("reopen", "verifier_a", "居民反映未清理"), ("return", "handler_a", "不属本单位"),
        ("cancel", "dispatcher_a", "重复"),
    ]  # fmt: skip
    for action, who, note in steps:
        clock.advance(dt.timedelta(minutes=10))
        case = service.act(case.id, action, town[who], note)
    case.refresh_from_db()
    assert [row[:3] for row in history(case)] == [
        ("open", "", "opened"), ("accept", "opened", "accepted"), ("start", "accepted", "handling"),
        ("finish", "handling", "handled"), ("redo", "handled", "handling"), ("finish", "handling", "handled"),
        ("verify", "handled", "verified"), ("close", "verified", "closed"), ("reopen", "closed", "accepted"),
        ("return", "accepted", "opened"), ("cancel", "opened", "cancelled"),
    ]  # fmt: skip
    assert (case.state, case.version, case.closed_at) == ("cancelled", 11, MONDAY + dt.timedelta(minutes=100))
    assert case.sweep_at is None
    assert FeedEvent.objects.filter(kind="case", ref=str(case.id)).count() == 11


def test_the_clock_follows_the_stage(town: Town, clock: FixedClock) -> None:
    case = service.open_case(litter())
    assert case.deadline == dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)
    clock.advance(dt.timedelta(hours=1))
    case = service.act(case.id, "accept", town["handler_a"])
    # the stage's limit is kept; now the limit of the whole case stands
    assert case.deadline == case.final_deadline == dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)
    clock.advance(dt.timedelta(days=10))
    case = service.act(case.id, "cancel", town["dispatcher_a"], "重复")
    assert (case.sweep_at, case.deadline) == (None, dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC))
    case = service.act(case.id, "reopen", town["verifier_a"], "仍未解决")
    # reopened on Thursday 3 December: two working days are up on Monday 7 December
    assert case.deadline == dt.datetime(2026, 12, 7, 9, 30, tzinfo=dt.UTC)
    assert case.closed_at is None


def unchanged(case: Case) -> None:
    fresh = Case.objects.get(id=case.id)
    assert (fresh.version, fresh.state, fresh.assignee_id) == (case.version, case.state, case.assignee_id)
    assert CaseEvent.objects.filter(case=case).count() == case.version


@pytest.mark.parametrize(
    ("action", "who", "note", "status"),
    [
        ("accept", "handler_b", "", 403),
        ("accept", "nobody", "", 403),
        ("accept", "verifier_a", "", 403),
        ("cancel", "handler_a", "重复", 403),
        ("cancel", "dispatcher_a", "  ", 422),
        ("close", "verifier_a", "", 409),
        ("dance", "handler_a", "", 409),
        ("accept", "handler_a", "长" * 4001, 422),
    ],
)
def test_a_refused_step_changes_nothing(town: Town, action: str, who: str, note: str, status: int) -> None:
    case = service.open_case(litter())
    with pytest.raises(Problem) as refused:
        service.act(case.id, action, town[who], note)
    assert refused.value.status == status
    unchanged(case)


def test_no_such_case(town: Town) -> None:
    with pytest.raises(Problem) as refused:
        service.act(uuid.uuid4(), "accept", town["handler_a"])
    assert refused.value.status == 404


def test_the_second_of_two_is_told_who_did_what_when(town: Town, clock: FixedClock) -> None:
    case = service.open_case(litter())
    clock.advance(dt.timedelta(minutes=5))
    service.act(case.id, "accept", town["handler_a"], "我来", expected_version=1)
    with pytest.raises(Problem) as refused:
        service.act(case.id, "accept", town["second_a"], expected_version=1)
    problem = refused.value.to_dict()
    assert problem["status"] == 409
    assert {k: problem[k] for k in ("actor", "action", "state", "version", "note")} == {
        "actor": "handler_a·姓名", "action": "accept", "state": "accepted", "version": 2, "note": "我来",
    }  # fmt: skip
    assert problem["at"] == "2026-11-23T02:05:00+00:00"
    assert "handler_a·姓名" in problem["detail"]
    assert "2026-11-23 10:05:00" in problem["detail"]
    unchanged(Case.objects.get(id=case.id))


def test_a_note_or_reminder_in_between_takes_nothing_from_anybody(town: Town) -> None:
    case = service.open_case(litter())
    service.comment(case.id, town["second_a"], "现场有照片")
    service.alert_ended([case.id])
    after = service.act(case.id, "accept", town["handler_a"], expected_version=1)
    assert (after.state, after.version) == ("accepted", 4)
    with pytest.raises(Problem):
        service.act(case.id, "start", town["handler_a"], expected_version=99)


def test_two_at_once_with_real_connections(committed_town: Town) -> None:
    """Of eight people who accept the same version at the same moment, one does; the others get a 409."""
    case = service.open_case(litter())
    barrier, answers = threading.Barrier(8), []

    def accept(who: str) -> None:
        with use_clock(FixedClock(MONDAY)):
            barrier.wait(30)
            try:
                answers.append(service.act(case.id, "accept", committed_town[who], expected_version=1).version)
            except Problem as problem:
                answers.append(problem.status)
        connection.close()

    threads = [threading.Thread(target=accept, args=(("handler_a", "second_a")[i % 2],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [2, *[409] * 7]
    assert [row[0] for row in history(case)] == ["open", "accept"]


def test_taking_giving_and_handing_over(town: Town) -> None:
    case = service.open_case(litter())
    case = service.assign(case.id, town["handler_a"].id, town["handler_a"])
    assert case.assignee_id == town["handler_a"].id
    assert not Message.objects.filter(template="case_assigned").exists()
    with pytest.raises(Problem) as refused:
        service.assign(case.id, town["second_a"].id, town["second_a"])
    assert refused.value.status == 403
    case = service.assign(case.id, town["second_a"].id, town["dispatcher_a"], "他在附近")
    assert Message.objects.get(template="case_assigned").account_id == town["second_a"].id
    with pytest.raises(Problem) as refused:
        service.assign(case.id, town["handler_b"].id, town["dispatcher_a"])
    assert refused.value.status == 422
    with pytest.raises(Problem) as refused:
        service.hand_over(case.id, town.bodies["district"].id, town["dispatcher_a"], " ")
    assert refused.value.status == 422
    with pytest.raises(Problem) as refused:
        service.hand_over(case.id, uuid.uuid4(), town["dispatcher_a"], "不属本镇")
    assert refused.value.status == 422
    unchanged(case)
    case = service.hand_over(case.id, town.bodies["district"].id, town["dispatcher_a"], "不属本镇")
    assert (case.organisation_id, case.assignee_id) == (town.bodies["district"].id, None)
    assert [row[0] for row in history(case)] == ["open", "assign", "assign", "hand_over"]
    told = Message.objects.filter(key__endswith=":sent").values_list("account_id", flat=True)
    assert list(told) == [town["dispatcher"].id]


def test_returning_releases_the_case(town: Town) -> None:
    case = service.open_case(litter())
    service.assign(case.id, town["handler_a"].id, town["handler_a"])
    service.act(case.id, "accept", town["handler_a"])
    case = service.act(case.id, "return", town["handler_a"], "不属本单位")
    assert (case.state, case.assignee_id) == ("opened", None)


def sql(statement: str, *values: str | int | uuid.UUID) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [str(v) for v in values])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_a_change_without_its_entry(town: Town) -> None:
    case = service.open_case(litter())
    with pytest.raises(IntegrityError, match="needs version 2"):
        sql("UPDATE cases_case SET state = 'closed' WHERE id = %s", case.id)
    with pytest.raises(IntegrityError, match="case_change_has_event"):
        sql("UPDATE cases_case SET state = 'closed', version = 2 WHERE id = %s", case.id)
    with pytest.raises(IntegrityError, match="needs version"):
        sql("UPDATE cases_case SET number = 'x', version = 2 WHERE id = %s", case.id)
    insert = (
        "INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)"
        " VALUES (%s, %s, now(), 'x', %s, 'closed', '', '', '{}')"
    )
    for version, source in [(2, "handling"), (3, "opened"), (1, ""), (1, "opened")]:
        with pytest.raises(IntegrityError):
            sql(insert, case.id, version, source)
    unchanged(case)


def test_the_history_is_only_added_to(town: Town) -> None:
    case = service.open_case(litter())
    for statement in ("UPDATE cases_caseevent SET note = 'x'", "DELETE FROM cases_caseevent"):
        with pytest.raises((InternalError, ProgrammingError), match="only ever added to"):
            sql(statement)
    with pytest.raises(IntegrityError):
        sql("DELETE FROM cases_case WHERE id = %s", case.id)
    assert history(case) == [("open", "", "opened", "")]
    assert case.division_path == VILLAGE_A


def test_many_alerts_end_in_few_statements(town: Town, django_assert_max_num_queries: object) -> None:
    cases = service.open_cases([litter(source_key=f"a{n}") for n in range(100)])
    with django_assert_max_num_queries(6):  # type: ignore[operator]  # a fixture without types
        service.alert_ended([*(c.id for c in cases), cases[0].id, uuid.uuid4()], "数值恢复正常")
    assert CaseEvent.objects.filter(action="alert_end", note="数值恢复正常").count() == 100
    assert {c.version for c in Case.objects.all()} == {2}
    assert FeedEvent.objects.filter(kind="case", payload__action="alert_end").count() == 100
