"""What town and district share of their work, across a cut: deeds, photos, words, policies, documents, acknowledgements."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.tiers import scenes
from tests.tiers import sharing_scenes as shared
from tests.tiers.two_tiers import TOWN_PATH, Node, Pair, until

UNSWEPT = "SELECT sweep_at IS NULL FROM cases_case WHERE id = %s"
pytestmark = pytest.mark.stack
OPEN_KIND, SILENT_KIND, BRIEF_KIND = "tier_open", "tier_silent", "tier_brief"
KINDS = (OPEN_KIND, SILENT_KIND, BRIEF_KIND)
CONNECTED = "SELECT coalesce(bool_and(connected), false) FROM tiers_link"
DISTRICT_PATH = TOWN_PATH[: TOWN_PATH.index("/", 4) + 1]
ANY_RULE = "SELECT name FROM rules_rule WHERE NOT paused AND division_path = %s ORDER BY name LIMIT 1"
CODECS = "SELECT definition FROM telemetry_codecversion WHERE name = %s AND status = 'published'"
WRITTEN = "SELECT count(*) FROM rules_ruleversion v JOIN rules_rule r ON r.id = v.rule_id WHERE r.name = %s"
TAKEN = "SELECT kind FROM tiers_document WHERE incoming AND kind IN ('case_types', 'codecs', 'rules') ORDER BY kind"
KNOWN_KIND = "SELECT count(*) FROM cases_casetype WHERE name = ANY (%s)"
AWAITED = "SELECT received, size, state FROM tiers_awaitedfile WHERE sha256 = %s"
ACTS = "SELECT action, state, answer FROM tiers_act WHERE case_id = %s AND outgoing ORDER BY at, id"


@dataclass
class Cases:
    """The town's cases of each kind by their id, and how their reporter is shown there."""

    ids: dict[str, str]
    shown: dict[str, str]
    alerts: list[str]


def same(pair: Pair, statement: str, *parameters: Any) -> bool:
    return pair.town.query(statement, parameters) == pair.district.query(statement, parameters)


def linked(pair: Pair) -> bool:
    return all(bool(node.value(CONNECTED)) for node in (pair.district, pair.town))


def history(node: Node, case_id: str) -> list[tuple[str, str]]:
    return [(row[1], row[4]) for row in node.query(scenes.HISTORY, [case_id])]


@pytest.fixture(scope="module")
def opened(pair: Pair) -> Cases:
    """Three kinds of case come down from the district; the town keeps one to itself and tells of another only that it is."""
    pair.district.script(shared.KIND, ",".join(KINDS), "5,5,5", "Kind")
    pair.district.script(shared.OFFICE, "harbour-office", "Harbour office", DISTRICT_PATH)
    pair.town.script(shared.OFFICE, "mill-office", "Mill office", TOWN_PATH)
    pair.town.script(shared.OFFICE, "harbour-office", "Harbour office", DISTRICT_PATH)
    until(lambda: pair.town.value(KNOWN_KIND, [list(KINDS)]) == 3, 60, "the kinds of case are in the town")
    pair.town.command("tiers", "keep", "cases", "none", "--type", SILENT_KIND)
    pair.town.command("tiers", "keep", "cases", "summary", "--type", BRIEF_KIND)
    pair.town.command("tiers", "keep", "files", "none", "--type", BRIEF_KIND)
    made = pair.town.script(shared.OPEN, TOWN_PATH, json.dumps([[kind, f"Title {kind}"] for kind in KINDS]))
    for key in ("ack-district", "ack-town"):
        device, secret, _urn = scenes.air_station(pair.town, key)
        scenes.send(pair.town, device, secret, key, 400.0)
    alerts = "SELECT id::text FROM rules_alert WHERE entity_urn LIKE '%%ack-%%' AND severity IN ('red', 'orange') ORDER BY entity_urn"
    until(lambda: len(pair.town.query(alerts)) >= 2 and same(pair, alerts), 60, "the alerts are on both sides")
    found = [row[0] for row in pair.town.query(alerts)]
    return Cases({k: v[0] for k, v in made.items()}, {k: v[1] for k, v in made.items()}, found)


def test_what_leaves_of_a_case_is_what_the_policy_says(pair: Pair, opened: Cases) -> None:
    district, ids = pair.district, opened.ids
    until(lambda: len(history(district, ids[OPEN_KIND])) == 2, 30, "the open case with its note")
    until(lambda: len(history(district, ids[BRIEF_KIND])) == 2, 30, "the brief case")
    title = f"Title {OPEN_KIND}"
    assert opened.shown[OPEN_KIND] not in {"", "Wang Xiaoming"}
    assert district.query(shared.SHOWN, [ids[OPEN_KIND]]) == [(title, f"behind the mill, says {title}", False, "")]
    assert history(district, ids[OPEN_KIND]) == [("open", ""), ("comment", f"seen by {title}")]
    assert district.query(shared.SHOWN, [ids[BRIEF_KIND]]) == [(f"Title {BRIEF_KIND}", "", True, "")]
    assert history(district, ids[BRIEF_KIND]) == [("open", ""), ("comment", "")]
    assert district.query(shared.SHOWN, [ids[SILENT_KIND]]) == []
    assert district.value("SELECT count(*) FROM cases_reporter WHERE case_id = ANY (%s)", [list(ids.values())]) == 0


def test_a_file_goes_on_after_a_cut_where_it_was_interrupted(pair: Pair, opened: Cases, tmp_path: Path) -> None:
    case_id, content = opened.ids[OPEN_KIND], shared.paper(6_000_000)
    (tmp_path / "paper.pdf").write_bytes(content)
    digest = pair.town.script(shared.ATTACH, case_id, str(tmp_path / "paper.pdf"))
    assert digest == hashlib.sha256(content).hexdigest()

    def begun() -> bool:
        rows = pair.district.query(AWAITED, [digest])
        return bool(rows) and 0 < rows[0][0] < rows[0][1]

    until(begun, 30, "the first pieces are here")
    pair.line.cut()
    until(lambda: not pair.district.value(CONNECTED), 30, "the district sees that the line is cut")
    received, size, state = pair.district.query(AWAITED, [digest])[0]
    assert (size, state) == (len(content), "coming")
    assert 0 < received < size
    (told,) = pair.district.script(shared.ATTACHED, case_id)
    assert (told[0], told[2]) == (digest, False)
    assert f"{100 * received // size} %" in told[1]
    pair.line.heal()
    until(lambda: pair.district.query(AWAITED, [digest]) == [], 60, "the file is whole")
    assert pair.district.script(shared.ATTACHED, case_id) == [[digest, "", True]]
    kept = pair.district.home / "uploads" / "cases" / digest[:2] / digest
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest
    assert not (pair.district.home / "uploads" / "coming" / digest).exists()


def test_a_case_that_was_handed_over_works_on_across_a_cut(pair: Pair, opened: Cases, tmp_path: Path) -> None:
    """Clock, ladder and deeds are the new home's; what the town does, says and shows meanwhile is done there later."""
    town, district, case_id = pair.town, pair.district, opened.ids[OPEN_KIND]
    shared.do(
        town,
        case_id,
        ("accept", "", {}),
        ("start", "", {}),
        ("hand_over", "needs the harbour", {"to": "harbour-office"}),
    )
    until(
        lambda: same(pair, scenes.HISTORY, case_id) and same(pair, shared.CASE, case_id),
        30,
        "the case is the district's",
    )
    assert (town.value(UNSWEPT, [case_id]), district.value(UNSWEPT, [case_id])) == (True, False)
    before = district.query(shared.CASE, [case_id])[0]

    pair.line.cut()
    until(lambda: not town.value(CONNECTED), 30, "the town sees that the line is cut")
    at_cut = town.query(shared.CASE, [case_id])
    shared.do(
        town,
        case_id,
        ("contact", "", {"reached": True}),
        ("ask_extension", "storm", {"amount": 2, "reason": "weather"}),
        ("join", "bring the boat", {"join": "mill-office"}),
        ("word", "still dusty", {}),
        ("rated", "slow", {"stars": 2}),
    )
    (tmp_path / "second.pdf").write_bytes(shared.paper(40_000))
    digest = town.script(shared.ATTACH, case_id, str(tmp_path / "second.pdf"))
    assert town.query(shared.CASE, [case_id]) == at_cut
    assert {row[1] for row in town.query(ACTS, [case_id])} == {"waiting"}
    pair.line.heal()
    until(lambda: {row[1] for row in town.query(ACTS, [case_id])} == {"done"}, 60, "every deed was done at home")
    until(lambda: same(pair, scenes.HISTORY, case_id) and same(pair, shared.CASE, case_id), 30, "both show the same")
    expected = ["contact", "ask_extension", "join", "word", "rated", "attach"]
    assert [row[0] for row in history(district, case_id)][6:] == expected
    now = district.query(shared.CASE, [case_id])[0]
    assert now[4] == "extension"
    assert now[8] is not None
    _same_helpers_and_ratings(pair, case_id)
    until(lambda: district.script(shared.ATTACHED, case_id)[-1] == [digest, "", True], 30, "the second photo")
    _goes_on_at_its_new_home(pair, case_id, before)


def _same_helpers_and_ratings(pair: Pair, case_id: str) -> None:
    town, district = pair.town, pair.district
    until(lambda: same(pair, shared.HELPERS, case_id), 20, "helpers are the same")
    assert district.query(shared.HELPERS, [case_id]) == [("joint", "asked", "Mill office", TOWN_PATH, "bring the boat")]
    assert (
        district.query(shared.RATINGS, [case_id])
        == town.query(shared.RATINGS, [case_id])
        == [(2, "slow", "visit", False)]
    )


def _goes_on_at_its_new_home(pair: Pair, case_id: str, before: tuple[Any, ...]) -> None:
    """More time, the other's share and the ladder, all at the district, and all seen in the town."""
    town, district = pair.town, pair.district
    shared.do(district, case_id, ("grant_extension", "", {}))
    granted = district.query(shared.CASE, [case_id])[0]
    assert granted[3] > before[3]
    shared.do(town, case_id, ("joint_done", "the boat was there", {"share_of": "mill-office"}))
    until(lambda: district.query(shared.HELPERS, [case_id])[0][1] == "done", 30, "the town's share is done")
    until(lambda: same(pair, shared.HELPERS, case_id) and same(pair, shared.CASE, case_id), 30, "the town sees both")
    assert town.query(shared.CASE, [case_id])[0][2] == granted[2]
    assert town.script(shared.SWEEP, case_id) >= 0
    assert [row[0] for row in history(town, case_id)][-1] == "joint_done"
    assert district.script(shared.SWEEP, case_id) >= 1
    until(
        lambda: same(pair, scenes.HISTORY, case_id) and same(pair, shared.CASE, case_id),
        30,
        "the rung is on both sides",
    )
    assert history(town, case_id)[-1][0] in {"due_soon", "overdue", "escalated"}
    assert town.query(shared.CASE, [case_id])[0][7] > 0


def test_a_case_kept_back_goes_whole_when_it_is_handed_over(pair: Pair, opened: Cases) -> None:
    town, district = pair.town, pair.district
    pair.line.cut()
    until(lambda: not town.value(CONNECTED), 30, "the town sees that the line is cut")
    silent, brief = opened.ids[SILENT_KIND], opened.ids[BRIEF_KIND]
    for kind, case_id in ((SILENT_KIND, silent), (BRIEF_KIND, brief)):
        shared.do(town, case_id, ("hand_over", f"take {kind}", {"to": "harbour-office"}))
    pair.line.heal()
    until(lambda: same(pair, shared.CASE, silent) and same(pair, shared.CASE, brief), 60, "both cases have come")
    for kind, case_id in ((SILENT_KIND, silent), (BRIEF_KIND, brief)):
        title = f"Title {kind}"
        assert district.query(shared.SHOWN, [case_id]) == [(title, f"behind the mill, says {title}", False, "")]
        assert history(district, case_id)[-1] == ("hand_over", f"take {kind}")
    # what was not told before is told with the case that was not known; what was told in brief is not told again
    assert history(district, silent) == history(town, silent)
    assert history(district, silent)[1] == ("comment", f"seen by Title {SILENT_KIND}")
    assert history(district, brief)[1] == ("comment", "")
    shared.do(district, opened.ids[SILENT_KIND], ("accept", "", {}))
    until(lambda: same(pair, scenes.HISTORY, opened.ids[SILENT_KIND]), 30, "the answer comes down")
    assert town.query(shared.SHOWN, [opened.ids[SILENT_KIND]])[0][3] == opened.shown[SILENT_KIND]


def test_what_the_district_declares_during_a_cut_holds_in_the_town_after_it(pair: Pair) -> None:
    """Rules, codecs and kinds of case go down as documents: the newest state, once, as soon as the line is whole."""
    town, district = pair.town, pair.district
    until(lambda: len(town.query(TAKEN)) == 3, 60, "the first documents have come")
    name = district.value(ANY_RULE, [DISTRICT_PATH])
    before = town.script(shared.IN_FORCE, name)
    pair.line.cut()
    until(lambda: not town.value(CONNECTED), 30, "the town sees that the line is cut")
    district.script(shared.RULE, name, "First words")
    wanted = district.script(shared.RULE, name, "Last words")
    district.script(shared.CODEC, json.dumps(shared.THERMOMETER), DISTRICT_PATH)
    district.script(shared.KIND, "tier_later", "5", "Later")
    assert town.script(shared.IN_FORCE, name) == before != [wanted]
    assert (town.query(CODECS, [shared.THERMOMETER["name"]]), town.value(KNOWN_KIND, [["tier_later"]])) == ([], 0)
    versions = town.value(WRITTEN, [name])
    pair.line.heal()
    until(lambda: town.value(WRITTEN, [name]) > versions, 60, "the rule has come down")
    until(lambda: town.value(KNOWN_KIND, [["tier_later"]]) == 1, 30, "the kind of case has come down")
    until(lambda: len(town.query(CODECS, [shared.THERMOMETER["name"]])) == 1, 30, "the codec has come down")
    until(lambda: town.script(shared.IN_FORCE, name) == [wanted], 30, "the town judges by the last words")
    assert town.query(CODECS, [shared.THERMOMETER["name"]]) == district.query(CODECS, [shared.THERMOMETER["name"]])
