"""Cases told twice: found by place, time, kind and words, merged and taken apart with nothing lost, never in the way."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import duplicates, merging, service
from onecity.kernel.cases.models import Case, CaseEvent, DuplicatePair, Merge
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.tests.conftest import MONDAY, VILLAGE_B, Town, litter
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem

pytestmark = pytest.mark.django_db
HERE = {"lon": 121.4000, "lat": 30.9000}
NEAR = {"lon": 121.4003, "lat": 30.9001}
FAR = {"lon": 121.4300, "lat": 30.9000}


def history(case: Case) -> list[str]:
    return list(CaseEvent.objects.filter(case=case).order_by("version").values_list("action", flat=True))


def two(town: Town, clock: FixedClock) -> tuple[Case, Case]:
    first = service.open_case(litter(title="解放路路口一堆生活垃圾没人扫", **HERE), actor=town["handler_a"])
    clock.advance(dt.timedelta(hours=3))
    second = service.open_case(litter(title="解放路口有一堆生活垃圾，没人清扫", **NEAR), actor=town["handler_a"])
    return first, second


def test_what_is_told_again_nearby_is_suggested_and_what_is_elsewhere_or_else_is_not(
    town: Town, clock: FixedClock
) -> None:
    first, second = two(town, clock)
    service.open_case(litter(title="解放路路口一堆生活垃圾没人扫", **FAR))
    service.open_case(litter(type_name="noise", title="广场舞音响太大", **NEAR))
    found = duplicates.suggest(second)
    assert [one.case.id for one in found] == [first.id]
    assert found[0].metres == pytest.approx(30.7, abs=0.5)
    assert found[0].hours == 3.0
    assert duplicates.scan() == 1
    assert duplicates.scan() == 0
    pair = DuplicatePair.objects.get()
    assert (pair.case_id, pair.other_id, pair.state) == (second.id, first.id, "pending")


def test_merged_cases_keep_both_histories_the_older_clock_and_their_reporters(town: Town, clock: FixedClock) -> None:
    old, young = two(town, clock)
    duplicates.scan()
    before = Case.objects.values().get(id=old.id)
    kept = merging.merge(old.id, young.id, town["dispatcher_a"], "同一处")
    old.refresh_from_db()
    young.refresh_from_db()
    assert kept.id == young.id
    assert (old.is_open, young.is_open) == (False, True)
    assert young.started_at == old.started_at == MONDAY
    assert young.final_deadline == before["final_deadline"]
    assert (history(old), history(young)) == (["open", "merged"], ["open", "took_in"])
    assert DuplicatePair.objects.get().state == "merged"
    with pytest.raises(Problem) as refused:
        service.act(old.id, "reopen", town["verifier_a"], "x")
    assert refused.value.code == "case-merged"

    back = merging.unmerge(old.id, town["dispatcher_a"])
    after = Case.objects.values().get(id=old.id)
    assert after | {"version": 1} == before
    assert back.is_open
    young.refresh_from_db()
    assert young.started_at == MONDAY + dt.timedelta(hours=3)
    assert history(old) == ["open", "merged", "unmerged"]
    assert history(young) == ["open", "took_in", "gave_back"]
    assert not Merge.objects.exists()
    with pytest.raises(Problem):
        merging.unmerge(old.id, town["dispatcher_a"])


def test_what_cannot_be_merged_changes_nothing(town: Town, clock: FixedClock) -> None:
    old, young = two(town, clock)
    other = service.open_case(litter(division_path=VILLAGE_B, title="别镇的垃圾"))
    for case, into, actor in (
        (old.id, old.id, "dispatcher"), (old.id, young.id, "handler_a"), (old.id, other.id, "dispatcher_a")
    ):  # fmt: skip
        with pytest.raises(Problem):
            merging.merge(case, into, town[actor])
    merging.merge(young.id, old.id, town["dispatcher"])
    for case, into in ((young.id, other.id), (other.id, young.id), (old.id, other.id)):
        with pytest.raises(Problem):
            merging.merge(case, into, town["dispatcher"])
    assert Merge.objects.count() == 1
    assert history(other) == ["open"]


def test_whoever_reported_the_merged_case_is_told_when_the_other_ends(town: Town, clock: FixedClock) -> None:
    old, young = two(town, clock)
    told = service.open_case(
        litter(title="解放路口垃圾", **HERE, reporter=Person(name="王小明", account_id=town["nobody"].id))
    )
    merging.merge(told.id, old.id, town["dispatcher_a"])
    service.act(old.id, "cancel", town["dispatcher_a"], "误报")
    assert history(told) == ["open", "merged", "merged_ended"]
    with acting_as(town["nobody"].id):
        assert CaseEvent.objects.filter(case_id=told.id, action="merged_ended").get().note == old.number
    assert young.is_open


def test_a_thousand_rows_with_duplicates_all_land_and_wait_in_the_queue(town: Town) -> None:
    rows = [
        litter(
            title=f"{'甲乙丙丁戊己庚辛壬癸'[n % 10]}{'子丑寅卯辰巳午未申酉'[n // 10 % 10]}路{'东南西北中'[n // 100 % 5]}段有成堆垃圾",
            source="import", source_key=f"import:{n}", lon=121.3 + (n % 500) * 0.01, lat=30.9,
            opened_at=MONDAY - dt.timedelta(minutes=n),
        )
        for n in range(1000)
    ]  # fmt: skip
    service.open_cases(rows)
    assert Case.objects.count() == 1000
    assert duplicates.scan() == 500  # each of 500 places was told of twice
    service.open_cases(rows)
    assert (Case.objects.count(), duplicates.scan(), DuplicatePair.objects.count()) == (1000, 0, 500)
    assert len(duplicates.pending(town["dispatcher"])) == duplicates.SHOWN
    assert duplicates.pending(town["handler_b"]) == []


def test_the_queue_merges_dismisses_and_takes_apart_under_the_walls(
    town: Town, clock: FixedClock, client: Client
) -> None:
    old, young = two(town, clock)
    third = service.open_case(litter(title="解放路口有一堆生活垃圾，没人清", **NEAR))
    assert duplicates.scan() == 3
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    client.force_login(town["dispatcher_a"])
    page = client.get(reverse("cases:duplicates")).content.decode()
    assert old.number in page
    assert young.number in page
    assert "30.7" not in page
    shown = client.get(reverse("cases:show", args=[young.id])).content.decode()
    assert old.number in shown
    decide = reverse("cases:duplicate", args=[young.id])
    assert client.post(decide, {"action": "different", "other": third.id}).status_code == 302
    assert client.post(decide, {"action": "merge", "other": old.id, "back": "queue"}).status_code == 302
    with acting_as(town["dispatcher_a"].id):
        assert Merge.objects.get().into_id == old.id
    assert client.post(decide, {"action": "merge", "other": old.id}).status_code == 409
    assert young.number in client.get(reverse("cases:show", args=[old.id])).content.decode()
    assert client.post(decide, {"action": "unmerge"}).status_code == 302
    with acting_as(town["dispatcher_a"].id):
        assert not Merge.objects.exists()
    client.force_login(town["handler_a"])
    assert client.post(decide, {"action": "merge", "other": old.id}).status_code == 403
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
