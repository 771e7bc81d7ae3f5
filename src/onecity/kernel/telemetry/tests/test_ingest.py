"""The HTTP door on a real database and a real broker."""

import asyncio
import datetime as dt
import gzip
import io
import json
from collections.abc import AsyncIterator

import httpx
import msgspec
import polars as pl
import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import translation

from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import broker as names
from onecity.kernel.telemetry import limits, service, words
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.ingest import Ingest, application, body
from onecity.kernel.telemetry.ingest.formats import ARROW_TYPE
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.models import Device, TurnedAway
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until_async
from onecity.kernel.telemetry.tests.sample import SECOND, station

pytestmark = COMMITTING


class Door:
    """The application with a registered station: requests, and what they left in the log."""

    def __init__(self, app: Ingest, client: httpx.AsyncClient, broker: Broker, device: Device, secret: str) -> None:
        self.app, self.client, self.broker, self.device, self.secret = app, client, broker, device, secret

    async def post(
        self, content: bytes | str, path: str = "/ingest", language: str = "en", **headers: str
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.device.id}.{self.secret}", "Accept-Language": language} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.client.post(path, content=content, headers=sent)

    def log(self) -> list[tuple[wire.Head, Batch]]:
        """Every message in the log: (head, readings)."""
        link = self.broker.link()
        link.open()
        answer = msgspec.json.decode(link.request(f"$JS.API.STREAM.INFO.{names.LOG_STREAM}", b"{}"))
        found = []
        for sequence in range(1, answer["state"]["last_seq"] + 1) if "state" in answer else ():
            body = msgspec.json.encode({"seq": sequence})
            message = msgspec.json.decode(link.request(f"$JS.API.STREAM.MSG.GET.{names.LOG_STREAM}", body))["message"]
            found.append(wire.decode(msgspec.json.decode(json.dumps(message["data"]).encode(), type=bytes)))
        link.close()
        return found

    def counts(self) -> tuple[int, int]:
        found = self.log()
        return sum(len(batch) for _head, batch in found), sum(r[2] for head, _batch in found for r in head.refusals)


@pytest_asyncio.fixture
async def door(broker: Broker, committed: None) -> AsyncIterator[Door]:
    device, secret, _series = await sync_to_async(station)("a")
    await sync_to_async(station)("b")
    app = Ingest()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://onecity") as client:
        watcher, log = app.start()
        await asyncio.to_thread(watcher.wait, 5)
        await until_async(lambda: log.connected)
        yield Door(app, client, broker, device, secret)
        await app.stop()
    await sync_to_async(connections.close_all)()


def reading(at: int = 0, entity: str = "a", value: float = 1.5) -> dict[str, object]:
    now = clock.now_us() // SECOND
    return {"entity": entity, "attribute": "pm2_5", "value": value, "observed_at": now - 60 + at}


def lines(*items: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(item) for item in items).encode()


async def test_accepted_means_it_is_in_the_log(door: Door) -> None:
    answer = await door.post(lines(reading(0), reading(1)))
    assert (answer.status_code, answer.json()) == (
        202, {"accepted": 2, "quarantined": 0, "reasons": {}, "errors": []},
    )  # fmt: skip
    ((head, batch),) = door.log()
    assert (head.source, head.refusals, batch.value.tolist()) == ("http", [], [1.5, 1.5])


async def test_every_form_of_body(door: Door) -> None:
    frame = pl.DataFrame([reading(7)])
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    bodies = [
        (json.dumps(reading(0)).encode(), {}),
        (json.dumps([reading(1), reading(2)]).encode(), {"Content_Type": "application/json"}),
        (json.dumps(reading(3), indent=2).encode(), {"Content_Type": "application/json; charset=utf-8"}),
        (
            gzip.compress(lines(reading(4), reading(5))),
            {"Content_Encoding": "gzip", "Content_Type": "application/x-ndjson"},
        ),
        (b"\xef\xbb\xbf" + lines(reading(6)), {}),
        (buffer.getvalue(), {"Content_Type": ARROW_TYPE}),
    ]
    for content, headers in bodies:
        answer = await door.post(content, **headers)
        assert answer.status_code == 202, answer.text
    assert door.counts() == (8, 0)


async def test_telegraf_is_understood(door: Door) -> None:
    at = clock.now_us() // SECOND
    answer = await door.post(
        f"air,entity=a pm2_5=1.5,pm10=3i {at}".encode(), path="/api/v2/write?precision=s&bucket=b&org=o"
    )
    assert (answer.status_code, answer.content) == (204, b"")
    answer = await door.client.post(
        f"/write?precision=s&u={door.device.id}&p={door.secret}", content=f"air,entity=a pm2_5=2,no=1 {at + 1}"
    )
    assert (answer.status_code, answer.json()["accepted"], answer.json()["quarantined"]) == (400, 1, 1)
    assert door.counts() == (3, 1)
    assert (await door.client.get("/ping")).status_code == 204


async def test_what_is_refused_is_told_and_kept(door: Door) -> None:
    answer = await door.post(lines(reading(0), reading(0, entity="b"), reading(0, value=-1)) + b"\n{")
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "quarantined": 3,
        "reasons": {"not_yours": 1, "out_of_range": 1, "malformed": 1},
        "errors": [
            {"line": 2, "reason": "not_yours", "title": "The entity belongs to another device", "detail": "b · pm2_5 = 1.5", "readings": 1},
            {"line": 3, "reason": "out_of_range", "title": "The value is outside the possible range", "detail": "pm2_5 = -1 (0 … 1000 ug/m3)", "readings": 1},
            {"line": 4, "reason": "malformed", "title": "Not readable as a reading", "detail": answer.json()["errors"][2]["detail"], "readings": 1},
        ],
    }  # fmt: skip
    ((head, _batch),) = door.log()
    assert [(r[0], r[2], r[5]) for r in head.refusals] == [
        (reason, 1, str(door.device.id)) for reason in ("not_yours", "out_of_range", "malformed")
    ]


async def test_when_nothing_may_enter_it_is_an_error_but_kept(door: Door) -> None:
    answer = await door.post(lines(reading(0, value=-1)))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (answer.json()["type"], answer.json()["quarantined"]) == ("/problems/all_refused", 1)
    assert door.counts() == (0, 1)


async def test_requests_that_hold_nothing_to_keep(door: Door) -> None:
    for content, headers, status, code in [
        (b"", {}, 400, "nothing_sent"),
        (b"\n \n", {}, 400, "nothing_sent"),
        (b"[]", {}, 400, "nothing_sent"),
        (b"", {"Content_Type": ARROW_TYPE}, 400, "arrow_not_readable"),
        (b"", {"Content_Type": "text/html"}, 415, "type_not_supported"),
        (b"{}", {"Authorization": ""}, 401, "device_unknown"),
        (b"{}", {"Authorization": "Bearer x.y"}, 401, "device_unknown"),
    ]:
        answer = await door.post(content, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert door.log() == []


def stream(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_ipc_stream(buffer)
    return buffer.getvalue()


NAIVE = dt.datetime(2026, 3, 1)  # noqa: DTZ001 - a time without zone is what is tested


@pytest.mark.parametrize(
    ("content", "headers", "status", "code", "way", "detail"),
    [
        (b"{}", {"Content_Type": "text/html"}, 415, "type_not_supported", "http", "This content type is not supported"),
        (b"{}", {"Content_Encoding": "br"}, 415, "encoding_not_supported", "http", "This content encoding is not supported"),
        (b"{}", {"Content_Encoding": "gzip"}, 400, "body_damaged", "http", "The compressed body is damaged or incomplete"),
        (gzip.compress(b"{}")[:-4], {"Content_Encoding": "gzip"}, 400, "body_damaged", "http", "The compressed body is damaged or incomplete"),
        (b"{}", {"Content_Type": ARROW_TYPE}, 400, "arrow_not_readable", "arrow", "not a complete Arrow IPC stream"),
        (stream(x=[1]), {"Content_Type": ARROW_TYPE}, 400, "arrow_not_readable", "arrow", "the columns entity, attribute, value, observed_at are needed; or entity, observed_at and one per attribute"),
        (stream(entity=[1], observed_at=[1], x=[1]), {"Content_Type": ARROW_TYPE}, 400, "arrow_not_readable", "arrow", "the column “entity” must be text, it is Int64"),
        (stream(entity=["a"], observed_at=[NAIVE], pm2_5=[1.0]), {"Content_Type": ARROW_TYPE}, 400, "arrow_not_readable", "arrow", "the timestamps of “observed_at” have no time zone; send them with one, UTC for example"),
        (b"{}", {"Content_Length": "99999999999"}, 413, "too_large", "http", "The request is too large"),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_told_and_kept(
    door: Door, content: bytes, headers: dict[str, str], status: int, code: str, way: str, detail: str
) -> None:
    answer = await door.post(content, **headers)
    found = answer.json()
    assert (answer.status_code, found["code"], found["accepted"], found["reasons"]) == (
        status,
        code,
        0,
        {"unreadable": 1},
    )
    assert answer.headers["content-type"] == "application/problem+json"
    ((head, batch),) = door.log()
    ((reason, why, readings, kept, raw, device),) = head.refusals
    assert (head.source, len(batch), reason, readings, kept, device) == (
        way,
        0,
        "unreadable",
        1,
        1,
        str(door.device.id),
    )
    with translation.override("en"):
        assert (raw, words.detail(why)) == (content, detail)
    if "cause" in found:
        assert found["cause"] == detail


async def test_of_a_body_that_is_too_large_the_beginning_is_kept(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY", 400_000)
    content = bytes(range(256)) * 2000
    for declared in (True, False):
        answer = await door.client.post(
            "/ingest",
            content=content if declared else in_pieces(content),
            headers={"Authorization": f"Bearer {door.device.id}.{door.secret}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert [head.refusals[0][4] for head, _batch in door.log()] == [content[: body.HEAD_BYTES]] * 2


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


async def test_unreadable_line_protocol_is_kept(door: Door) -> None:
    answer = await door.post(b"air,entity=a pm2_5=1", path="/api/v2/write?precision=fortnight")
    assert (answer.status_code, answer.json()["code"]) == (400, "precision_unknown")
    ((head, _batch),) = door.log()
    assert (head.source, head.refusals[0][4]) == ("influx", b"air,entity=a pm2_5=1")


async def test_what_cannot_be_read_counts_against_the_allowance(door: Door) -> None:
    await sync_to_async(service_rate)(door.device, 2)
    await until_async(lambda: door.app.start()[0].current.devices[str(door.device.id)].readings_per_second == 2)
    assert (await door.post(b"x" * 100_000, Content_Type="text/html")).status_code == 415
    assert (await door.post(b"x", Content_Type="text/html")).status_code == 429
    assert len(door.log()) == 1


async def test_who_is_turned_away_is_counted_and_nothing_of_it_taken(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "WRITE_S", 0.01)
    await sync_to_async(service.create_device)("revoked", "adm/1/")
    revoked = await Device.objects.aget(name="revoked")
    await sync_to_async(service.revoke_device)(revoked.id)
    await until_async(lambda: str(revoked.id) in door.app.start()[0].current.devices)
    await until_async(lambda: not door.app.start()[0].current.devices[str(revoked.id)].active)
    unknown, own = new_id(), door.device.id
    for _ in range(2):
        for value in (f"{unknown}.s", f"{own}.wrong", f"{revoked.id}.s", "a-secret-in-the-wrong-place", ""):
            answer = await door.post(lines(reading(0)), Authorization=f"Bearer {value}" if value else "")
            assert answer.status_code == 401

    async def counted() -> bool:
        return await TurnedAway.objects.filter(times=2).acount() == 5

    deadline = asyncio.get_running_loop().time() + 10
    while not await counted():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)
    found = TurnedAway.objects.values_list("reason", "source", "address", "claimed", "division_path")
    assert {row async for row in found} == {
        ("unknown_device", "http", "127.0.0.1", str(unknown), ""),
        ("wrong_secret", "http", "127.0.0.1", str(own), "adm/1/"),
        ("revoked", "http", "127.0.0.1", str(revoked.id), "adm/1/"),
        ("unknown_device", "http", "127.0.0.1", "a-secret…", ""),
        ("no_credential", "http", "127.0.0.1", "", ""),
    }
    assert door.log() == []


async def test_other_methods(door: Door) -> None:
    answer = await door.client.get("/ingest")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_answers_come_in_the_senders_language(door: Door) -> None:
    malformed = await door.post(b"{\n", language="zh-hans")
    assert (
        malformed.json()["errors" if "errors" in malformed.json() else "refused"][0]["detail"]
        == "第 2 个字符起不是 JSON"
    )
    german, chinese = await door.post(b"", language="de"), await door.post(b"", language="zh-CN,zh;q=0.9,en;q=0.1")
    english = await door.post(b"", language="fr, en-GB;q=0.5")
    assert german.json()["title"] == chinese.json()["title"] != english.json()["title"]
    assert english.json()["title"] == "The request contains no reading"


async def test_too_much_at_once_is_told_when_to_come_again(door: Door) -> None:
    await sync_to_async(service_rate)(door.device, 2)
    await until_async(lambda: door.app.start()[0].current.devices[str(door.device.id)].readings_per_second == 2)
    answer = await door.post(lines(*(reading(-n) for n in range(100))))
    assert answer.status_code == 202
    answer = await door.post(lines(reading(1)))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_fast")
    assert 19 <= int(answer.headers["retry-after"]) <= 21
    assert door.counts() == (100, 0)


def service_rate(device: Device, rate: int) -> None:
    device.readings_per_second = rate
    device.save()


async def test_a_revoked_device_is_out_within_two_seconds(door: Door) -> None:
    assert (await door.post(lines(reading(0)))).status_code == 202
    await sync_to_async(service.revoke_device)(door.device.id)
    await until_async(lambda: not door.app.start()[0].current.devices[str(door.device.id)].active, seconds=2)
    assert (await door.post(lines(reading(1)))).status_code == 401
    assert door.counts() == (1, 0)


async def test_the_secret_before_opens_as_long_as_it_was_given(door: Door) -> None:
    newest = await sync_to_async(service.rotate_secret)(door.device.id, dt.timedelta(seconds=1.5))
    await until_async(lambda: bool(door.app.start()[0].current.devices[str(door.device.id)].earlier_until))
    assert (await door.post(lines(reading(0)))).status_code == 202
    earlier, door.secret = door.secret, newest
    assert (await door.post(lines(reading(1)))).status_code == 202
    door.secret = earlier
    codes = [202]
    while codes[-1] == 202:
        codes.append((await door.post(lines(reading(1)))).status_code)
        assert len(codes) < 10_000
    assert codes[-1] == 401


async def test_a_series_is_known_within_a_second_of_its_registration(door: Door) -> None:
    device, secret, _series = await sync_to_async(station)("new")
    await until_async(lambda: "new" in door.app.start()[0].current.entity_of, seconds=1)
    door.device, door.secret = device, secret
    assert (await door.post(lines(reading(0, entity="new")))).status_code == 202


async def test_the_same_request_again_with_its_key_is_kept_once(door: Door) -> None:
    for _ in range(2):
        answer = await door.post(lines(reading(0)), Idempotency_Key="k-1")
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert door.counts() == (1, 0)


async def test_without_the_log_nothing_is_acknowledged(door: Door) -> None:
    door.broker.kill()
    answer = await door.post(lines(reading(0)))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "log_unavailable", "1")
    assert (await door.client.get("/health")).status_code == 503
    door.broker.start()
    await until_async(lambda: door.app.start()[1].connected, seconds=15)
    assert (await door.post(lines(reading(0)))).status_code == 202
    well = await door.client.get("/health")
    assert (well.status_code, well.json()) == (
        200, {"name": "onecity", "status": "pass", "checks": {"catalogue": True, "log": True}},
    )  # fmt: skip
    assert door.counts() == (1, 0)


async def test_a_body_beyond_the_limit_of_readings(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_READINGS", 1)
    buffer = io.BytesIO()
    pl.DataFrame([reading(0), reading(1)]).write_ipc_stream(buffer)
    answer = await door.post(buffer.getvalue(), Content_Type=ARROW_TYPE)
    assert answer.status_code == 413
    ((head, batch),) = door.log()
    assert (len(batch), head.refusals[0][4]) == (0, buffer.getvalue())
