"""The desk's pages of rules and alerts, as somebody with a browser and no JavaScript uses them."""

import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from onecity.kernel.access.models import AuditEvent, Grant
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.rules import publishing
from onecity.kernel.rules.models import Alert, Rule, RuleVersion
from onecity.kernel.rules.tests.stage_data import (
    DISTRICT,
    MINUTE,
    NOON,
    OTHER_TOWN,
    TOWN,
    Store,
    district,
    ready,
    rule,
    series_of,
    station,
)
from onecity.kernel.rules.tests.test_backtest import put
from onecity.kernel.rules.types import Level, Severity, Threshold

pytestmark = pytest.mark.django_db
HIGH = Threshold((Level(Severity.YELLOW, 75, 70), Level(Severity.RED, 150)))
FIELDS = {
    "title_zh": "细颗粒物偏高", "title_en": "Dust", "watched": "TestStation.pm2_5", "place": "", "properties": "",
    "case_type": "", "case_from": "blue", "description_zh": "", "description_en": "", "comment": "calmer",
    "direction": "above", "duration": "10", "raise_yellow": "80", "clear_yellow": "75",
    "raise_blue": "", "clear_blue": "", "raise_orange": "", "clear_orange": "", "raise_red": "160", "clear_red": "",
}  # fmt: skip


def account(name: str, path: str, *permissions: str) -> Client:
    somebody = Account.objects.create(username=name)
    for permission in permissions:
        Grant.objects.create(account_id=somebody.id, permission=permission, path=path, valid_from=now())
    client = Client(headers={"accept-language": "en"})
    client.force_login(somebody)
    return client


@pytest.fixture
def editor() -> Client:
    district()
    return account("editor", DISTRICT, "rules.view", "rules.edit", "alerts.view", "telemetry.view", "entities.view")


def alert_in(division: str, key: str) -> Alert:
    series = series_of(station(key, division))
    ready().process(Store().batch([(series, NOON, 80.0), (series, NOON + MINUTE, 90.0)]))
    return Alert.objects.get(series_id=series)


def test_the_list_says_how_rules_are_and_how_often_they_fired(editor: Client) -> None:
    station()
    version, broken = rule(HIGH), rule(HIGH, "test.other")
    Rule.objects.filter(pk=broken.rule_id).update(error="it broke")
    page = editor.get("/desk/rules").content.decode()
    assert page.index("it broke") < page.index(f'"/desk/rules/{version.rule_id}"')
    lines = editor.get("/api/rules/").json()
    assert [(line["name"], line["status"], line["error"], line["fired_7_days"]) for line in lines] == [
        ("test.other", "failed", "it broke", 0),
        ("test.pm_high", "running", "", 0),
    ]
    assert lines[1]["sentence"] == "PM2.5 above 75 µg/m³ (Yellow), 150 µg/m³ (Red)"


def test_editing_makes_a_draft_that_changes_nothing_until_published(editor: Client) -> None:
    station()
    version = rule(HIGH)
    assert editor.get(f"/desk/rules/{version.rule_id}/edit").status_code == 200
    answer = editor.post(f"/desk/rules/{version.rule_id}/edit", FIELDS)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/desk/rules/{version.rule_id}/versions/2")
    draft = RuleVersion.objects.get(number=2)
    assert (draft.state, draft.comment, draft.author_name) == ("draft", "calmer", "editor")
    assert draft.definition["condition"] == {
        "kind": "threshold",
        "direction": "above",
        "duration_seconds": 600,
        "levels": [
            {"severity": "yellow", "raise_at": 80.0, "clear_at": 75.0},
            {"severity": "red", "raise_at": 160.0, "clear_at": 160.0},
        ],
    }
    assert [holding.number for holding in publishing.in_force()] == [1]
    page = editor.get(f"/desk/rules/{version.rule_id}/versions/2").content.decode()
    assert "Yellow raises at" in page
    answer = editor.post(f"/desk/rules/{version.rule_id}/versions/2/publish", {"effective_from": ""})
    assert answer.status_code == 302
    assert [holding.number for holding in publishing.in_force()] == [2]
    assert AuditEvent.objects.filter(action="rule.published").count() == 1


def test_a_version_can_be_published_for_a_later_moment(editor: Client) -> None:
    station()
    version = rule(HIGH)
    editor.post(f"/desk/rules/{version.rule_id}/edit", FIELDS)
    later = timezone.localtime(now() + dt.timedelta(days=2)).replace(second=0, microsecond=0)
    editor.post(f"/desk/rules/{version.rule_id}/versions/2/publish", {"effective_from": f"{later:%Y-%m-%dT%H:%M}"})
    assert RuleVersion.objects.get(number=2).effective_from == later
    assert [holding.number for holding in publishing.in_force()] == [1]
    past = editor.post(f"/desk/rules/{version.rule_id}/versions/2/publish", {"effective_from": "2020-01-01T00:00"})
    assert past.status_code == 422


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"raise_yellow": "", "raise_red": ""}, "Give at least one colour its value."),
        ({"raise_red": "70"}, "A graver colour needs a worse value than the milder one."),
        ({"clear_yellow": "90"}, "must lie on the good side"),
        ({"duration": "999999"}, "A period lies between one second and 31 days."),
        ({"title_zh": "", "title_en": ""}, "Give the rule a title."),
        ({"watched": "TestStation.noise"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_in_plain_words_and_saves_nothing(
    editor: Client, change: dict[str, str], message: str
) -> None:
    station()
    version = rule(HIGH)
    answer = editor.post(f"/desk/rules/{version.rule_id}/edit", FIELDS | change)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert RuleVersion.objects.count() == 1


@pytest.mark.parametrize("kind", ["threshold", "rate", "absence", "window", "baseline"])
def test_a_rule_of_every_kind_can_be_made(editor: Client, kind: str) -> None:
    station()
    own = {
        "threshold": {},
        "rate": {"per": "3600", "max_gap": "180"},
        "absence": {},
        "window": {"span": "60", "function": "share", "minimum_count": "3", "share_above": "75", "raise_yellow": "0.5",
                   "clear_yellow": "", "raise_red": "0.9"},
        "baseline": {"history": "8", "minimum_count": "3", "minimum_spread": "2", "raise_yellow": "3", "clear_yellow": "",
                     "raise_red": "5"},
    }[kind]  # fmt: skip
    assert editor.get(f"/desk/rules/new?kind={kind}").status_code == 200
    named = {"name": f"desk.{kind}", "division": DISTRICT, "properties": "zone = 2\nname = x"}
    answer = editor.post(f"/desk/rules/new?kind={kind}", FIELDS | own | named | {"try": "1"})
    made = Rule.objects.get()
    assert answer.headers["Location"] == f"/desk/rules/{made.pk}/versions/1/backtest"
    definition = made.versions.get().definition
    assert (definition["condition"]["kind"], definition["properties"]) == (kind, {"zone": 2, "name": "x"})
    assert editor.get(answer.headers["Location"]).status_code == 200
    edited = editor.get(f"/desk/rules/{made.pk}/edit")
    assert edited.status_code == 200
    if kind == "absence":
        assert definition["condition"]["levels"][0] == {"severity": "yellow", "raise_at": 4800.0, "clear_at": 4800.0}
        assert 'value="80"' in edited.content.decode()


def test_a_back_test_names_the_times_and_draws_the_station(editor: Client) -> None:
    series = series_of(station())
    start = now().replace(microsecond=0) - dt.timedelta(hours=2)
    put(series, start, MINUTE, [50.0, 80.0, 90.0, 60.0, 155.0, 60.0])
    version = rule(HIGH)
    page = editor.get(f"/desk/rules/{version.rule_id}/versions/1/backtest?days=7").content.decode()
    assert "This rule would have fired 2 times in the last 7 days." in page
    chart = editor.get(f"/api/rules/{version.rule_id}/versions/1/backtest/chart?days=7&series={series}").json()
    assert [point[1] for point in chart["series"][0]["points"]] == [50.0, 80.0, 90.0, 60.0, 155.0, 60.0]
    assert [(limit["value"], limit["severity"]) for limit in chart["thresholds"]] == [(75.0, "yellow"), (150.0, "red")]
    assert [(band["severity"], band["to"] - band["from"]) for band in chart["bands"]] == [
        ("red", 60_000),
        ("yellow", 120_000),
    ]
    tried = editor.post(
        "/api/rules/backtest",
        json.dumps({"definition": version.definition, "days": 7}),
        content_type="application/json",
    ).json()
    assert (tried["count"], tried["stations"], tried["readings"], tried["complete"]) == (2, 1, 6, True)


def test_an_alert_page_shows_its_evidence_and_can_be_acknowledged_once() -> None:
    rule(HIGH)
    alert = alert_in(TOWN, "s1")
    put(alert.series_id, NOON, MINUTE, [80.0, 90.0])
    watcher = account("watcher", TOWN, "alerts.view", "alerts.acknowledge")
    page = watcher.get(f"/desk/alerts/{alert.id}").content.decode()
    assert "PM2.5 above 75 µg/m³ (Yellow), 150 µg/m³ (Red)" in page
    assert "90.0 µg/m³" in page
    chart = watcher.get(f"/api/rules/alerts/{alert.id}/chart").json()
    assert [point[1] for point in chart["series"][0]["points"]] == [80.0, 90.0]
    assert watcher.post(f"/desk/alerts/{alert.id}/acknowledge", {"note": "on my way"}).status_code == 302
    seen = Alert.objects.get()
    assert (seen.acknowledged_by_name, seen.note) == ("watcher", "on my way")
    again = watcher.post(
        f"/api/rules/alerts/{alert.id}/acknowledge", json.dumps({"note": "later"}), content_type="application/json"
    )
    assert (again.status_code, again.json()["note"]) == (200, "on my way")
    assert AuditEvent.objects.filter(action="alert.acknowledged").count() == 1


def test_a_town_sees_its_own_alerts_alone() -> None:
    district()
    rule(HIGH)
    mine, theirs = alert_in(TOWN, "s1"), alert_in(OTHER_TOWN, "s2")
    town = account("town", TOWN, "alerts.view", "alerts.acknowledge")
    assert [alert["id"] for alert in town.get("/api/rules/alerts").json()["alerts"]] == [str(mine.id)]
    page = town.get("/desk/alerts").content.decode()
    assert str(mine.id) in page
    assert str(theirs.id) not in page
    for path in (f"/desk/alerts/{theirs.id}", f"/api/rules/alerts/{theirs.id}", f"/api/rules/alerts/{theirs.id}/chart"):
        assert town.get(path).status_code == 404
    assert town.post(f"/desk/alerts/{theirs.id}/acknowledge").status_code == 404
    assert Alert.objects.get(id=theirs.id).acknowledged_at is None


def test_a_town_cannot_change_the_rule_of_the_district() -> None:
    district()
    station()
    version = rule(HIGH)
    town = account("town", TOWN, "rules.view", "rules.edit")
    assert Rule.objects.get().division_path == DISTRICT
    for path, data in (("edit", FIELDS), ("pause", {"paused": "1"}), ("versions/1/publish", {})):
        assert town.post(f"/desk/rules/{version.rule_id}/{path}", data).status_code == 403
    assert (RuleVersion.objects.count(), Rule.objects.get().paused) == (1, False)


def test_a_towns_own_rule_never_watches_beyond_it() -> None:
    district()
    mine, theirs = series_of(station("s1")), series_of(station("s2", OTHER_TOWN))
    town = account("town", DISTRICT, "rules.edit", "rules.view")
    town.post("/desk/rules/new?kind=threshold", FIELDS | {"name": "desk.own", "division": DISTRICT, "duration": "0"})
    Rule.objects.update(division_path=TOWN)
    publishing.publish(RuleVersion.objects.get(), by=None)
    ready().process(Store().batch([(mine, NOON, 99.0), (theirs, NOON, 99.0)]))
    assert list(Alert.objects.values_list("division_path", flat=True)) == [TOWN]


def test_pausing_and_resuming_is_one_button(editor: Client) -> None:
    version = rule(HIGH)
    editor.post(f"/desk/rules/{version.rule_id}/pause", {"paused": "1"})
    assert publishing.in_force() == []
    editor.post(f"/desk/rules/{version.rule_id}/pause", {"paused": "0"})
    assert [holding.pk for holding in publishing.in_force()] == [version.pk]


def test_rules_travel_as_a_file_and_arrive_as_drafts(editor: Client) -> None:
    station()
    rule(HIGH)
    content = editor.get("/desk/rules/export").content
    assert content == json.dumps(editor.get("/api/rules/export").json(), ensure_ascii=False, indent=2).encode()
    file = json.loads(content)
    file["rules"][0]["definition"]["titles"] = {"en": "Changed"}
    file["rules"].append({"name": "far.away", "definition": file["rules"][0]["definition"]})
    editor.post("/desk/rules/import", {"file": SimpleUploadedFile("rules.json", json.dumps(file).encode())})
    assert list(RuleVersion.objects.order_by("rule__name", "number").values_list("rule__name", "number", "state")) == [
        ("far.away", 1, "draft"),
        ("test.pm_high", 1, "published"),
        ("test.pm_high", 2, "draft"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"format": "onecity-rules", "edition": 1, "rules": 3}',
        b'{"format": "onecity-rules", "edition": 2, "rules": []}',
        b'{"format": "onecity-rules", "edition": 1, "rules": [{"name": "Bad Name", "definition": {}}]}',
        b'{"format": "onecity-rules", "edition": 1, "rules": [{"name": "good.name", "definition": {}}]}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_is_none_changes_nothing(editor: Client, content: bytes) -> None:
    answer = editor.post("/desk/rules/import", {"file": SimpleUploadedFile("rules.json", content)}, follow=True)
    assert "notice bad" in answer.content.decode()
    assert Rule.objects.count() == 0
