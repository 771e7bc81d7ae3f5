"""A case is opened once, sent to the right office, numbered, timed, and told of."""

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection
from django.db.models import Count
from django.utils import translation

from onecity.kernel.cases import service, wording
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import MONDAY, VILLAGE_A, VILLAGE_B, Town, litter
from onecity.kernel.cases.wording import Said, Sentence
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import FeedEvent, Message

SENTENCE = wording.declare("tests.opening", Sentence("%(entity)s: %(what)s"))


def test_a_case_by_hand_has_everything_at_once(town: Town) -> None:
    case = service.open_case(litter(lon=121.45, lat=30.91, description="三袋"), actor=town["handler_a"])
    case.refresh_from_db()
    assert case.number.startswith("2026-")
    assert (case.state, case.stage, case.version, case.district) == ("opened", "accept", 1, "990100")
    assert case.organisation_id == town.bodies["a"].id
    # accepted within 4 working hours of Monday 10:00: 2 before noon, 2 from 13:30; all within 2 working days
    assert case.deadline == dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)
    assert case.final_deadline == dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)
    event = CaseEvent.objects.get(case=case)
    assert (event.version, event.action, event.from_state, event.to_state) == (1, "open", "", "opened")
    assert (event.actor_id, event.actor_name) == (town["handler_a"].id, "handler_a·姓名")
    feed_row = FeedEvent.objects.get(kind="case")
    assert (feed_row.division_path, feed_row.ref, feed_row.payload["number"]) == (VILLAGE_A, str(case.id), case.number)
    told = Message.objects.filter(template="case_opened")
    assert {m.account_id for m in told} == {town["dispatcher_a"].id}


def test_type_decides_the_office_and_division_the_rest(town: Town) -> None:
    cases = service.open_cases([litter(), litter(division_path=VILLAGE_B), litter(type_name="noise")])
    bodies = town.bodies
    assert [c.organisation_id for c in cases] == [bodies["a"].id, bodies["b"].id, bodies["district"].id]


def test_the_same_source_key_opens_once(town: Town) -> None:
    first = service.open_case(litter(source="alert", source_key="alert:1"))
    again = service.open_cases(
        [litter(source="alert", source_key="alert:1"), litter(source="alert", source_key="alert:2")]
    )
    assert again[0].id == first.id
    assert again[1].id != first.id
    assert Case.objects.count() == CaseEvent.objects.count() == 2
    assert FeedEvent.objects.filter(kind="case").count() == 2
    assert Message.objects.count() == 2


def test_twice_in_one_call_is_once_too(town: Town) -> None:
    cases = service.open_cases([litter(source_key="k"), litter(source_key="k")])
    assert cases[0].id == cases[1].id
    assert Case.objects.count() == CaseEvent.objects.count() == 1


def test_many_at_once_cost_no_more_statements(town: Town, django_assert_max_num_queries: object) -> None:
    wanted = [
        litter(source="alert", source_key=f"a:{i}", division_path=(VILLAGE_A, VILLAGE_B)[i % 2]) for i in range(300)
    ]
    with django_assert_max_num_queries(30):  # type: ignore[operator]  # a fixture without types
        cases = service.open_cases(wanted)
    assert len({c.id for c in cases}) == len({c.number for c in cases}) == 300
    assert [c.source_key for c in cases] == [n.source_key for n in wanted]
    assert Case.objects.filter(division_path=VILLAGE_A).count() == 150
    # one word for each office instead of 150
    told = Message.objects.filter(template="cases_opened").values("account_id").annotate(n=Count("id"))
    assert sorted(row["n"] for row in told) == [1, 1]


def test_numbers_begin_anew_with_the_local_year(town: Town) -> None:
    with use_clock(FixedClock(MONDAY.replace(month=12, day=31, hour=15, minute=59))):
        old = service.open_case(litter())
    with use_clock(FixedClock(MONDAY.replace(month=12, day=31, hour=16, minute=0))):
        new = service.open_case(litter())
    assert (old.number[:5], new.number[:5]) == ("2026-", "2027-")
    assert new.number == "2027-000001"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "长" * 201}, "title"),
        ({"division_path": ""}, "division_path"),
        ({"division_path": "adm/990100"}, "division_path"),
        ({"lon": 121.0}, "lon"),
        ({"lon": float("nan"), "lat": 30.0}, "lon"),
        ({"lon": 121.0, "lat": 91.0}, "lon"),
        ({"severity": "pink"}, "severity"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_opened(town: Town, change: dict[str, object], field: str) -> None:
    with pytest.raises(Problem) as refused:
        service.open_cases([litter(), litter(**change)])
    assert refused.value.status == 422
    assert [e.field for e in refused.value.errors] == [field]
    assert Case.objects.count() == CaseEvent.objects.count() == Message.objects.count() == 0


def test_unknown_type_is_refused(town: Town) -> None:
    with pytest.raises(Problem) as refused:
        service.open_case(litter(type_name="dragon"))
    assert (refused.value.status, Case.objects.count()) == (404, 0)


def test_nobody_in_charge_leaves_the_case_to_the_district(town: Town) -> None:
    for body in town.bodies.values():
        body.is_active = False
        body.save()
    case = service.open_case(litter())
    assert (case.organisation_id, case.state) == (None, "opened")


def test_opened_at_the_same_moment_by_many_is_one_case(committed_town: Town) -> None:
    """Eight writers with connections of their own, each opening the same ten alerts in another order."""
    keys = [f"alert:{uuid.UUID(int=n)}" for n in range(10)]
    barrier, results, errors = threading.Barrier(8), [], []

    def open_all(turn: int) -> None:
        try:
            with use_clock(FixedClock(MONDAY)):
                barrier.wait(30)
                order = keys[turn:] + keys[:turn]
                results.append({c.source_key: c.id for c in service.open_cases([litter(source_key=k) for k in order])})
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=open_all, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(results) == 8
    assert all(r == results[0] for r in results)
    assert Case.objects.count() == CaseEvent.objects.count() == 10
    assert FeedEvent.objects.filter(kind="case").count() == 10


def test_a_sentence_that_nobody_declared_opens_nothing(town: Town) -> None:
    with pytest.raises(ValueError, match="no sentence 'unknown'"):
        service.open_case(litter(said=Said("unknown", {})))
    assert Case.objects.count() == 0
    with pytest.raises(ValueError, match="declared twice"):
        wording.declare(SENTENCE, Sentence("x"))


def test_an_old_sentence_leaves_the_plain_title(town: Town) -> None:
    case = service.open_case(litter())
    case.said = {"key": "gone", "values": {}}
    assert (case.shown_title, case.shown_description) == ("路口有暴露垃圾", "")
    case.said = {"key": SENTENCE, "values": {"entity": "东站"}}
    with translation.override("en"):
        assert case.shown_title == "东站: "
