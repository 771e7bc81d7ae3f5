"""Drafts: written with mistakes named, sent for review, published by another person, in force when it says."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest

from onecity.kernel.cases import service, type_store
from onecity.kernel.cases.kinds import checking, drafting
from onecity.kernel.cases.models import Case, CaseType, CaseTypeDraft
from onecity.kernel.cases.tests.conftest import MONDAY, Town, litter
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem


def changed(draft: CaseTypeDraft, **members: Any) -> dict[str, Any]:
    return {**draft.definition, **members}


def in_review(town: Town, name: str = "litter", **members: Any) -> CaseTypeDraft:
    draft = drafting.begin(name, town["author"])
    members = members or {"limits": [{"amount": 1, "unit": "working_days"}]}
    draft = drafting.write(draft.id, town["author"], draft.revision, changed(draft, **members), "市民要求更快")
    return drafting.submit(draft.id, town["author"])


def test_published_by_another_person_and_running_cases_keep_their_version(managers: Town) -> None:
    before = service.open_case(litter())
    draft = in_review(managers)
    assert (draft.state, draft.based_on, draft.comment) == ("review", 1, "市民要求更快")
    made = drafting.publish(draft.id, managers["reviewer"])
    assert (made.version, made.published_by_id, made.effective_from) == (2, managers["reviewer"].id, MONDAY)
    draft.refresh_from_db()
    assert (draft.state, draft.published_version, draft.reviewer_name) == ("published", 2, "reviewer·姓名")
    after = service.open_case(litter())
    before.refresh_from_db()
    assert (before.type_version, after.type_version) == (1, 2)
    assert after.deadline == dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)


def test_nobody_publishes_what_he_wrote(managers: Town) -> None:
    draft = in_review(managers)
    back = drafting.send_back(draft.id, managers["third"], "两天更合适")
    assert (back.state, back.answer) == ("draft", "两天更合适")
    back = drafting.write(
        back.id, managers["third"], back.revision, changed(back, limits=[{"amount": 2, "unit": "working_days"}])
    )
    drafting.submit(back.id, managers["author"])
    for name in ("author", "third"):
        with pytest.raises(Problem) as refused:
            drafting.publish(back.id, managers[name])
        assert (refused.value.code, refused.value.status) == ("case-type-own-draft", 403)
    assert list(CaseType.objects.filter(name="litter").values_list("version", flat=True)) == [1]
    assert drafting.publish(back.id, managers["reviewer"]).version == 2


def test_it_holds_from_the_day_it_says(managers: Town) -> None:
    later = MONDAY + dt.timedelta(days=10)
    draft = in_review(managers)
    with pytest.raises(Problem) as refused:
        drafting.publish(draft.id, managers["reviewer"], MONDAY - dt.timedelta(seconds=1))
    assert refused.value.errors[0].field == "effective_from"
    drafting.publish(draft.id, managers["reviewer"], later)
    assert type_store.in_force(["litter"], MONDAY)["litter"].version == 1
    assert service.open_case(litter()).type_version == 1
    with use_clock(FixedClock(later)):
        assert service.open_case(litter()).type_version == 2


def test_every_mistake_is_named_at_its_place_and_nothing_is_published(managers: Town) -> None:
    draft = drafting.begin("litter", managers["author"])
    states = [*draft.definition["states"], {"name": "lost", "title": {"zh": "丢失"}}]
    wrong = changed(draft, states=states, limits=[{"amount": 0, "unit": "working_days"}])
    draft = drafting.write(draft.id, managers["author"], draft.revision, wrong)
    with pytest.raises(Problem) as refused:
        drafting.submit(draft.id, managers["author"])
    assert {error.field for error in refused.value.errors} == {"states", "limits"}
    assert len(refused.value.errors) == 3
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_places_of_mistakes(managers: Town) -> None:
    data = drafting.begin("litter", managers["author"]).definition
    steps = [dict(one) for one in data["transitions"]]

    def places(**members: Any) -> list[str]:
        return [one.place for one in checking.mistakes({**data, **members})]

    assert places() == []
    assert places(limits=[{"amount": "x", "unit": "working_days"}]) == ["limits[0].amount"]
    assert places(colour=1) == [""]
    assert places(routes=[{"organisation": "office-x"}]) == ["routes.0"]
    assert places(rating={"opens": "nothing"}) == ["rating.opens"]
    assert places(form={"schema": {"type": "text"}}) == ["form.schema"]
    assert places(form={"schema": {"type": "object", "properties": {"a": {"type": "no"}}}}) == ["form.schema"]
    steps[0]["permission"] = "cases.none"
    assert places(transitions=steps) == [f"transitions.{steps[0]['name']}.permission"]


def test_two_who_write_at_once_and_two_drafts(managers: Town) -> None:
    draft = drafting.begin("litter", managers["author"])
    assert drafting.begin("litter", managers["third"]).id == draft.id
    drafting.write(draft.id, managers["third"], draft.revision, changed(draft, reopens_days=3))
    with pytest.raises(Problem) as refused:
        drafting.write(draft.id, managers["author"], draft.revision, changed(draft, reopens_days=9))
    assert refused.value.status == 409
    draft.refresh_from_db()
    assert draft.definition["reopens_days"] == 3
    with pytest.raises(Problem):
        drafting.begin("litter", managers["author"], {"title": {"zh": "别的"}})
    assert drafting.drop(draft.id, managers["author"]).state == "dropped"
    assert drafting.begin("litter", managers["author"]).id != draft.id


def test_a_draft_that_says_nothing_new_and_one_that_was_overtaken(managers: Town) -> None:
    draft = drafting.begin("litter", managers["author"])
    with pytest.raises(Problem) as refused:
        drafting.submit(draft.id, managers["author"])
    assert refused.value.errors[0].field == "definition"
    drafting.drop(draft.id, managers["author"])
    draft = in_review(managers)
    service.publish(CaseTypeDecl("litter", "Litter", deadline=(9, "working_days")))
    with pytest.raises(Problem) as refused:
        drafting.publish(draft.id, managers["reviewer"])
    assert refused.value.status == 409
    assert CaseType.objects.filter(name="litter").count() == 2


def test_an_update_of_the_platform_does_not_undo_what_people_published(managers: Town) -> None:
    drafting.publish(in_review(managers).id, managers["reviewer"])
    held = service.publish(CaseTypeDecl("litter", "Litter", deadline=(9, "working_days")))
    assert (held.version, CaseType.objects.filter(name="litter").count()) == (2, 2)


def test_names_and_drafts_that_are_not_there(managers: Town) -> None:
    for name in ("a b", "中文", "", "x" * 65):
        with pytest.raises(Problem) as refused:
            drafting.begin(name, managers["author"], {"title": {"zh": "甲"}})
        assert refused.value.errors[0].field == "name"
    with pytest.raises(Problem) as refused:
        drafting.submit(uuid4(), managers["author"])
    assert refused.value.status == 404
    assert Case.objects.count() == CaseTypeDraft.objects.count() == 0
