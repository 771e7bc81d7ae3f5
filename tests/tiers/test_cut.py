"""Town and district are cut apart under load and both go on; when the line is whole again nothing is lost or doubled."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from functools import partial

import httpx
import pytest
from tests.faults.senders import Ledger
from tests.tiers import scenes
from tests.tiers.two_tiers import TOWN, TOWN_PATH, Node, Pair, until

from onecity.kernel.telemetry.link import Link
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.project import secrets

pytestmark = pytest.mark.stack
CUT_S, SOAK_S = 30.0, 600.0
CONNECTED = "SELECT coalesce(bool_and(connected), false) FROM tiers_link"
NAME = "SELECT name FROM twin_entity WHERE urn = %s"
VICTIMS = ("postgres", "nats", "pipeline", "tiers", "web")


def links_are_up(pair: Pair) -> bool:
    return all(bool(node.value(CONNECTED)) for node in (pair.district, pair.town))


def kill_everything(node: Node) -> None:
    for name in VICTIMS:
        process = node.platform.service(name).process
        assert process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def same_readings(pair: Pair, pattern: str) -> bool:
    return scenes.counted(pair.town, pattern) == scenes.counted(pair.district, pattern)


def test_a_town_joins_once_with_its_token_and_both_sides_see_each_other(pair: Pair) -> None:
    until(lambda: links_are_up(pair), 60, "the link stands on both sides")
    assert pair.town.query("SELECT path FROM places_division WHERE level IN ('district', 'town') ORDER BY 1") == [
        ("adm/990101/",),
        (TOWN_PATH,),
    ]
    again = {"secret": "x" * 43, "installation": "0195c1d0-0000-7000-8000-000000000000"}
    answer = httpx.post(f"{pair.district.platform.env.base_url}/api/tiers/enrol", json=again, timeout=20)
    assert answer.status_code == 403
    assert pair.district.value("SELECT state FROM tiers_peer WHERE code = %s", [TOWN]) == "joined"


def test_nothing_is_lost_nothing_is_doubled_and_conflicts_are_listed(pair: Pair) -> None:
    cut_and_heal(pair, CUT_S)


@pytest.mark.soak
def test_the_same_for_ten_minutes(pair: Pair) -> None:
    scenes.FastSender.pause = 0.02
    cut_and_heal(pair, SOAK_S)


def cut_and_heal(pair: Pair, seconds: float) -> None:
    until(lambda: links_are_up(pair), 60, "the link stands on both sides")
    scene = prepare(pair)
    pair.line.cut()
    begun = time.monotonic()
    go_on_apart(pair, scene)
    until(lambda: time.monotonic() - begun > seconds, seconds + 5, "the cut lasts")
    scene.sender.stopping.set()
    scene.sender.join(60)
    behind = len(scene.ledger.kept) - scenes.counted(pair.district, scene.pattern)[0]

    pair.line.heal()
    begun = time.monotonic()
    healed = until(lambda: links_are_up(pair), 60, "the link stands again")
    until(
        lambda: scenes.counted(pair.town, scene.pattern)[0] >= len(scene.ledger.kept), 60, "all that was kept is stored"
    )
    until(lambda: same_readings(pair, scene.pattern), 120, "the district has caught up")
    level = time.monotonic() - begun
    assert scene.ledger.refused == []
    assert scenes.counted(pair.town, scene.pattern) == (len(scene.ledger.kept), len(scene.ledger.kept))
    assert pair.town.query(scenes.READINGS, [scene.pattern]) == pair.district.query(scenes.READINGS, [scene.pattern])
    assert behind > 0
    check_entity(pair, scene.urn)
    check_case(pair, scene.case_id)
    check_alert(pair, scene.alert_case, scene.air_urn)
    print(f"cut {seconds:.0f} s, {behind} readings behind: link after {healed:.1f} s, level after {level:.1f} s")  # noqa: T201 - for docs/tiers.md


@dataclass
class Scene:
    """What is there before the cut, and what came of it."""

    mark: str
    urn: str
    air: tuple[str, str, str]
    case_id: str
    ledger: Ledger
    sender: scenes.FastSender
    alert_case: str = ""

    @property
    def pattern(self) -> str:
        return f"%TierProbe:{self.mark}"

    @property
    def air_urn(self) -> str:
        return self.air[2]


def prepare(pair: Pair) -> Scene:
    """A station that sends all the time, another for the alert, and a case: all known on both sides."""
    district, town = pair.district, pair.town
    mark = f"p{time.time_ns():x}"
    device, secret, urn = scenes.station(town, mark)
    ledger = Ledger()
    scenes.FastSender.port = town.platform.env.port
    sender = scenes.FastSender((device, secret), mark, ledger, 40, int(time.time()) - 60 * 86_400)
    case_id, number = town.script(scenes.OPEN, "Dust at the harbour", TOWN_PATH)
    scene = Scene(mark, urn, scenes.air_station(town, f"air{mark}"), case_id, ledger, sender)
    until(lambda: district.value("SELECT number FROM cases_case WHERE id = %s", [case_id]) == number, 30, "the case")
    until(lambda: district.value(NAME, [urn]) == f"Station {mark}", 30, "the station is known at the district")
    sender.start()
    until(lambda: ledger.has_more_than(1_000), 60, "readings come through")
    return scene


def go_on_apart(pair: Pair, scene: Scene) -> None:
    """Both sides write to the same thing and the same case, the district is killed, the town raises an alert alone."""
    district, town, case_id = pair.district, pair.town, scene.case_id
    town.script(scenes.RENAME, scene.urn, "The town's name", '{"floor": 1}')
    district.script(scenes.RENAME, scene.urn, "The district's name")
    assert town.script(scenes.ACT, case_id, "accept", "town-a", "")[0] == "accepted"
    # the district says what it knew; what is done there is on its way
    assert district.script(scenes.ACT, case_id, "accept", "operator", "taken up by the centre")[0] == "opened"
    assert district.query("SELECT action, state FROM tiers_act WHERE case_id = %s", [case_id]) == [
        ("accept", "waiting")
    ]
    kill_everything(district)
    until(lambda: not town.value(CONNECTED), 30, "the town sees that the line is cut")
    assert httpx.get(f"{town.platform.env.base_url}/", timeout=20).status_code == 200
    scenes.send(town, scene.air[0], scene.air[1], f"air{scene.mark}", 400.0)
    alert = "SELECT case_id::text FROM rules_alert WHERE entity_urn = %s AND severity IN ('red', 'orange')"
    until(lambda: town.value(alert, [scene.air_urn]) is not None, 30, "the alert opens a case in the town alone")
    scene.alert_case = str(town.value(alert, [scene.air_urn]))


def check_entity(pair: Pair, urn: str) -> None:
    """The later write holds on both sides, what only one side wrote is there too, and both list the conflict once."""
    until(lambda: pair.town.value(NAME, [urn]) == "The district's name", 30, "the later name holds in the town")
    assert pair.district.value(NAME, [urn]) == "The district's name"
    properties = "SELECT properties->>'floor' FROM twin_entity WHERE urn = %s"
    until(lambda: pair.district.value(properties, [urn]) == "1", 30, "what only the town wrote is at the district")
    assert pair.town.value(properties, [urn]) == "1"
    listed = "SELECT field, town, district, winner, rule FROM tiers_conflict WHERE kind = 'entity' AND object_id = %s"
    wanted: list[tuple[object, ...]] = [("name", "The town's name", "The district's name", "district", "later")]
    for node in (pair.town, pair.district):
        until(partial(holds, node, f"{listed} AND field = 'name'", urn, wanted), 30, "the conflict is listed")


def holds(node: Node, statement: str, parameter: str, wanted: list[tuple[object, ...]]) -> bool:
    return node.query(statement, [parameter]) == wanted


def check_case(pair: Pair, case_id: str) -> None:
    """The home's step holds, the other is in the history as rejected with its words, and both histories are the same."""

    def settled() -> bool:
        return bool(pair.district.value("SELECT state FROM tiers_act WHERE case_id = %s", [case_id]) == "rejected")

    until(settled, 30, "the act of the district is answered")
    history = "histories are the same"
    until(
        lambda: pair.town.query(scenes.HISTORY, [case_id]) == pair.district.query(scenes.HISTORY, [case_id]),
        30,
        history,
    )
    assert pair.town.query(scenes.CASE, [case_id]) == pair.district.query(scenes.CASE, [case_id])
    events = pair.town.query(scenes.HISTORY, [case_id])
    assert [event[1] for event in events] == ["open", "accept", "comment"]
    assert "taken up by the centre" in events[2][4]
    listed = (
        "SELECT town->>'action', district->>'action', winner FROM tiers_conflict WHERE kind = 'case' AND object_id = %s"
    )
    for node in (pair.town, pair.district):
        assert node.query(listed, [case_id]) == [("accept", "accept", "town")]


def check_alert(pair: Pair, opened: str, urn: str) -> None:
    """The town's alert and its case are at the district, and the district judged nothing again."""
    until(lambda: bool(pair.district.query(scenes.CASE, [opened])), 30, "the alert's case is at the district")
    alerts = "SELECT id, severity, peak_value, onset FROM rules_alert WHERE entity_urn = %s ORDER BY id"
    until(lambda: pair.town.query(alerts, [urn]) == pair.district.query(alerts, [urn]), 30, "alerts are the same")
    cases = "SELECT count(*) FROM cases_case c JOIN twin_entity e ON e.id = c.entity_id WHERE e.urn = %s"
    assert pair.town.value(cases, [urn]) == pair.district.value(cases, [urn])
    assert pair.district.value("SELECT count(*) FROM tiers_conflict WHERE kind = 'message'") == 0
    assert pair.town.value("SELECT count(*) FROM tiers_conflict WHERE kind = 'message'") == 0


def test_a_case_that_asks_for_the_district_goes_up_and_its_answers_come_down(pair: Pair) -> None:
    district, town = pair.district, pair.town
    case_id, _number = town.script(scenes.OPEN, "Oil on the canal", TOWN_PATH)
    town.script(scenes.HAND_OVER, case_id, "town-a", "environment", "needs the bureau")
    here = "SELECT count(*) FROM tiers_away WHERE case_id = %s"
    until(lambda: len(district.query(scenes.HISTORY, [case_id])) == 2, 30, "the case is at the district")
    assert (town.value(here, [case_id]), district.value(here, [case_id])) == (1, 0)
    assert district.script(scenes.ACT, case_id, "accept", "operator", "")[0] == "accepted"
    until(lambda: town.query(scenes.HISTORY, [case_id]) == district.query(scenes.HISTORY, [case_id]), 30, "the answer")
    assert [event[1] for event in town.query(scenes.HISTORY, [case_id])] == ["open", "hand_over", "accept"]


def test_a_town_cannot_speak_for_another(pair: Pair) -> None:
    heard = _link(pair.district)
    heard.subscribe(">")
    heard.request("$JS.API.INFO", b"")
    forger = _link(pair.town)
    for subject in ("tier.990101002.hello", "from.990101002.log1", "town.990101002.readings", "down.990101002.changes"):
        forger.publish(subject, b"forged")
    forger.publish(f"tier.{TOWN}.hello", b"own")
    found: list[bytes] = []

    def own_came() -> bool:
        found.extend(message.payload for message in heard.take(0.2))
        return b"own" in found

    until(own_came, 20, "the town's own subject")
    assert b"forged" not in found
    heard.close()
    forger.close()


def test_a_link_that_was_ended_opens_nothing_any_more(pair: Pair) -> None:
    until(lambda: links_are_up(pair), 60, "the link stands on both sides")
    pair.district.command("tiers", "revoke", "--division", TOWN)
    until(lambda: not pair.town.value(CONNECTED), 40, "the town is not let in any more")
    assert pair.district.value("SELECT state FROM tiers_peer WHERE code = %s", [TOWN]) == "revoked"


def _link(node: Node) -> Link:
    keys = BrokerKeys.derive(secrets.text(node.home, "broker"))
    link = Link(f"nats://127.0.0.1:{node.platform.env.nats_port}", "onecity-tiers", keys.password, "test")
    link.open()
    return link
