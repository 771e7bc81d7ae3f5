"""Batches of SensorThings, as JSON and as parts with change sets; addresses of rows alone; every broken batch is told."""

import json
from email.parser import BytesParser
from typing import Any

import pytest
from django import conf
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.tests.conftest import Broker, broker, running_broker
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.sensorthings import batch
from onecity.kernel.twin.sensorthings.batch import Answered
from onecity.kernel.twin.tests.test_sensorthings import get, rooms

pytestmark = pytest.mark.django_db
FIXTURES = (broker, running_broker, rooms)
BATCH = "/sta/v1.1/$batch"
TIME = "2026-03-01T00:00:00Z"


@pytest.fixture(autouse=True)
def _nobody_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf.settings, "ONECITY_NGSI_LD_ANONYMOUS", "none")


def asked(*requests: dict[str, Any], credential: str = "") -> tuple[int, Any]:
    headers = {"accept-language": "en"} | ({"authorization": f"Bearer {credential}"} if credential else {})
    body = json.dumps({"requests": list(requests)})
    with transaction.atomic():  # a refusal ends the request's transaction, not the test's
        answer = Client(headers=headers).post(BATCH, body, content_type="application/json")
    return answer.status_code, answer.json()


def observation(number: str, series: int, **more: Any) -> dict[str, Any]:
    body = {"result": 1.5, "phenomenonTime": TIME, "Datastream": {"@iot.id": series}}
    return {"id": number, "method": "post", "url": "Observations", "body": body, **more}


def prepare(broker: Broker) -> None:
    link = broker.link()
    link.open()
    link.request("$JS.API.STREAM.CREATE.TELEMETRY", json.dumps({"name": "TELEMETRY", "subjects": ["log.>"]}).encode())
    link.close()


@pytest.mark.usefixtures("rooms")
def test_addresses_alone() -> None:
    links = get("/Things/$ref")["value"]
    assert [list(link) for link in links] == [["@iot.selfLink"]] * 2
    thing = links[0]["@iot.selfLink"].partition("/sta/v1.1")[2]
    assert len(get(f"{thing}/Datastreams/$ref?$top=1")["value"]) == 1
    stream = get(f"{thing}/Datastreams/$ref")["value"][0]["@iot.selfLink"].partition("/sta/v1.1")[2]
    assert get(f"{stream}/Thing/$ref")["@iot.selfLink"].endswith(thing)
    get("/$ref", 404)


def test_questions_are_answered_each_for_itself(rooms: dict[str, Entity]) -> None:
    status, body = asked(
        {"id": "1", "method": "get", "url": "Things?$filter=name eq 'Room a'&$select=name"},
        {"id": "2", "method": "get", "url": f"Things('{rooms['c'].id}')"},
        {"id": "3", "method": "get", "url": "/sta/v1.1/Datastreams/$ref"},
        {"id": "4", "method": "delete", "url": "Things('x')"},
        {"id": "5", "method": "get", "url": "Things?$filter=name eq"},
    )
    assert status == 200
    found = {one["id"]: one for one in body["responses"]}
    assert [found[number]["status"] for number in "12345"] == [200, 404, 200, 404, 400]
    assert [row["name"] for row in found["1"]["body"]["value"]] == ["Room a"]
    assert len(found["3"]["body"]["value"]) == 4


def test_a_change_set_is_taken_whole_or_not_at_all(broker: Broker) -> None:
    prepare(broker)
    device, secret, series = station("a")
    good, pm = f"{device.id}.{secret}", series["pm2_5"]
    broken = observation("2", pm, atomicityGroup="g") | {"body": {"phenomenonTime": TIME}}
    _status, body = asked(observation("1", pm, atomicityGroup="g"), broken, credential=good)
    assert [one["status"] for one in body["responses"]] == [400, 400]
    assert logged(broker) == ([], [])
    status, _body = asked(observation("1", pm), observation("2", pm), credential=f"{device.id}.wrong")
    assert status == 401
    other = observation("2", series["pm10"], atomicityGroup="g")
    _status, body = asked(observation("1", pm, atomicityGroup="g"), other, credential=good)
    assert [one["status"] for one in body["responses"]] == [201, 201]
    assert body["responses"][0]["headers"]["Location"].startswith("/sta/v1.1/Observations(")
    assert [value for _series, _at, value in logged(broker)[0]] == [1.5, 1.5]


def test_parts_with_a_change_set(broker: Broker, rooms: dict[str, Entity]) -> None:
    prepare(broker)
    device, secret, series = station("a")
    body = json.dumps(observation("", series["pm2_5"])["body"])
    text = (
        "--b\r\nContent-Type: application/http\r\n\r\nGET /sta/v1.1/Things?$top=1 HTTP/1.1\r\nHost: x\r\n\r\n\r\n"
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
        "--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n"
        f"POST /sta/v1.1/Observations HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n--c--\r\n--b--\r\n"
    )
    client = Client(headers={"authorization": f"Bearer {device.id}.{secret}"})
    answer = client.post(BATCH, text, content_type="multipart/mixed; boundary=b")
    assert answer.status_code == 200
    head = f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + answer.content).get_payload()
    first = parts[0].get_payload()
    assert first.startswith("HTTP/1.1 200")
    assert json.loads(first.partition("\n\n")[2] or first.partition("\r\n\r\n")[2])["value"][0]["name"] == "Room a"
    assert parts[1].get_payload()[0].get_payload().startswith("HTTP/1.1 201")
    assert [value for _series, _at, value in logged(broker)[0]] == [1.5]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400), (b'{"requests": []}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400), (b"x", "text/plain", 415), (b"x", "multipart/mixed", 415),
        (b"--b\r\n\r\nnothing\r\n--b--", "multipart/mixed; boundary=b", 400),
        (json.dumps({"requests": [{"id": "1", "method": "get", "url": "Things"}] * 201}).encode(),
         "application/json", 400),
        (b"x" * (batch.MOST_BYTES + 1), "application/json", 413),
    ],
)  # fmt: skip
def test_a_broken_batch_is_told(body: bytes, kind: str, status: int) -> None:
    answer = Client().post(BATCH, body, content_type=kind)
    assert answer.status_code == status


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.builds(
    lambda lines: "\r\n".join(lines).encode(),
    st.lists(st.sampled_from(["--b", "--b--", "", "GET Things HTTP/1.1", "Content-Type: multipart/mixed; boundary=b",
                              "POST Observations HTTP/1.1", "{}", "Content-Type: application/http"]), max_size=12),
))  # fmt: skip
def test_no_batch_makes_the_reader_fail(body: bytes) -> None:
    for kind in ("application/json", "multipart/mixed; boundary=b"):
        try:
            batch.serve(body, kind, lambda requests: [Answered(200)] * len(requests))
        except Problem as problem:
            assert problem.status in {400, 413, 415}  # noqa: PT017 - the other outcome is fine too
