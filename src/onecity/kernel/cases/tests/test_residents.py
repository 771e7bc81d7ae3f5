"""Residents and their cases: seen by them alone, names masked, ratings once, bad ones dispatched, no word lost."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import rating, reporting, service
from onecity.kernel.cases.logic import masking
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Rating as RatingRule
from onecity.kernel.cases.models import Case, CaseEvent, Rating, Reporter
from onecity.kernel.cases.rating import Given
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.conftest import LONG_AGO, Town, litter
from onecity.kernel.cases.types import DEFAULT_LIFE_CYCLE, CaseTypeDecl, LifeCycle
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Account, Role, RoleAssignment

NO_RETURN = LifeCycle(
    DEFAULT_LIFE_CYCLE.initial,
    DEFAULT_LIFE_CYCLE.states,
    tuple(t for t in DEFAULT_LIFE_CYCLE.transitions if t.name != "return"),
)


@pytest.fixture
def resident(town: Town) -> Account:
    service.publish(CaseTypeDecl("bad_rating", "Bad rating", life_cycle=NO_RETURN), effective_from=LONG_AGO)
    service.publish(
        CaseTypeDecl(
            "litter", "Litter", deadline=(5, "working_days"),
            provides=Provides(rating=RatingRule(bad=2, opens="bad_rating"), reopens_days=15),
        ),
        effective_from=LONG_AGO,
    )  # fmt: skip
    return Account.objects.create_user("resident", display_name="居民", assurance_level=2)


def report(resident: Account | None, **more: object) -> Case:
    who = Person("王小明", "13812345678", account_id=resident.id if resident else None, code="ABCD2345EF")
    return service.open_case(litter(source="resident", reporter=replace(who, **more)), actor=resident)  # type: ignore[arg-type]  # by name


def close(case: Case, town: Town) -> Case:
    for action in ("accept", "start", "finish", "verify", "close"):
        service.act(case.id, action, None, "好了")
    return Case.objects.get(id=case.id)


@pytest.mark.parametrize(
    ("name", "phone", "shown"),
    [
        ("王小明", "13812345678", "王** 138****5678"),
        ("王", "", "王*"),
        ("", "021-57181234", "021****1234"),
        ("Ada Lovelace", "110", "A*** L*** ***"),
        ("欧阳 娜娜", "", "欧***"),
        ("", "", ""),
    ],
)
def test_names_and_numbers_are_masked(name: str, phone: str, shown: str) -> None:
    assert masking.person(name, phone) == shown


def test_a_resident_sees_his_cases_and_no_other(resident: Account, town: Town, app_role: None) -> None:
    other = Account.objects.create_user("other", display_name="别人")
    with acting_as(resident.id):
        mine = report(resident)
    with acting_as(resident.id):
        assert [c.id for c in Case.objects.all()] == [mine.id]
        assert CaseEvent.objects.filter(case_id=mine.id).count() == 1
    with acting_as(other.id):
        assert Case.objects.count() == Reporter.objects.count() == CaseEvent.objects.count() == 0
    with acting_as(town["handler_a"].id):
        seen = Case.objects.get(id=mine.id)
        assert seen.reporter_shown == "王** 138****5678"
        assert Reporter.objects.count() == 0


def test_without_an_account_number_and_code_open_one_case(resident: Account, town: Town, app_role: None) -> None:
    with acting_as(None):
        case = report(None)
    with acting_as(None):
        assert Case.objects.count() == 0
        with reporting.holding(case.number, "abcd-2345 ef") as found:
            assert found.id == case.id
        assert Case.objects.count() == 0
        with pytest.raises(Problem), reporting.holding(case.number, "ABCD2345EG"):
            pass
        with pytest.raises(Problem), reporting.holding("2026-999999", "ABCD2345EF"):
            pass


def test_the_name_is_read_with_a_right_and_a_purpose_only(resident: Account, town: Town) -> None:
    case = report(resident)
    with pytest.raises(Problem) as caught:
        reporting.reveal(case, town["handler_a"], "回电")
    assert caught.value.status == 403
    role = Role.objects.create(name="calls", title="回访", permissions=["cases.view", "cases.reporters"])
    RoleAssignment.objects.create(
        account=town["verifier_a"], role=role, division_path=case.division_path, valid_from=LONG_AGO
    )
    with pytest.raises(Problem) as caught:
        reporting.reveal(case, town["verifier_a"], " ")
    assert caught.value.status == 422
    assert AuditEvent.objects.filter(action="cases.reporter.read").count() == 0
    found = reporting.reveal(case, town["verifier_a"], "电话回访")
    assert found is not None
    assert (found.name, found.phone) == ("王小明", "13812345678")
    assert AuditEvent.objects.get(action="cases.reporter.read").purpose == "电话回访"


def test_who_wants_to_stay_unknown_is_not_named(resident: Account, town: Town, app_role: None) -> None:
    with acting_as(resident.id):
        case = report(resident, hidden=True)
    with acting_as(town["dispatcher_a"].id):
        service.assign(case.id, town["handler_a"].id, town["dispatcher_a"])
    with acting_as(town["handler_a"].id):
        assert Case.objects.get(id=case.id).reporter_shown == ""
        assert Reporter.objects.count() == 0


def test_a_bad_rating_with_a_text_becomes_a_case_that_cannot_be_refused(
    resident: Account, town: Town, app_role: None
) -> None:
    with acting_as(resident.id):
        case = report(resident)
        with pytest.raises(Problem) as caught:
            rating.rate(case, Given(2, "没人来"), resident)
        assert caught.value.code == "rating-too-early"
    with acting_as(town["dispatcher"].id):
        for who, action in [
            ("dispatcher", "accept"), ("dispatcher", "start"), ("dispatcher", "finish"),
            ("verifier", "verify"), ("verifier", "close"),
        ]:  # fmt: skip
            with acting_as(town[who].id):
                service.act(case.id, action, town[who], "好了")
    with acting_as(resident.id):
        made = rating.rate(case, Given(2, "垃圾还在"), resident)
        assert (made.real_name, made.flagged) == (True, False)
        second = Case.objects.get(type_name="bad_rating")
        assert (second.description, second.evidence["rated_case"]) == ("垃圾还在", str(case.id))
        with pytest.raises(Problem) as caught:
            rating.rate(case, Given(5), resident)
        assert caught.value.status == 409
        rating.rate(case, Given(3, "后来扫了", additional=True), resident)
        assert list(Rating.objects.values_list("stars", "additional")) == [(2, False), (3, True)]
    with acting_as(town["dispatcher"].id):
        service.act(second.id, "accept", town["dispatcher"])
        with pytest.raises(Problem) as caught:
            service.act(second.id, "return", town["dispatcher"], "不属实")
        assert caught.value.status == 409


def test_nobody_changes_a_rating_not_even_the_owner_of_the_application(
    resident: Account, town: Town, app_role: None
) -> None:
    with acting_as(resident.id):
        case = report(resident)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    close(case, town)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    with acting_as(resident.id):
        made = rating.rate(case, Given(1), resident)
        for statement in ("UPDATE cases_rating SET stars = 5", "DELETE FROM cases_rating"):
            with (
                pytest.raises(Exception, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
        assert Rating.objects.get(id=made.id).stars == 1
        with pytest.raises(IntegrityError), transaction.atomic():
            Rating.objects.create(case_id=case.id, round=1, stars=9, channel="web", step="x")


def test_a_word_after_the_end_reaches_the_owner_and_can_reopen(
    resident: Account, town: Town, clock: FixedClock
) -> None:
    case = report(resident)
    service.assign(case.id, town["handler_a"].id, town["dispatcher_a"])
    ended = close(case, town)
    said = rating.say(ended, "谢谢", resident)
    assert (said.state, said.round) == ("closed", 1)
    assert Message.objects.get(template="case_word").account_id == town["handler_a"].id
    again = rating.say(ended, "又堆起来了", resident, unsolved=True)
    assert (again.state, again.round, again.closed_at) == ("accepted", 2, None)
    assert [e.action for e in CaseEvent.objects.filter(case_id=case.id).order_by("version")][-3:] == [
        "word", "word", "reopen",
    ]  # fmt: skip
    for action in ("start", "finish", "verify", "close"):
        service.act(case.id, action, None, "好了")
    clock.advance(dt.timedelta(days=16))
    late = rating.say(ended, "还有一点", resident, unsolved=True)
    assert (late.state, late.round) == ("closed", 2)


def test_many_ratings_of_one_account_are_flagged_and_kept(resident: Account, town: Town) -> None:
    for number in range(11):
        case = close(report(resident), town)
        made = rating.rate(case, Given(5), resident)
        assert made.flagged is (number >= 10)
    assert Rating.objects.count() == 11
