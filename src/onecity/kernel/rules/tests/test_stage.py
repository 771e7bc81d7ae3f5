"""The stage writes alerts once, opens their cases, survives stops, and takes up changed rules."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import translation

from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.core.clock import FixedClock, to_us, use_clock
from onecity.kernel.notify.models import FeedEvent
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules import publishing
from onecity.kernel.rules.models import Alert, AlertState, MemoryRecord, Rule, RuleVersion
from onecity.kernel.rules.tests.stage_data import (
    MINUTE,
    NOON,
    OTHER_TOWN,
    TOWN,
    Store,
    ready,
    rule,
    series_of,
    station,
)
from onecity.kernel.rules.types import Absence, Level, Severity, Threshold, Window
from onecity.kernel.twin.models import EntityKind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HIGH = Threshold((Level(Severity.BLUE, 75, 70), Level(Severity.ORANGE, 150, 140)), duration=10 * MINUTE)
AT_ONCE = Threshold((Level(Severity.YELLOW, 75, 70),))


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(at(-60))) as standing:
        yield standing


def at(minutes: float) -> dt.datetime:
    return NOON + minutes * MINUTE


def only_alert() -> Alert:
    return Alert.objects.get()


def test_an_alert_has_onset_peak_and_end_and_grows_graver() -> None:
    series = series_of(station())
    rule(HIGH)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 80.0), (series, at(5), 90.0)]))
    assert Alert.objects.count() == 0
    stage.process(store.batch([(series, at(10), 151.0), (series, at(15), 160.0)]))
    alert = only_alert()
    assert (alert.severity, alert.state, alert.onset, alert.raised_at) == ("blue", "open", at(0), at(10))
    assert (alert.peak_at, alert.peak_value, alert.end) == (at(15), 160.0, None)
    stage.process(store.batch([(series, at(20), 155.0)]))
    assert only_alert().severity == "orange"
    stage.process(store.batch([(series, at(25), 72.0), (series, at(30), 70.0), (series, at(35), 71.0)]))
    alert = only_alert()
    assert (alert.severity, alert.state, alert.end) == ("orange", "ended", at(30))
    assert (alert.peak_at, alert.peak_value) == (at(15), 160.0)
    assert (alert.entity_name, alert.division_path, alert.attribute, alert.unit) == (
        "Station s1",
        TOWN,
        "pm2_5",
        "ug/m3",
    )
    told = list(
        FeedEvent.objects.filter(kind="alert").order_by("id").values_list("payload__state", "payload__severity")
    )
    assert told == [("open", "blue"), ("open", "orange"), ("ended", "orange")]


def test_a_batch_that_was_foreseen_is_judged_once_and_written_when_it_is_processed() -> None:
    series = series_of(station())
    rule(AT_ONCE)
    stage, store = ready(), Store()
    batch = store.batch([(series, at(0), 80.0), (series, at(5), 90.0)])
    stage.foresee(batch)
    assert Alert.objects.count() == 0
    stage.process(batch)
    assert (only_alert().onset, only_alert().peak_value) == (at(0), 90.0)
    stage.process(store.batch([(series, at(10), 70.0)]))
    assert only_alert().end == at(10)


def test_what_was_foreseen_and_undone_is_forgotten() -> None:
    series = series_of(station())
    rule(AT_ONCE)
    stage, store = ready(), Store()
    batch = store.batch([(series, at(0), 80.0)])
    stage.foresee(batch)
    stage.load()
    stage.process(batch)
    assert (only_alert().onset, only_alert().peak_value) == (at(0), 80.0)


def test_the_same_batch_again_changes_nothing() -> None:
    series = series_of(station())
    rule(AT_ONCE)
    store = Store()
    batch = store.batch([(series, at(0), 80.0), (series, at(5), 60.0)])
    ready().process(batch)
    first = Alert.objects.values().get()
    MemoryRecord.objects.all().delete()
    ready().process(batch)
    assert Alert.objects.values().get() | {"changed_at": None} == first | {"changed_at": None}
    assert FeedEvent.objects.filter(kind="alert").count() == 1


def test_a_stop_between_two_batches_loses_neither_duration_nor_window() -> None:
    series = series_of(station())
    rule(HIGH)
    rule(Window((Level("red", 100),), span=20 * MINUTE, minimum_count=3), "test.pm_mean")
    store = Store()
    for minute, value in ((0, 90.0), (5, 100.0), (10, 120.0)):
        ready().process(store.batch([(series, at(minute), value)]))
    assert list(Alert.objects.order_by("rule__name").values_list("rule__name", "onset", "peak_value")) == [
        ("test.pm_high", at(0), 120.0),
        ("test.pm_mean", at(10), (90 + 100 + 120) / 3),
    ]


def test_late_readings_are_not_judged() -> None:
    series = series_of(station())
    rule(AT_ONCE)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(10), 50.0)]))
    stage.process(store.batch([(series, at(5), 500.0)]))
    assert Alert.objects.count() == 0


def test_a_case_is_opened_once_and_told_when_the_alert_ends() -> None:
    entity = station()
    series = series_of(entity)
    version = rule(AT_ONCE, case=True)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 80.0)]))
    case, alert = Case.objects.get(), only_alert()
    assert alert.case_id == case.id
    assert case.source_key == f"alert:{version.rule_id}:{entity.id}:{at(0).isoformat()}"
    assert (case.type_name, case.division_path, case.severity, case.source) == (
        "test_exceedance",
        TOWN,
        "yellow",
        "alert",
    )
    assert case.evidence == {"alert_id": str(alert.id), "chart": f"/api/rules/alerts/{alert.id}/chart"}
    stage.process(store.batch([(series, at(1), 90.0)]))
    stage.process(store.batch([(series, at(2), 60.0)]))
    assert Case.objects.count() == 1
    assert list(CaseEvent.objects.order_by("version").values_list("action", flat=True)) == ["open", "alert_end"]


def test_a_case_waits_until_the_alert_is_grave_enough() -> None:
    series = series_of(station())
    rule(Threshold((Level("blue", 75), Level("yellow", 115))), case=True)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 80.0)]))
    assert Case.objects.count() == 0
    stage.process(store.batch([(series, at(1), 120.0)]))
    assert Case.objects.get().severity == "yellow"


def test_a_rule_whose_case_cannot_be_opened_is_marked_and_the_flow_goes_on() -> None:
    series = series_of(station())
    broken = rule(AT_ONCE, case=True)
    good = rule(AT_ONCE, "test.other")
    RuleVersion.objects.filter(pk=broken.pk).update(definition=broken.definition | {"case_type": "nowhere"})
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 80.0)]))
    assert set(Alert.objects.values_list("rule_id", flat=True)) == {broken.rule_id, good.rule_id}
    assert Case.objects.count() == 0
    marked = Rule.objects.get(pk=broken.rule_id)
    assert "nowhere" in marked.error
    assert marked.failed_at is not None
    assert Rule.objects.get(pk=good.rule_id).error == ""


def test_a_rule_that_cannot_be_read_is_marked_and_the_others_work() -> None:
    series = series_of(station())
    broken, good = rule(AT_ONCE), rule(AT_ONCE, "test.other")
    RuleVersion.objects.filter(pk=broken.pk).update(definition=broken.definition | {"condition": {"kind": "magic"}})
    stage = ready()
    stage.process(Store().batch([(series, at(0), 80.0)]))
    assert list(Alert.objects.values_list("rule_id", flat=True)) == [good.rule_id]
    assert Rule.objects.get(pk=broken.rule_id).error != ""


def test_a_rule_about_an_attribute_that_is_gone_is_marked() -> None:
    station()
    version = rule(AT_ONCE)
    kind = EntityKind.objects.get()
    kind.attributes = [facts for facts in kind.attributes if facts["name"] != "pm2_5"]
    kind.save()
    ready()
    assert Rule.objects.get(pk=version.rule_id).error != ""


def test_a_published_change_is_taken_up_at_the_next_tick_and_ends_what_it_no_longer_asks(clock: FixedClock) -> None:
    series = series_of(station())
    version = rule(AT_ONCE)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 80.0)]))
    higher = definitions.from_data(
        version.definition | {"condition": {"kind": "threshold", "levels": [{"severity": "red", "raise_at": 200}]}}
    )
    clock.set(at(3))
    publishing.publish(publishing.save_draft(version.rule, higher, author=None), by=None)
    stage.tick(to_us(at(3)))
    old = only_alert()
    assert (old.state, old.end, old.evidence["ended_because"]) == ("ended", at(3), "no_longer_watched")
    stage.process(store.batch([(series, at(5), 150.0), (series, at(6), 250.0)]))
    assert Alert.objects.get(state=AlertState.OPEN).severity == "red"


def test_a_change_of_words_alone_lets_the_alert_go_on(clock: FixedClock) -> None:
    series = series_of(station())
    version = rule(AT_ONCE)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 80.0)]))
    renamed = definitions.from_data(version.definition | {"titles": {"en": "Dust"}})
    clock.set(at(3))
    publishing.publish(publishing.save_draft(version.rule, renamed, author=None), by=None)
    stage.tick(to_us(at(3)))
    stage.process(store.batch([(series, at(5), 60.0)]))
    assert (only_alert().onset, only_alert().end, only_alert().state) == (at(0), at(5), "ended")


def test_a_version_begins_to_hold_on_its_day() -> None:
    series = series_of(station())
    with use_clock(FixedClock(at(0))):
        version = rule(Threshold((Level("yellow", 500),)))
        lower = definitions.from_data(
            version.definition | {"condition": {"kind": "threshold", "levels": [{"severity": "red", "raise_at": 50}]}}
        )
        publishing.publish(publishing.save_draft(version.rule, lower, author=None), by=None, effective_from=at(60))
        stage, store = ready(), Store()
        stage.process(store.batch([(series, at(1), 80.0)]))
    assert Alert.objects.count() == 0
    with use_clock(FixedClock(at(60))):
        stage.tick(to_us(at(60)))
        stage.process(store.batch([(series, at(61), 80.0)]))
    assert only_alert().onset == at(61)


def test_a_paused_rule_raises_nothing() -> None:
    series = series_of(station())
    version = rule(AT_ONCE)
    publishing.pause(version.rule, paused=True)
    ready().process(Store().batch([(series, at(0), 80.0)]))
    assert Alert.objects.count() == 0


def test_a_station_registered_later_is_watched_from_its_first_reading() -> None:
    station("s1")
    rule(AT_ONCE)
    stage, store = ready(), Store()
    late = series_of(station("s2", OTHER_TOWN))
    stage.process(store.batch([(late, at(0), 80.0)]))
    assert only_alert().division_path == OTHER_TOWN


def test_silence_is_found_by_the_tick_and_ended_by_the_next_reading() -> None:
    series = series_of(station())
    rule(Absence((Level("blue", 600), Level("orange", 1800))), case=True)
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 20.0)]))
    stage.tick(to_us(at(10)))
    assert Alert.objects.count() == 0
    stage.tick(to_us(at(11)))
    assert (only_alert().onset, only_alert().severity, only_alert().peak_value) == (at(10), "blue", 660.0)
    stage.tick(to_us(at(31)))
    assert (only_alert().severity, Case.objects.count()) == ("orange", 1)
    stage = ready()
    stage.process(store.batch([(series, at(33), 20.0)]))
    alert = only_alert()
    assert (alert.state, alert.end, alert.peak_value, alert.severity) == ("ended", at(33), 1980.0, "orange")


def test_silence_that_was_only_a_delay_is_withdrawn() -> None:
    series = series_of(station())
    rule(Absence((Level("blue", 600),)))
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 20.0)]))
    stage.tick(to_us(at(12)))
    stage = ready()
    stage.process(store.batch([(series, at(5), 20.0)], received=8 * MINUTE))
    assert (only_alert().state, only_alert().end) == ("withdrawn", at(10))


def test_the_end_of_a_history_read_in_is_no_silence() -> None:
    series = series_of(station())
    rule(Absence((Level("blue", 600),)))
    stage, store = ready(), Store()
    stage.process(store.batch([(series, at(0), 20.0)], received=dt.timedelta(days=900)))
    stage.tick(to_us(at(0)) + 900 * 86_400_000_000 + 3_600_000_000)
    assert Alert.objects.count() == 0


def test_after_a_start_silence_waits_for_the_backlog() -> None:
    series = series_of(station())
    rule(Absence((Level("blue", 600),)))
    store = Store()
    ready().process(store.batch([(series, at(0), 20.0)]))
    with use_clock(FixedClock(at(60))):
        stage = ready()
        stage.tick(to_us(at(60)))
        assert Alert.objects.count() == 0
        stage.process(store.batch([(series, at(5), 20.0)], received=55 * MINUTE))
        stage.tick(to_us(at(60)) + 1_000_000)
        assert Alert.objects.count() == 0
        stage.tick(to_us(at(60)) + 21_000_000)
    assert only_alert().onset == at(15)


@pytest.mark.parametrize("limit", ["LEAST_RECORDS", "MOST_ROWS"])
def test_memory_is_rewritten_when_it_has_grown_and_says_the_same(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(f"onecity.kernel.rules.memory_store.{limit}", 3)
    series = series_of(station())
    rule(HIGH)
    stage, store = ready(), Store()
    for minute in range(9):
        stage.process(store.batch([(series, at(minute), 80.0 + minute)]))
    assert MemoryRecord.objects.filter(kind="runs").count() == 9
    stage.tick(to_us(at(9)))
    assert list(MemoryRecord.objects.order_by("kind").values_list("kind", "whole", "records")) == [
        ("live", True, 1),
        ("runs", True, 1),
    ]
    ready().process(store.batch([(series, at(10), 85.0)]))
    assert (only_alert().onset, only_alert().raised_at, only_alert().peak_value) == (at(0), at(10), 88.0)


def test_the_case_of_an_alert_speaks_the_language_of_its_reader() -> None:
    series = series_of(station())
    version = rule(AT_ONCE, case=True)
    version.definition |= {
        "titles": {"zh-hans": "PM2.5 偏高", "en": "PM2.5 too high"},
        "descriptions": {"zh-hans": "请查明原因。", "en": "Find the cause."},
    }
    version.save(update_fields=["definition"])
    ready().process(Store().batch([(series, at(0), 80.0)]))
    case = Case.objects.get()
    # what stands in the table is the platform's own language, for searching and for files
    assert (case.title, case.description) == ("Station s1：PM2.5 偏高", "请查明原因。")
    with translation.override("zh-hans"):
        assert (case.shown_title, case.shown_description) == ("Station s1：PM2.5 偏高", "请查明原因。")
    with translation.override("en"):
        assert (case.shown_title, case.shown_description) == ("Station s1: PM2.5 too high", "Find the cause.")
    assert FeedEvent.objects.get(kind="case").payload["titles"] == {
        "zh": "Station s1：PM2.5 偏高",
        "en": "Station s1: PM2.5 too high",
    }
    with connection.cursor() as cursor:
        for word in ("原因", "cause", "偏高", "high"):
            cursor.execute("SELECT count(*) FROM cases_case WHERE search @@ %s::tsquery", [f"'{word}'"])
            assert cursor.fetchone() == (1,), word
