"""Tables by the API: the meaning of the columns is sent once and remembered, errors are told by line, large files pass."""

import io
import json
import resource
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.models import UploadMapping
from onecity.kernel.telemetry.tests.conftest import Broker
from onecity.kernel.telemetry.tests.field import logged, manager, values
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.telemetry.tests.test_uploads import FILE, mapping
from onecity.kernel.telemetry.uploads.tables import MAX_FILE

pytestmark = pytest.mark.django_db
PATH = "/api/telemetry/uploads"


@pytest.fixture
def client(broker: Broker) -> Client:
    link = broker.link()
    link.open()
    link.request("$JS.API.STREAM.CREATE.TELEMETRY", json.dumps({"name": "TELEMETRY", "subjects": ["log.>"]}).encode())
    link.close()
    found = Client(headers={"accept-language": "en"})
    found.force_login(manager())
    return found


def post(client: Client, path: str, content: bytes, **fields: str) -> tuple[int, dict[str, Any]]:
    answer = client.post(path, {"file": SimpleUploadedFile("values.csv", content), "division": "adm/1/", **fields})
    return answer.status_code, answer.json()


def test_a_table_is_looked_at_taken_and_remembered(client: Client, broker: Broker) -> None:
    _device, _secret, series = station("a")
    status, shown = post(client, f"{PATH}/preview", FILE.encode())
    assert (status, shown["count"], shown["remembered"]) == (200, 7, False)
    assert shown["mapping"]["time_column"] == "监测时间"
    status, unknown = post(client, PATH, FILE.encode())
    assert (status, unknown["code"]) == (409, "upload-mapping-unknown")
    assert logged(broker) == ([], [])
    status, report = post(client, PATH, FILE.encode(), mapping=json.dumps(mapping()))
    assert (status, report["rows"], report["accepted"], report["quarantined"]) == (200, 7, 4, 7)
    assert {(error["line"], error["reason"]) for error in report["errors"]} >= {(5, "bad_time"), (6, "unknown_entity")}
    assert values(broker, series["pm10"]) == [61.0]
    status, again = post(client, PATH, FILE.encode())
    assert (status, again["readings"]) == (200, 11)
    assert UploadMapping.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "fields", "status"),
    [
        (b"\0\1\2", {}, 422),
        (FILE.encode(), {"mapping": "{"}, 422),
        (FILE.encode(), {"mapping": "[]"}, 422),
        (FILE.encode(), {"mapping": json.dumps(mapping(time_column="none"))}, 422),
    ],
)
def test_nothing_is_half_done(
    client: Client, broker: Broker, content: bytes, fields: dict[str, str], status: int
) -> None:
    assert post(client, PATH, content, **fields)[0] == status
    assert logged(broker) == ([], [])
    assert not UploadMapping.objects.exists()


def test_who_may_not_manage_may_not_upload(client: Client, broker: Broker) -> None:
    client.force_login(Account.objects.create_user("somebody", "a-long-password"))
    assert post(client, PATH, FILE.encode())[0] == 403
    assert logged(broker) == ([], [])


def test_large_files_pass_in_bounded_memory_and_larger_ones_do_not(client: Client, broker: Broker) -> None:
    _device, _secret, series = station("a")
    head = "site,time,pm2_5,note\n"
    line = "a,2026-03-01 08:00:00,{},{}\n"
    body = io.BytesIO()
    body.write(head.encode())
    note = "x" * 9_500
    for number in range(10_500):
        body.write(line.format(number / 100, note).encode())
    content = body.getvalue()
    assert 95 * 1024**2 < len(content) <= MAX_FILE
    wanted = {
        "time_column": "time", "entity_column": "site", "values": [{"column": "pm2_5", "attribute": "pm2_5"}],
        "zone": "Asia/Shanghai",
    }  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status, report = post(client, PATH, content, mapping=json.dumps(wanted))
    assert (status, report["rows"], report["readings"]) == (200, 10_500, 10_500)
    assert report["accepted"] + report["quarantined"] == 10_500
    # the file in the request, in the server, and as columns: some copies, not dozens
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_200_000
    assert values(broker, series["pm2_5"])
    status, refused = post(client, PATH, content + b"y" * (MAX_FILE - len(content) + 1), mapping=json.dumps(wanted))
    assert (status, refused["code"]) == (413, "too_large")
