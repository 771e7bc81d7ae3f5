"""kill -9 of web, worker and database while cases are opened and acted on: no case without its history, nobody told twice."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import start_platform, stop_platform
from tests.faults.test_kill import alive, kill, query, until

from onecity.kernel.notify.tests.mail_server import MailServer, serving
from onecity.kernel.people.demo import OPERATOR, PASSWORD
from onecity.project.stack.platform import Platform

pytestmark = pytest.mark.stack
SEED = 20261125
VICTIMS = ("web", "worker", "postgres")
KILLS = 9
CLERKS = 3
PAUSE_S = 0.05


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving() as server:
        yield server


@pytest.fixture
def victim(tmp_path: Path, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform of this test's own, whose letters go to the test's mail server."""
    monkeypatch.setenv("ONECITY_EMAIL_URL", f"smtp://127.0.0.1:{mail.port}")
    platform, watcher = start_platform(tmp_path / "home")
    yield platform
    stop_platform(platform, watcher)


class Clerk(threading.Thread):
    """Opens a case and comments on it, each under a key of its own; whoever was promised nothing says the same again."""

    def __init__(self, platform: Platform, number: int, place: str) -> None:
        super().__init__(name=f"clerk-{number}", daemon=True)
        self.number, self.place = number, place
        self.client = httpx.Client(base_url=platform.env.base_url, timeout=20, follow_redirects=True)
        self.opened: dict[str, str] = {}
        self.spoken: Counter[str] = Counter()
        self.unclear: Counter[str] = Counter()
        self.refused: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        self._sign_in()
        for turn in itertools.count():
            if self.stopping.is_set():
                return
            key = f"{self.number}-{turn}"
            body = {"type": "sensor_fault", "title": f"Report {key}", "division_path": self.place, "key": key}
            while (answer := self._post("/api/cases", body)) is None:
                time.sleep(PAUSE_S)
            if answer.status_code not in {200, 201}:
                self.refused.append(answer.text)
                return
            case = answer.json()["id"]
            self.opened[key] = case
            said = self._post(f"/api/cases/{case}/act", {"action": "comment", "note": f"word on {key}"})
            (self.spoken if said is not None and said.status_code == 200 else self.unclear)[case] += 1

    def _sign_in(self) -> None:
        while not self.client.cookies.get("sessionid") and not self.stopping.is_set():
            try:
                self.client.get("/accounts/login/")
                form = {"login": OPERATOR.username, "password": PASSWORD, "csrfmiddlewaretoken": self._token()}
                self.client.post("/accounts/login/", data=form, headers={"Referer": f"{self.client.base_url}"})
            except httpx.TransportError:
                time.sleep(PAUSE_S)

    def _token(self) -> str:
        return self.client.cookies.get("csrftoken") or ""

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response | None:
        headers = {"X-CSRFToken": self._token(), "Referer": f"{self.client.base_url}"}
        try:
            answer = self.client.post(path, json=body, headers=headers)
        except httpx.TransportError:
            return None
        # the database was away: nothing was promised
        return None if answer.status_code >= 500 else answer


def place_of(platform: Platform) -> str:
    ((path,),) = query(platform, "SELECT path FROM places_division WHERE level = 'town' ORDER BY path LIMIT 1")
    return str(path)


def count(clerks: list[Clerk]) -> int:
    return sum(len(clerk.opened) for clerk in clerks)


def more_than(clerks: list[Clerk], before: int) -> bool:
    return count(clerks) > before


def torment(platform: Platform, clerks: list[Clerk]) -> None:
    chance = random.Random(SEED)
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(KILLS)]
    chance.shuffle(victims)
    for name in victims:
        until(partial(alive, platform, name), 60, f"{name} starts again")
        time.sleep(chance.uniform(0.05, 1.0))
        kill(platform, name)
        until(partial(more_than, clerks, count(clerks)), 60, f"cases are opened after {name} was killed")


def delivered(platform: Platform) -> bool:
    """Whether nothing waits to be sent; what a killed worker had in hand is given back at once instead of in five minutes."""
    query(platform, "UPDATE notify_delivery SET next_attempt_at = now() WHERE status = 'queued' RETURNING 1")
    return query(platform, "SELECT count(*) FROM notify_delivery WHERE status = 'queued'") == [(0,)]


def check_histories(platform: Platform, clerks: list[Clerk]) -> None:
    """Each case was opened once, has its whole history, and every word that was acknowledged once."""
    promised = {key: case for clerk in clerks for key, case in clerk.opened.items()}
    rows = query(
        platform,
        "SELECT c.id::text, c.title, c.version, json_agg(json_build_array(e.version, e.action) ORDER BY e.version)"
        " FROM cases_case c LEFT JOIN cases_caseevent e ON e.case_id = c.id GROUP BY c.id",
    )
    titles = Counter(title for _id, title, _version, _events in rows)
    assert set(titles.values()) == {1}
    assert {f"Report {key}" for key in promised} <= set(titles)
    spoken = sum((clerk.spoken for clerk in clerks), Counter[str]())
    unclear = sum((clerk.unclear for clerk in clerks), Counter[str]())
    for case, title, version, events in rows:
        assert [number for number, _action in events] == list(range(1, version + 1)), title
        actions = Counter(action for _number, action in events)
        assert actions["open"] == 1, title
        assert spoken[case] <= actions["comment"] <= spoken[case] + unclear[case], title


def check_messages(platform: Platform, mail: MailServer, clerks: list[Clerk]) -> None:
    """Whoever is to be told of a case has one message in his inbox and one letter: a second copy carries the same id."""
    cases = {case for clerk in clerks for case in clerk.opened.values()}
    told = query(platform, "SELECT account_id, context->>'number', count(*) FROM notify_message GROUP BY 1, 2")
    numbers = {number for (number,) in query(platform, "SELECT number FROM cases_case")}
    assert len(numbers) >= len(cases)
    assert {number for _account, number, _count in told} >= numbers
    assert {count for _account, _number, count in told} == {1}
    due = {row[0] for row in query(platform, "SELECT id::text FROM notify_delivery WHERE status = 'sent'")}
    assert query(platform, "SELECT count(*) FROM notify_delivery WHERE status <> 'sent'") == [(0,)]
    arrived = {str(letter["Message-ID"]).strip("<>").partition("@")[0] for letter in mail.received}
    assert arrived == due
    assert len(due) == len(told)


def test_no_case_without_history_and_nobody_told_twice(victim: Platform, mail: MailServer) -> None:
    query(victim, "UPDATE people_account SET email = username || '@mail.example' RETURNING 1")
    clerks = [Clerk(victim, number, place_of(victim)) for number in range(CLERKS)]
    for clerk in clerks:
        clerk.start()
    until(lambda: all(clerk.opened for clerk in clerks), 60, "cases are opened")
    torment(victim, clerks)
    for clerk in clerks:
        clerk.stopping.set()
    for clerk in clerks:
        clerk.join(60)
        assert not clerk.is_alive()
        clerk.client.close()
    assert [clerk.refused for clerk in clerks] == [[]] * CLERKS
    until(partial(delivered, victim), 120, "every letter is sent")
    check_histories(victim, clerks)
    check_messages(victim, mail, clerks)
