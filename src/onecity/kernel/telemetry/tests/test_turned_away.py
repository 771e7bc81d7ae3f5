"""Callers turned away at the door: counted within bounds, seen by whom they concern."""

import datetime as dt
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import turned_away
from onecity.kernel.telemetry.models import TurnedAway
from onecity.kernel.telemetry.turned_away import MOST, Caller, Turned, caller
from onecity.kernel.telemetry.violations import Violation, Violations, topic_of

pytestmark = pytest.mark.django_db
HERE, THERE = "adm/1/11/", "adm/1/12/"
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def viewer(path: str | None) -> Account:
    made: Account = Account.objects.create_user(username=f"u{uuid.uuid4().hex[:8]}", password=None)
    if path is not None:
        Grant.objects.create(account_id=made.id, permission="telemetry.view", path=path, valid_from=now())
    return made


def turn_away(claimed: str, division: str = "", times: int = 1, address: str = "192.0.2.7") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT telemetry_turn_away('wrong_secret', 'http', %s, %s, '', %s, %s, %s, %s)",
            [address, claimed, division, times, AT, AT],
        )


def test_repetitions_are_one_row() -> None:
    for times in (1, 4):
        turn_away("x", times=times)
    (row,) = TurnedAway.objects.all()
    assert (row.reason, row.address, row.claimed, row.times, row.first_at) == ("wrong_secret", "192.0.2.7", "x", 5, AT)


def test_the_table_cannot_be_filled_from_outside() -> None:
    rows = [
        TurnedAway(reason="wrong_secret", source="http", claimed=str(n), times=1, first_at=AT, last_at=AT)
        for n in range(5000)
    ]
    TurnedAway.objects.bulk_create(rows)
    for claimed in ("new", "newer", "7"):
        turn_away(claimed, address="" if claimed == "7" else "192.0.2.7")
    assert TurnedAway.objects.count() == 5001
    assert TurnedAway.objects.get(claimed="", address="").times == 2
    assert TurnedAway.objects.get(claimed="7").times == 2


def test_memory_is_bounded_too() -> None:
    turned = Turned()
    for number in range(MOST + 5):
        turned.count(Caller("wrong_secret", "http", "192.0.2.7", str(number)))
    assert len(turned._counts) == MOST + 1
    assert turned._counts[Caller("wrong_secret", "http")][0] == 5


def test_a_database_that_is_away_loses_no_count() -> None:
    turned = Turned()
    turned.count(Caller("wrong_secret", "http"), 3)
    turned.write({"host": "127.0.0.1", "port": 1, "dbname": "none"})
    assert [times for times, _first, _last in turned._counts.values()] == [3]


def test_what_may_be_a_secret_is_not_written_down() -> None:
    identity = str(uuid.uuid4())
    assert caller(None, identity, "http", "").claimed == identity
    assert caller(None, "s3cret-s3cret-s3cret", "http", "").claimed == "s3cret-s…"


def test_a_town_sees_its_own_and_strangers_and_no_other_towns(request: pytest.FixtureRequest) -> None:
    for claimed, division in (("mine", HERE), ("theirs", THERE), ("stranger", "")):
        turn_away(claimed, division)
    here, nobody = viewer(HERE), viewer(None)
    request.getfixturevalue("app_role")
    for who, expected in ((here, {"mine", "stranger"}), (nobody, set())):
        with acting_as(who.id):
            assert set(TurnedAway.objects.values_list("claimed", flat=True)) == expected
            assert {row.claimed for row in turned_away.seen(who)} == expected


def test_they_are_on_the_page_in_the_api_and_in_the_figures() -> None:
    turn_away("mine", HERE, 12)
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(viewer(HERE))
    page = client.get("/desk/quarantine").content.decode()
    assert "未予接入" in page
    assert "密钥不正确" in page
    (row,) = client.get("/api/telemetry/quarantine/turned-away").json()
    assert (row["reason_title"], row["claimed"], row["times"]) == ("密钥不正确", "mine", 12)
    assert 'onecity_turned_away_total{reason="wrong_secret"} 12' in client.get("/metrics").content.decode()


def test_the_brokers_log_is_followed_from_its_end_and_when_it_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "nats.log"
    violations = Violations(file)
    assert list(violations.look()) == []
    line = '[1] [ERR] 127.0.0.1:1 - mid:{} - "d-{}" - Publish Violation - Subject "a//b.c"\n'
    file.write_text(line.format(1, 1))
    assert list(violations.look()) == []
    with file.open("a") as log:
        log.write(line.format(2, 2) + "[1] [INF] nothing\n" + line.format(3, 3)[:30])
    assert list(violations.look()) == [Violation(2, "d-2", "a.b/c")]
    with file.open("a") as log:
        log.write(line.format(3, 3)[30:])
    assert list(violations.look()) == [Violation(3, "d-3", "a.b/c")]
    file.write_text(line.format(4, 4))
    assert list(violations.look()) == [Violation(4, "d-4", "a.b/c")]
    violations.close()


@pytest.mark.parametrize(("subject", "topic"), [(b"telemetry.x", "telemetry/x"), (b"a//b.c", "a.b/c"), (b"x", "x")])
def test_subjects_are_shown_as_the_topics_they_were(subject: bytes, topic: str) -> None:
    assert topic_of(subject) == topic
