"""Refused readings: seen by whom they concern, replayed through the real log and pipeline, never twice."""

import datetime as dt
import gzip
import io
import uuid
from typing import Any

import msgspec
import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from onecity.kernel.access.models import AuditEvent, Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, from_us, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import broker as broker_module
from onecity.kernel.telemetry import quarantine, service, words
from onecity.kernel.telemetry.link import Link
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.why import why
from onecity.kernel.telemetry.models import Device, Quarantine
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.tests.conftest import Broker
from onecity.kernel.telemetry.tests.sample import AIR, HOUR, T0

pytestmark = pytest.mark.django_db
HERE, THERE = "adm/1/11/", "adm/1/12/"
GOOD = b'{"entity": "s1", "attribute": "pm2_5", "value": 35.5, "observed_at": "2026-03-01T00:00:00Z"}'
HIGH = b'{"entity": "s1", "attribute": "pm2_5", "value": 5000, "observed_at": "2026-03-01T00:01:00Z"}'


@pytest.fixture(autouse=True)
def clock() -> Any:
    with use_clock(FixedClock(from_us(T0 + HOUR))) as fixed:
        yield fixed


def device(division: str = HERE) -> Device:
    return service.create_device(f"device {division}", division)[0]


def register(owner: Device, key: str = "s1") -> int:
    return service.register_series(new_id(), f"urn:ngsi-ld:AirStation:{key}", AIR, owner.division_path, owner.id)[
        "pm2_5"
    ]


def hold(owner: Device | None, raw: bytes, reason: str = "unknown_entity", **more: Any) -> Quarantine:
    count = len(raw.splitlines())
    values = {
        "received_at": from_us(T0),
        "source": "http",
        "reason": reason,
        "detail": "s1",
        "device_id": owner.id if owner else None,
        "division_path": owner.division_path if owner else "",
        "readings": count,
        "kept": count,
        "raw": raw,
    }
    return Quarantine.objects.create(**values | more)


def account(path: str, *permissions: str) -> Account:
    made: Account = Account.objects.create_user(username=f"u{uuid.uuid4().hex[:8]}", password=None)
    for permission in permissions or ("telemetry.view", "telemetry.manage"):
        Grant.objects.create(account_id=made.id, permission=permission, path=path, valid_from=now())
    return made


def sign_in(who: Account, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(who)
    return client


@pytest.fixture
def log(broker: Broker) -> Broker:
    """A broker with the log's stream."""
    link = Link(broker.url, broker_module.USER, broker.keys.password)
    link.open()
    settings = msgspec.json.encode(broker_module.log_stream_settings())
    assert "error" not in msgspec.json.decode(
        link.request(f"$JS.API.STREAM.CREATE.{broker_module.LOG_STREAM}", settings)
    )
    link.close()
    return broker


def logged(broker: Broker) -> list[tuple[wire.Head, list[tuple[int, int, float]]]]:
    """Every message of the log: its head and its readings."""
    link = Link(broker.url, broker_module.USER, broker.keys.password)
    link.open()
    info = msgspec.json.decode(link.request(f"$JS.API.STREAM.INFO.{broker_module.LOG_STREAM}", b""))
    found = []
    for number in range(1, info["state"]["messages"] + 1):
        request = msgspec.json.encode({"seq": number})
        answer = msgspec.json.decode(link.request(f"$JS.API.STREAM.MSG.GET.{broker_module.LOG_STREAM}", request))
        head, batch = wire.decode(msgspec.json.decode(msgspec.json.encode(answer["message"]["data"]), type=bytes))
        columns = (batch.series_id.tolist(), batch.observed_at.tolist(), batch.value.tolist())
        found.append((head, list(zip(*columns, strict=True))))
    link.close()
    return found


def test_what_was_mended_goes_the_way_of_new_readings_once(log: Broker) -> None:
    owner, who = device(), account(HERE)
    row = hold(owner, GOOD)
    series = register(owner)
    assert quarantine.replay([row.id, row.id], who) == [quarantine.Replayed(row.id, "replayed", 1)]
    assert quarantine.replay([row.id], who) == [quarantine.Replayed(row.id, "already_replayed")]
    ((head, readings),) = logged(log)
    assert (head.source, head.refusals, readings) == ("replay", [], [(series, T0, 35.5)])
    row.refresh_from_db()
    assert (row.state, row.replayed_at) == ("replayed", from_us(T0 + HOUR))
    event = AuditEvent.objects.get(action="telemetry.replay")
    assert (event.object_id, event.actor_id, event.division_path) == (str(row.id), who.id, HERE)


def test_what_is_still_bad_returns_with_the_rest(log: Broker) -> None:
    owner = device()
    row = hold(owner, GOOD + b"\n" + HIGH)
    series = register(owner)
    (result,) = quarantine.replay([row.id], account(HERE))
    assert result == quarantine.Replayed(row.id, "replayed", 1, {"out_of_range": 1})
    ((head, readings),) = logged(log)
    assert readings == [(series, T0, 35.5)]
    ((reason, _detail, count, kept, raw, sender),) = head.refusals
    assert (reason, count, kept, sender) == ("out_of_range", 1, 1, str(owner.id))
    assert b'"value": 5000.0' in raw


@pytest.mark.parametrize(
    ("raw", "refused"),
    [(GOOD, {"unknown_entity": 1}), (b"{nonsense", {"malformed": 1}), (b"\xff\xfe", {"not_utf8": 1})],
)
def test_a_row_of_which_nothing_may_enter_stays(log: Broker, raw: bytes, refused: dict[str, int]) -> None:
    row = hold(device(), raw)
    assert quarantine.replay([row.id], account(HERE)) == [quarantine.Replayed(row.id, "still_refused", 0, refused)]
    assert logged(log) == []
    row.refresh_from_db()
    assert (row.state, row.replayed_at) == ("held", None)
    assert not AuditEvent.objects.filter(action="telemetry.replay").exists()


def test_nothing_is_sent_for_a_sender_that_is_gone(log: Broker) -> None:
    owner = device()
    register(owner)
    row, nobody = hold(owner, GOOD), hold(None, GOOD)
    service.revoke_device(owner.id)
    found = quarantine.replay([row.id, nobody.id], account(""))
    assert [(one.outcome, one.refused) for one in found] == [("no_sender", {"unknown_device": 1})] * 2
    assert logged(log) == []


def test_without_the_log_nothing_changes(settings: Any) -> None:
    settings.ONECITY_NATS_URL = "nats://127.0.0.1:1"
    owner = device()
    row = hold(owner, GOOD)
    register(owner)
    with pytest.raises(Problem) as refused:
        quarantine.replay([row.id], account(HERE))
    assert (refused.value.status, refused.value.code) == (503, "log_unavailable")
    assert Quarantine.objects.get().state == "held"


def test_a_log_without_its_stream_takes_nothing(broker: Broker) -> None:
    owner = device()
    row = hold(owner, GOOD)
    register(owner)
    with pytest.raises(Problem) as refused:
        quarantine.replay([row.id], account(HERE))
    assert refused.value.status == 503
    assert Quarantine.objects.get().state == "held"


def test_nobody_replays_what_is_not_his(log: Broker) -> None:
    owner = device(THERE)
    row = hold(owner, GOOD)
    register(owner)
    for who, status in ((account(HERE), 404), (account(THERE, "telemetry.view"), 403)):
        with pytest.raises(Problem) as refused:
            quarantine.replay([row.id], who)
        assert refused.value.status == status
    assert logged(log) == []
    assert Quarantine.objects.get().state == "held"


def test_the_application_role_may_replay_in_its_own_division(log: Broker, request: pytest.FixtureRequest) -> None:
    here, there = device(), device(THERE)
    mine, other = hold(here, GOOD), hold(there, GOOD)
    register(here)
    who, stranger = account(HERE), account(THERE)
    request.getfixturevalue("app_role")
    with acting_as(who.id):
        assert list(Quarantine.objects.values_list("id", flat=True)) == [mine.id]
        assert quarantine.replay([mine.id], who)[0].outcome == "replayed"
        assert Quarantine.objects.filter(id=other.id).update(state="replayed") == 0
    with acting_as(stranger.id):
        assert list(Quarantine.objects.values_list("id", "state")) == [(other.id, "held")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, messages, readings FROM telemetry_held()")
        assert cursor.fetchall() == [("unknown_entity", 1, 1)]


def test_the_list_by_key_and_its_counts() -> None:
    owner = device()
    rows = [hold(owner, GOOD, received_at=from_us(T0 + n)) for n in (1, 2, 2)]
    hold(owner, HIGH * 2, "out_of_range", readings=7, received_at=from_us(T0))
    hold(device(THERE), GOOD)
    client = sign_in(account(HERE))
    first = client.get("/api/telemetry/quarantine?limit=2").json()
    assert {one["id"] for one in first["refused"]} == {str(row.id) for row in rows[1:]}
    assert first["reasons"] == [
        {"reason": "out_of_range", "messages": 1, "readings": 7},
        {"reason": "unknown_entity", "messages": 3, "readings": 3},
    ]
    second = client.get("/api/telemetry/quarantine", {"limit": 2, "after": first["next"]}).json()
    assert [one["reason_title"] for one in second["refused"]] == [
        "The entity is not registered",
        "The value is outside the possible range",
    ]
    assert (second["next"], second["refused"][0]["lines"]) == ("", [GOOD.decode()])
    found = client.get("/api/telemetry/quarantine", {"reason": "out_of_range", "device_id": str(owner.id)}).json()
    assert [one["readings"] for one in found["refused"]] == [7]
    assert client.get("/api/telemetry/quarantine?since=2026-03-01T00:00:01Z").json()["refused"] == []


@pytest.mark.parametrize("query", ["after=x", "after=AAAA", "limit=0", "state=gone", "device_id=1", "since=yesterday"])
def test_a_list_that_cannot_be_is_refused(query: str) -> None:
    answer = sign_in(account(HERE)).get(f"/api/telemetry/quarantine?{query}")
    assert answer.status_code == 422


def test_replay_over_http_and_who_may(log: Broker) -> None:
    owner = device()
    row = hold(owner, GOOD)
    register(owner)
    body, path = {"ids": [str(row.id)]}, "/api/telemetry/quarantine/replay"
    assert Client().post(path, body, content_type="application/json").status_code == 401
    assert Client().get("/api/telemetry/quarantine").status_code == 401
    assert sign_in(account(HERE, "telemetry.view")).post(path, body, content_type="application/json").status_code == 403
    client = sign_in(account(HERE))
    answer = client.post(path, body, content_type="application/json")
    assert answer.json() == [{"id": str(row.id), "outcome": "replayed", "accepted": 1, "refused": {}}]
    assert client.post(path, {"ids": []}, content_type="application/json").status_code == 422
    assert client.post(path, {"ids": [str(new_id())]}, content_type="application/json").status_code == 404
    assert len(logged(log)) == 1


def test_the_page_says_why_and_replays(log: Broker) -> None:
    owner = device()
    row = hold(owner, GOOD)
    hold(device(THERE), b"elsewhere")
    client = sign_in(account(HERE))
    page = client.get("/desk/quarantine").content.decode()
    assert "The entity is not registered" in page
    assert f"/desk/quarantine/{row.id}" in page
    assert "device adm/1/12/" not in page
    detail = client.get(f"/desk/quarantine/{row.id}").content.decode()
    assert "&quot;value&quot;: 35.5" in detail
    assert "Register the entity, or correct its name in the device; then replay." in detail
    still = client.post(
        "/desk/quarantine/replay", {"id": str(row.id), "back": f"/desk/quarantine/{row.id}"}, follow=True
    )
    assert "Still refused: The entity is not registered (1)." in still.content.decode()
    register(owner)
    done = client.post(
        "/desk/quarantine/replay", {"all": "1", "shown": [str(row.id)], "back": "//evil.example/"}, follow=True
    )
    assert done.redirect_chain == [("/desk/quarantine", 302)]
    text = done.content.decode()
    assert "1 reading was sent again." in text
    assert "No reading is held" in text
    assert "The entity is not registered" in client.get("/desk/quarantine?state=replayed").content.decode()


def test_filters_of_the_page() -> None:
    owner = device()
    hold(owner, GOOD)
    hold(owner, HIGH, "out_of_range", source="mqtt1", received_at=from_us(T0) - dt.timedelta(days=1))
    client = sign_in(account(HERE))

    def shown(query: str) -> list[bool]:
        page = client.get(f"/desk/quarantine?{query}").content.decode()
        return [
            f">{title}</a>" in page
            for title in ("The entity is not registered", "The value is outside the possible range")
        ]

    assert shown("") == [True, True]
    assert shown("reason=out_of_range") == [False, True]
    assert shown("way=http") == [True, False]
    assert shown(f"device={owner.id}&day=2026-03-01") == [True, False]
    assert shown("day=2026-02-28") == [False, True]
    assert shown("reason=nonsense") == [True, True]
    assert "Nothing fits this filter" in client.get("/desk/quarantine?day=2020-01-01").content.decode()
    assert client.get("/desk/quarantine?after=zzz").status_code == 422
    assert client.get("/desk/quarantine?day=9999-12-31&device=x&state=x&reason=x&way=x").status_code == 200


def test_doors_of_the_pages() -> None:
    row = hold(device(), GOOD)
    paths = ["/desk/quarantine", f"/desk/quarantine/{row.id}"]
    assert [Client().get(path).status_code for path in paths] == [302, 302]
    assert [sign_in(account(HERE, "cases.view")).get(path).status_code for path in paths] == [403, 403]
    assert [sign_in(account(THERE)).get(path).status_code for path in paths] == [200, 404]
    viewer = sign_in(account(HERE, "telemetry.view"))
    assert viewer.post("/desk/quarantine/replay", {"id": str(row.id)}).status_code == 403
    assert 'name="id"' not in viewer.get(paths[1]).content.decode()
    assert viewer.get("/desk/quarantine/replay").status_code == 403


def test_lines_that_are_no_text_are_shown_as_such() -> None:
    row = hold(None, b"\xff\x00" + b"x" * 900 + b"\nsecond")
    first, second = quarantine.first_lines(row)
    assert first.startswith("\\xff\\0xxx")
    assert (len(first), first[-1], second) == (400, "…", "second")


def test_every_reason_has_its_words_in_both_languages() -> None:
    assert set(words.ADVICE) == set(Reason.values)
    row = hold(device(), GOOD)
    who = account(HERE)
    for language, expected in (
        ("zh-hans", ("监测对象未登记", "处理办法", "请登记该监测对象")),
        ("en", ("not registered", "What to do")),
    ):
        page = sign_in(who, language).get(f"/desk/quarantine/{row.id}").content.decode()
        assert [word for word in expected if word not in page] == []


def arrow(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_ipc_stream(buffer)
    return buffer.getvalue()


def test_a_whole_request_that_could_not_be_read_is_replayed_once_it_can(log: Broker) -> None:
    owner, who = device(), account(HERE)
    series = register(owner)
    body = arrow(entity=["s1"], observed_at=[from_us(T0)], pm2_5=[7.5])
    rows = [hold(owner, body, "unreadable", source="arrow", readings=1, kept=1)]
    rows.append(hold(owner, gzip.compress(GOOD.replace(b"00:00Z", b"00:01Z")), "unreadable", readings=1, kept=1))
    assert [found.outcome for found in quarantine.replay([row.id for row in rows], who)] == ["replayed"] * 2
    assert [readings for _head, readings in logged(log)] == [[(series, T0, 7.5)], [(series, T0 + 1_000_000, 35.5)]]


@pytest.mark.parametrize(
    ("raw", "source"),
    [(b"{}", "arrow"), (b"\x1f\x8bno", "http"), (GOOD.ljust(262_144), "http"), (b"air,entity=s1 pm2_5=1", "influx")],
)
def test_a_request_that_still_cannot_be_read_stays(log: Broker, raw: bytes, source: str) -> None:
    owner, who = device(), account(HERE)
    register(owner)
    row = hold(owner, raw, "unreadable", source=source, readings=1, kept=1)
    assert [found.outcome for found in quarantine.replay([row.id], who)] == ["still_refused"]
    assert logged(log) == []
    row.refresh_from_db()
    assert (row.state, row.replayed_at) == ("held", None)


def test_details_are_in_the_readers_language() -> None:
    who = account(HERE)
    row = hold(device(), b"{}", "unreadable", detail=why("arrow_text", "entity", "Int64"))
    for language, sentence in (
        ("en", "the column “entity” must be text, it is Int64"),
        ("zh-hans", "“entity”列应为文本，实际为 Int64"),
    ):
        client = sign_in(who, language)
        for address in ("/desk/quarantine", f"/desk/quarantine/{row.id}"):
            assert sentence in client.get(address).content.decode()
        with translation.override(language):
            assert words.detail(row.detail) == sentence
