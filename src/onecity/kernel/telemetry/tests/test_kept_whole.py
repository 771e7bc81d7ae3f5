"""Everything a door refuses is kept whole, and comes into the store once its cause is mended."""

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.db.models import Sum

from onecity.kernel.access.models import Grant
from onecity.kernel.core.clock import now, now_us
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import limits, quarantine
from onecity.kernel.telemetry.ingest import Ingest
from onecity.kernel.telemetry.logic.readings import KEPT_BYTES
from onecity.kernel.telemetry.models import Device, Quarantine
from onecity.kernel.telemetry.pipeline import Pipeline
from onecity.kernel.telemetry.tests.conftest import Broker, until, until_async
from onecity.kernel.telemetry.tests.sample import SECOND, station

pytestmark = pytest.mark.django_db(
    transaction=True,
    available_apps=["onecity.kernel.telemetry", "onecity.kernel.access", "onecity.kernel.people", "django.contrib.contenttypes", "django.contrib.auth"],
)  # fmt: skip
ROWS = 60_000


@pytest.fixture
def pipeline(broker: Broker, committed: None) -> Iterator[Pipeline]:
    pipeline = Pipeline([], broker.url, broker.keys)

    def run() -> None:
        pipeline.run()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: pipeline.ready)
    yield pipeline
    pipeline.stop()
    thread.join(20)
    assert not thread.is_alive()


async def post(device: Device, secret: str, body: bytes) -> httpx.Response:
    app = Ingest()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://onecity") as client:
        try:
            watcher, log = app.start()
            await asyncio.to_thread(watcher.wait, 5)
            await until_async(lambda: log.connected)
            headers = {"Authorization": f"Bearer {device.id}.{secret}", "Accept-Language": "en"}
            answer = await client.post("/ingest", content=body, headers=headers, timeout=60)
        finally:
            await app.stop()
    await sync_to_async(connections.close_all)()
    return answer


def body(key: str) -> bytes:
    start = now_us() // SECOND - ROWS
    rows = ({"entity": key, "attribute": "pm2_5", "value": n % 100, "observed_at": start + n} for n in range(ROWS))
    return "\n".join(json.dumps(row) for row in rows).encode()


def held() -> dict[str, int | None]:
    return Quarantine.objects.aggregate(readings=Sum("readings"), kept=Sum("kept"))


def readings_stored() -> tuple[int, float]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(sum(value), 0) FROM telemetry_observation")
        count, total = cursor.fetchone()
    return count, total


def test_sixty_thousand_refused_rows_are_kept_and_replayed(pipeline: Pipeline) -> None:
    device, secret, _series = station("a", division="adm/1/11/")
    answer = asyncio.run(post(device, secret, body("new")))
    told = answer.json()
    assert (answer.status_code, told["accepted"], told["quarantined"]) == (422, 0, ROWS)
    assert [(one["line"], one["reason"], one["readings"]) for one in told["refused"]] == [(1, "unknown_entity", ROWS)]
    until(lambda: held() == {"readings": ROWS, "kept": ROWS}, 30)
    rows = list(Quarantine.objects.all())
    assert all(row.readings == row.kept == len(bytes(row.raw).split(b"\n")) for row in rows)
    assert all(len(bytes(row.raw)) <= KEPT_BYTES for row in rows)
    assert readings_stored() == (0, 0.0)
    station("new", division="adm/1/11/", device=device)
    until(lambda: "new" in pipeline.catalogue.entity_of)
    who = Account.objects.create_user(username=f"u{uuid.uuid4().hex[:8]}", password=None)
    for permission in ("telemetry.view", "telemetry.manage"):
        Grant.objects.create(account_id=who.id, permission=permission, path="adm/1/11/", valid_from=now())
    replayed = quarantine.replay([row.id for row in rows], who)
    assert {one.outcome for one in replayed} == {"replayed"}
    assert sum(one.accepted for one in replayed) == ROWS
    until(lambda: readings_stored()[0] == ROWS, 30)
    assert readings_stored() == (ROWS, float(sum(n % 100 for n in range(ROWS))))
    assert Quarantine.objects.filter(state=Quarantine.State.HELD).count() == 0


def test_a_request_that_would_leave_too_much_is_not_taken_at_all(
    broker: Broker, committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_REFUSED", 1_000_000)
    device, secret, _series = station("a")
    answer = asyncio.run(post(device, secret, body("new")))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert Quarantine.objects.count() == 0
