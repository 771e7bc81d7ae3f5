"""Formulas edited at the desk: reviewed by a second person, published from a day on, and past days keep theirs."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import QueryDict
from django.test import Client

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.models import ScoreFormula
from onecity.kernel.cases.scoring import drafting, editing
from onecity.kernel.cases.scoring.formulas import content_of, formulas, shipped
from onecity.kernel.cases.scoring.service import tables
from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, MONDAY, Town, clock, litter, town
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account, Role, RoleAssignment

__all__ = ["clock", "town"]
DAY = dt.timedelta(days=1)
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def writers(town: Town) -> Town:
    role = Role.objects.create(name="formulas", title="公式", permissions=["cases.view", "cases.formulas"])
    for name in ("author", "reviewer"):
        account = Account.objects.create_user(name, display_name=name, email=f"{name}@example.org")
        RoleAssignment.objects.create(account=account, role=role, division_path=DISTRICT, valid_from=LONG_AGO)
        town.people[name] = account
    return town


def changed(**weights: float) -> dict[str, object]:
    content = content_of(shipped()[-1])
    return {**content, "weights": {**dict(shipped()[-1].weights), **weights}}


def review(town: Town, content: dict[str, object]) -> ScoreFormula:
    draft = drafting.begin(town["author"])
    draft = drafting.write(draft.id, town["author"], draft.revision, content, "按新办法")
    return drafting.submit(draft.id, town["author"])


def totals(first: dt.date, last: dt.date) -> list[tuple[str, dict[str, float | None]]]:
    return [
        (line.office.name, dict(line.points)) for table in tables(first, last) for line in table.lines
    ]  # fmt: skip


def test_past_days_keep_their_formula_and_later_ones_follow_the_new_one(writers: Town, clock: FixedClock) -> None:
    service.open_case(litter())
    with acting_as(writers["dispatcher"].id):
        before = totals(TODAY, TODAY)
    assert [points["received"] for _name, points in before] == [5.0]
    draft = review(writers, changed(received=50))
    drafting.publish(draft.id, writers["reviewer"], TODAY + DAY)
    clock.set(MONDAY + DAY)
    service.open_case(litter())
    with acting_as(writers["dispatcher"].id):
        assert totals(TODAY, TODAY) == before
        assert [points["received"] for _name, points in totals(TODAY + DAY, TODAY + DAY)] == [50.0]
        both = tables(TODAY, TODAY + DAY)
    assert [(t.since, t.until) for t in both if t.lines] == [(TODAY, TODAY), (TODAY + DAY, TODAY + DAY)]
    assert [one.effective_from for one in formulas()] == ["2020-01-01", "2026-11-24"]
    assert {e.action for e in AuditEvent.objects.filter(object_type="score_formula")} == {
        "cases.formula.begin", "cases.formula.submit", "cases.formula.publish",
    }  # fmt: skip


def test_nobody_publishes_what_he_wrote_and_no_day_that_is_over(writers: Town) -> None:
    draft = review(writers, changed(received=50))

    def refused(act: Callable[[], object]) -> int:
        with pytest.raises(Problem) as problem:
            act()
        return problem.value.status

    assert refused(lambda: drafting.publish(draft.id, writers["author"], TODAY)) == 403
    assert refused(lambda: drafting.publish(draft.id, writers["reviewer"], TODAY - DAY)) == 422
    assert refused(lambda: drafting.write(draft.id, writers["author"], draft.revision, changed(), "")) == 409
    drafting.send_back(draft.id, writers["reviewer"], "请说明依据")
    assert refused(lambda: drafting.publish(draft.id, writers["reviewer"], TODAY)) == 409
    assert refused(lambda: drafting.write(draft.id, writers["author"], 1, changed(), "")) == 409
    assert len(formulas()) == 1
    drafting.submit(draft.id, writers["author"])
    drafting.publish(draft.id, writers["reviewer"], TODAY)
    again = review(writers, changed(received=60))
    assert refused(lambda: drafting.publish(again.id, writers["reviewer"], TODAY)) == 422
    assert len(formulas()) == 2


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"weights": {"received": -1.0, "contacted": 1.0}}, "weights.received"),
        ({"weights": {}}, "weights"),
        ({"weights": {"received": "viel"}}, "content"),
        ({"satisfaction": {"5": 2.0, "4": 1.0, "3": 1.0, "2": 0.0, "1": 0.0}}, "satisfaction.5"),
        ({"satisfaction": {"5": 1.0}}, "satisfaction.4"),
        ({"groups": []}, "groups"),
        ({"settled_by": []}, "settled_by"),
        ({"solved": ["other"]}, "solved"),
        ({"deduction_per_late": -1.0}, "deduction_per_late"),
        ({"what": 1}, "content"),
    ],
)
def test_mistakes_are_named_and_nothing_is_sent_on(writers: Town, change: dict[str, object], place: str) -> None:
    draft = drafting.begin(writers["author"])
    drafting.write(draft.id, writers["author"], draft.revision, {**changed(), **change})
    with pytest.raises(Problem) as problem:
        drafting.submit(draft.id, writers["author"])
    assert problem.value.status == 422
    assert place in [error.field for error in problem.value.errors]
    assert ScoreFormula.objects.get().state == "draft"


def test_what_says_nothing_new_is_not_sent_on(writers: Town) -> None:
    draft = drafting.begin(writers["author"])
    with pytest.raises(Problem) as problem:
        drafting.submit(draft.id, writers["author"])
    assert problem.value.status == 422


def test_a_published_formula_is_changed_by_nobody(writers: Town) -> None:
    draft = review(writers, changed(received=50))
    row = drafting.publish(draft.id, writers["reviewer"], TODAY)
    for change in (lambda: ScoreFormula.objects.filter(id=row.id).update(content={}), row.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    try:
        with acting_as(writers["author"].id):
            assert ScoreFormula.objects.filter(state="published").update(comment="x") == 0
            mine = ScoreFormula.objects.create(author_id=writers["author"].id, author_name="a", content={})
            with pytest.raises(DatabaseError), transaction.atomic():
                ScoreFormula.objects.filter(id=mine.id).update(
                    state="published", effective_from=TODAY + DAY, reviewer_id=writers["author"].id
                )
        with acting_as(writers["handler_a"].id):
            assert [one.state for one in ScoreFormula.objects.all()] == ["published"]
            with pytest.raises(DatabaseError), transaction.atomic():
                ScoreFormula.objects.create(scheme="x", author_id=mine.id, author_name="a", content={})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def test_the_fields_say_what_was_there(writers: Town) -> None:
    content = content_of(shipped()[-1])
    shown = editing.shown(content)
    post = QueryDict(mutable=True)
    for name, _label, value in shown["weights"]:
        post[f"weight.{name}"] = value
    for star, value in shown["stars"]:
        post[f"star.{star}"] = value
    post["deduction"], post["basis"] = shown["deduction"], shown["basis"]
    for name, _label, value in shown["lists"]:
        post[name] = value
    for group in shown["groups"]:
        for name in ("name", "zh", "en", "levels"):
            post.appendlist(f"group.{name}", group.get(name, ""))
    assert editing.differences(content, editing.read(post, content)) == []
    post["weight.received"] = "6"
    assert [(one.before, one.after) for one in editing.differences(content, editing.read(post, content))] == [
        ("5", "6")
    ]


def test_the_pages_lead_from_a_draft_to_the_formula_that_holds(writers: Town) -> None:
    author, reviewer, other = Client(), Client(), Client()
    for client, name in ((author, "author"), (reviewer, "reviewer"), (other, "handler_a")):
        client.force_login(writers[name])
    assert "公式" in other.get("/desk/scores/formulas").content.decode()
    assert other.post("/desk/scores/formulas/begin").status_code == 403
    at = author.post("/desk/scores/formulas/begin")["Location"]
    assert other.get(at).status_code == 403
    draft = ScoreFormula.objects.get()
    fields = {"revision": draft.revision, "deduction": "1", "settled_by": "solved explained", "solved": "solved",
              "group.name": "all", "group.zh": "全部", "group.en": "All", "group.levels": "", "comment": "试行"}  # fmt: skip
    fields |= {f"weight.{name}": "25" for name in ("received", "contacted", "settled", "satisfied")}
    fields |= {f"star.{star}": "1" for star in "54321"}
    assert author.post(at, {**fields, "weight.received": "-3"}).status_code == 302
    page = author.get(at).content.decode()
    assert "权重" in page
    assert author.post(at, {"action": "submit"}).status_code == 422
    draft.refresh_from_db()
    assert author.post(at, {**fields, "revision": draft.revision}).status_code == 302
    assert author.post(at, {"action": "submit"}).status_code == 302
    assert author.post(at, {"action": "publish", "effective_from": "2026-11-24"}).status_code == 403
    assert reviewer.post(at, {"action": "publish", "effective_from": "x"}).status_code == 422
    assert "<ins>25</ins>" in reviewer.get(at).content.decode()
    assert reviewer.post(at, {"action": "publish", "effective_from": "2026-11-24"}).status_code == 302
    page = other.get("/desk/scores/formulas").content.decode()
    assert "2026-11-24" in page
    assert "author" in page
