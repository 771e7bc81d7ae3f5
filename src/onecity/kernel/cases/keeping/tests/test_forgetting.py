"""Personal data goes when its time is over, and nothing before; figures stay the same, a hold stops it, a dry run writes
nothing, and the application's own role can neither do it nor change a word of the history."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import attachments, changing, listing, service, type_store
from onecity.kernel.cases.keeping import erasing, policies
from onecity.kernel.cases.keeping import service as keeping
from onecity.kernel.cases.keeping.service import Outcome
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.provisions import Retention
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, ErasedFile, Rating, Reporter
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.scoring import tallying
from onecity.kernel.cases.scoring.formulas import formulas
from onecity.kernel.cases.tests.conftest import LONG_AGO, MONDAY, TOWN_A, Town, build, litter
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Role, RoleAssignment

YEAR = dt.timedelta(days=366)
PDF = b"%PDF-1.4\n%%EOF\n"
WORDS = ("张三", "13800000000", "王家", "42 号", "窗下")


@pytest.fixture
def town(db: None, clock: FixedClock) -> Town:
    found = build()
    kind = type_store.in_force(["litter"], MONDAY)["litter"].definition
    values = {name: getattr(kind, name) for name in kind.__struct_fields__}
    type_store.publish_definition("litter", Definition(**values | {"retention": Retention(5)}))
    role = Role.objects.create(name="keeper", title="档案", permissions=["cases.view", "cases.keep"])
    RoleAssignment.objects.create(
        account=found["verifier_a"], role=role, division_path=TOWN_A, valid_from=LONG_AGO
    )  # fmt: skip
    return found


def ended(town: Town, clock: FixedClock, **more: object) -> Case:
    case = service.open_case(
        litter(
            title="王家窗下有垃圾", description="王家 42 号窗下", address="环城路 42 号", lon=121.412345, lat=30.912345,
            answers={"who": "王家"}, reporter=Person(name="张三", phone="13800000000", code="ABCDEFGHJK"), **more,
        )
    )  # fmt: skip
    attachments.attach(case.id, "王家.pdf", PDF + case.id.bytes + b"%%EOF", None)
    for action, who, note in (
        ("accept", "handler_a", ""), ("start", "handler_a", ""), ("finish", "handler_a", "王家已清理"),
        ("verify", "verifier_a", ""), ("close", "verifier_a", "王家满意"),
    ):  # fmt: skip
        service.act(case.id, action, town[who], note)
    Rating.objects.create(case_id=case.id, round=1, stars=4, text="张三说好", channel="web")
    case.refresh_from_db()
    return case


def everything(case: Case) -> str:
    """Every word of every table that has to do with a case."""
    found = []
    with connection.cursor() as cursor:
        for table, column in (
            ("cases_case", "id"), ("cases_caseevent", "case_id"), ("cases_reporter", "case_id"),
            ("cases_attachment", "case_id"), ("cases_rating", "case_id"), ("cases_participant", "case_id"),
        ):  # fmt: skip
            query = f"SELECT to_jsonb(t)::text FROM {table} t WHERE {column} = %s"  # noqa: S608 - names from above
            cursor.execute(query, [case.id])
            found += [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT to_jsonb(m)::text FROM notify_message m WHERE link = %s", [f"/desk/cases/{case.id}"])
        found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def figures() -> list[float]:
    _offices, tally = tallying.tally(LONG_AGO, MONDAY + 10 * YEAR, formulas()[0])
    return [float(getattr(tally, name).sum()) for name in tallying.COUNTS]


def test_it_goes_when_its_time_is_over_and_figures_stay(town: Town, clock: FixedClock) -> None:
    case, other = ended(town, clock), service.open_case(litter(type_name="noise", title="王家吵"))
    files = [attachments.path_of(a.sha256) for a in Attachment.objects.filter(case=case)]
    due_before = case.final_deadline
    with acting_as(town["dispatcher"].id):
        before = figures()
    assert before[0] == 2
    clock.set(MONDAY + 4 * YEAR)
    assert keeping.forget() == []
    assert "张三" in everything(case)
    clock.set(MONDAY + 5 * YEAR)
    assert keeping.forget(dry_run=True) == [Outcome("litter", 5, ("reporter", "files", "words"), 1, 0)]
    assert "张三" in everything(case)
    assert files[0].exists()
    assert keeping.forget() == [Outcome("litter", 5, ("reporter", "files", "words"), 1, 0)]
    told = everything(case)
    assert [word for word in WORDS if word in told.replace(case.number, "")] == []
    assert not files[0].exists()
    assert ErasedFile.objects.count() == 0
    case.refresh_from_db()
    assert (case.title, case.description, case.address, case.answers) == ("Litter", "", "", {})
    assert (case.lon, case.lat, case.final_deadline) == (121.412, 30.912, due_before)
    assert not Reporter.objects.filter(case=case).exists()
    assert [e.action for e in CaseEvent.objects.filter(case=case).order_by("version")] == [
        "open", "attach", "accept", "start", "finish", "verify", "close", "forget",
    ]  # fmt: skip
    assert not Message.objects.filter(link=f"/desk/cases/{case.id}").exists()
    assert "王家吵" in everything(other)
    with acting_as(town["dispatcher"].id):
        assert figures() == before
    assert [c.id for c in listing.page(town["dispatcher"], Wanted(open=False)).cases] == [case.id]
    assert listing.page(town["dispatcher"], Wanted(open=None, text="窗下")).total == 0
    logged = AuditEvent.objects.get(action="cases.forget")
    assert (logged.object_id, str(case.number) in str(logged.detail)) == ("litter", True)
    assert keeping.forget() == []


def test_a_hold_stops_it_until_it_is_lifted(town: Town, clock: FixedClock) -> None:
    case = ended(town, clock)
    with pytest.raises(Problem) as refused:
        keeping.hold(case.id, town["handler_a"], "诉讼")
    assert refused.value.status == 403
    with pytest.raises(Problem) as refused:
        keeping.hold(case.id, town["verifier_a"], " ")
    assert refused.value.status == 422
    held = keeping.hold(case.id, town["verifier_a"], "行政诉讼未结")
    with pytest.raises(Problem) as refused:
        keeping.hold(case.id, town["verifier_a"], "再来")
    assert refused.value.status == 409
    clock.set(MONDAY + 6 * YEAR)
    assert (
        keeping.forget(dry_run=True) == keeping.forget() == [Outcome("litter", 5, ("reporter", "files", "words"), 0, 1)]
    )
    assert "张三" in everything(case)
    keeping.lift(held.id, town["verifier_a"])
    assert keeping.forget()[0].cases == 1
    assert "张三" not in everything(case)
    actions = list(CaseEvent.objects.filter(case=case).order_by("version").values_list("action", flat=True))
    assert actions[-3:] == ["held", "released", "forget"]
    assert {"cases.held", "cases.released", "cases.forget"} <= set(AuditEvent.objects.values_list("action", flat=True))
    with pytest.raises(Problem) as refused:
        keeping.hold(case.id, town["verifier_a"], "太迟")
    assert refused.value.status == 409


def test_open_cases_and_kinds_without_a_policy_stay(town: Town, clock: FixedClock) -> None:
    running = service.open_case(litter(title="王家还在等"))
    clock.set(MONDAY + 50 * YEAR)
    assert keeping.forget() == []
    assert "王家还在等" in everything(running)
    assert policies.of(running) is not None


def test_what_is_said_after_a_reopening_goes_with_the_next_end(town: Town, clock: FixedClock) -> None:
    case = ended(town, clock)
    clock.set(MONDAY + 6 * YEAR)
    keeping.forget()
    clock.advance(dt.timedelta(hours=1))
    service.act(case.id, "reopen", town["verifier_a"], "王家又来")
    for action, who, note in (
        ("start", "handler_a", ""), ("finish", "handler_a", "王家"), ("verify", "verifier_a", ""),
        ("close", "verifier_a", ""),
    ):  # fmt: skip
        service.act(case.id, action, town[who], note)
    clock.set(MONDAY + 10 * YEAR)
    assert keeping.forget() == []
    clock.set(MONDAY + 13 * YEAR)
    assert keeping.forget()[0].cases == 1
    assert "王家" not in everything(case)


def test_only_what_the_policy_names_goes(town: Town, clock: FixedClock) -> None:
    kind = type_store.in_force(["noise"], MONDAY)["noise"].definition
    values = {name: getattr(kind, name) for name in kind.__struct_fields__}
    type_store.publish_definition("noise", Definition(**values | {"retention": Retention(1, ("reporter",))}))
    case = ended(town, clock, type_name="noise")
    clock.set(MONDAY + 2 * YEAR)
    assert keeping.forget() == [Outcome("noise", 1, ("reporter",), 1, 0)]
    case.refresh_from_db()
    assert (case.title, case.reporter_shown) == ("王家窗下有垃圾", "")
    assert Attachment.objects.filter(case=case).count() == 1
    assert not Reporter.objects.filter(case=case).exists()


def test_a_file_that_another_case_holds_stays(town: Town, clock: FixedClock) -> None:
    case, other = ended(town, clock), service.open_case(litter(type_name="noise"))
    content = PDF + case.id.bytes + b"%%EOF"
    shared = attachments.attach(other.id, "同一.pdf", content, None)
    clock.set(MONDAY + 6 * YEAR)
    keeping.forget()
    assert attachments.read(shared) == content
    assert erasing.remove_files() == 0


def test_the_wall_of_the_history_opens_for_nobody_else(town: Town, clock: FixedClock) -> None:
    case = ended(town, clock)
    events = CaseEvent.objects.filter(case=case)
    with pytest.raises(DatabaseError), transaction.atomic():
        events.update(note="")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('onecity.forgetting', 'on', true)")
        for change in ({"note": "改"}, {"note": "", "to_state": "closed"}, {"note": "", "data": {"stars": 5}}):
            with pytest.raises(DatabaseError), transaction.atomic():
                events.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            events.delete()
        cursor.execute("SET LOCAL ROLE onecity_app")
        cursor.execute("SELECT set_config('onecity.forgetting', 'on', true)")
        with acting_as(town["dispatcher"].id), pytest.raises(DatabaseError), transaction.atomic():
            CaseEvent.objects.filter(case=case).update(note="")
        cursor.execute("RESET ROLE")
    assert [e.note for e in events.order_by("version") if e.note] == ["王家已清理", "王家满意"]


@pytest.mark.parametrize(
    ("moment", "years", "expected"),
    [
        (dt.datetime(2028, 2, 29, 3, tzinfo=dt.UTC), 1, dt.datetime(2027, 2, 28, 3, tzinfo=dt.UTC)),
        (dt.datetime(2028, 2, 29, 3, tzinfo=dt.UTC), 4, dt.datetime(2024, 2, 29, 3, tzinfo=dt.UTC)),
        (dt.datetime(2026, 11, 23, tzinfo=dt.UTC), 5, dt.datetime(2021, 11, 23, tzinfo=dt.UTC)),
        (dt.datetime(2026, 11, 23, tzinfo=dt.UTC), -5, dt.datetime(2031, 11, 23, tzinfo=dt.UTC)),
    ],
)
def test_years_are_those_of_the_calendar(moment: dt.datetime, years: int, expected: dt.datetime) -> None:
    assert policies.years_before(moment, years) == expected


def test_a_case_is_not_found_by_who_may_not_see_it(town: Town, clock: FixedClock) -> None:
    case = ended(town, clock)
    with pytest.raises(Problem) as refused:
        keeping.hold(case.id, town["handler_b"], "别镇")
    assert refused.value.status in {403, 404}
    assert changing.lock(case.id).version == case.version
