"""Uploaded tables: encodings, separators, Excel, times and units; every reading stored or in quarantine, none twice."""

import io
import json
import time
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.models import UploadMapping
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker
from onecity.kernel.telemetry.tests.field import logged, manager, values
from onecity.kernel.telemetry.tests.sample import SECOND, T0, station
from onecity.kernel.telemetry.uploads import meaning as meanings
from onecity.kernel.telemetry.uploads import service, tables

pytestmark = COMMITTING

FILE = """站点编号,监测时间,PM2.5 (µg/m3),pm10
a,2026-03-01 08:00:00,35.5,61
a,2026/03/01 09:00,36,-
a,2026-03-01T02:00:00Z,"1,000",abc
a,yesterday,37,62
nobody,2026-03-01 08:00:00,1,2
,2026-03-01 08:00:00,3,
a,2026-03-01 12:00:00,,
"""


@pytest.fixture
def log(broker: Broker) -> Broker:
    link = broker.link()
    link.open()
    link.request("$JS.API.STREAM.CREATE.TELEMETRY", json.dumps({"name": "TELEMETRY", "subjects": ["log.>"]}).encode())
    link.close()
    return broker


def mapping(**changes: Any) -> dict[str, Any]:
    return {
        "time_column": "监测时间",
        "entity_column": "站点编号",
        "values": [
            {"column": "PM2.5 (µg/m3)", "attribute": "pm2_5", "unit": "ug/m3"},
            {"column": "pm10", "attribute": "pm10"},
        ],
    } | changes


def test_a_file_is_shown_with_what_its_columns_seem_to_mean(committed: None) -> None:
    shown = service.preview(FILE.encode("gb18030", errors="replace").replace("µ".encode(), b"u"), "adm/1/", manager())
    assert shown.remembered is False
    assert shown.count == 7
    assert (shown.meaning.time_column, shown.meaning.entity_column) == ("监测时间", "站点编号")
    assert [(v.attribute, v.unit) for v in shown.meaning.values][1] == ("pm10", "")
    assert shown.meaning.values[0].attribute == "pm2_5"


def test_every_reading_is_stored_or_in_quarantine_and_the_mapping_is_remembered(committed: None, log: Broker) -> None:
    _device, _secret, series = station("a")
    report = service.take(FILE.encode(), mapping(), "adm/1/", manager())
    assert (report.rows, report.readings) == (7, 11)
    assert report.accepted + report.quarantined == report.readings
    assert report.reasons == {
        "wrong_type": 1, "bad_time": 2, "unknown_entity": 2, "malformed": 2,
    }  # fmt: skip
    assert {(error.reason, error.line) for error in report.errors} >= {("wrong_type", 4), ("bad_time", 5)}
    rows, refusals = logged(log)
    assert [(at - T0) // SECOND // 60 for number, at, _v in rows if number == series["pm2_5"]] == [0, 60, 120]
    assert values(log, series["pm2_5"]) == [35.5, 36.0, 1000.0]
    assert values(log, series["pm10"]) == [61.0]
    assert sum(refusal.readings for refusal in refusals) == report.quarantined
    again = service.preview(FILE.encode(), "adm/1/", manager())
    assert again.remembered is True
    assert again.meaning.values[0].unit == "ug/m3"
    assert UploadMapping.objects.count() == 1


def test_excel_is_read_as_well(committed: None, log: Broker) -> None:
    _device, _secret, series = station("a")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([])
    sheet.append(["station", "time", "pm2_5"])
    for line in FILE.splitlines()[1:3]:
        entity, moment, value, _rest = line.split(",")
        sheet.append([entity, moment, float(value)])
    file = io.BytesIO()
    book.save(file)
    wanted = {"time_column": "time", "entity_column": "station", "values": [{"column": "pm2_5", "attribute": "pm2_5"}]}
    report = service.take(file.getvalue(), wanted, "adm/1/", manager())
    assert (report.rows, report.accepted, report.quarantined) == (2, 2, 0)
    assert values(log, series["pm2_5"]) == [35.5, 36.0]


def test_one_row_a_reading(committed: None, log: Broker) -> None:
    _device, _secret, series = station("a")
    file = b"time;what;value\n2026-03-01 08:00:00;pm2_5;1\n2026-03-01 08:00:00;pm10;2\n2026-03-01 09:00:00;lead;3\n"
    wanted = {"time_column": "time", "entity": "a", "attribute_column": "what", "values": [{"column": "value"}]}
    report = service.take(file, wanted, "adm/1/", manager())
    assert (report.accepted, report.reasons) == (2, {"unknown_attribute": 1})
    assert (values(log, series["pm2_5"]), values(log, series["pm10"])) == ([1.0], [2.0])


@pytest.mark.parametrize(
    ("file", "code"),
    [(b"", "upload-unreadable"), (b"a,b\n", "upload-unreadable"), (b"\x00\x01\x02", "upload-unreadable"),
     (b"PK\x03\x04nonsense", "upload-unreadable"), (b"a,b\n1,2\n", "upload-mapping")],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_nothing_is_kept(
    file: bytes, code: str, committed: None, log: Broker
) -> None:
    with pytest.raises(Problem) as caught:
        service.take(file, mapping(), "adm/1/", manager())
    assert (caught.value.code, caught.value.status) == (code, 422)
    assert logged(log) == ([], [])
    assert not UploadMapping.objects.exists()


def test_others_entities_are_not_written_to(committed: None, log: Broker) -> None:
    _device, _secret, series = station("a", division="adm/2/")
    stranger = Account.objects.create_user("stranger", "a-long-password")
    with pytest.raises(Problem) as caught:
        service.take(FILE.encode(), mapping(), "adm/1/", stranger)
    assert caught.value.status == 403
    assert logged(log) == ([], [])
    assert series


def test_a_hundred_thousand_rows_in_seconds(committed: None, log: Broker) -> None:
    _device, _secret, series = station("a")
    lines = [f"a,{T0 // SECOND + n}000000,{n % 500},{n % 300}" for n in range(100_000)]
    file = ("entity,time,pm2_5,pm10\n" + "\n".join(lines)).encode()
    wanted = {"time_column": "time", "entity_column": "entity", "values": [
        {"column": "pm2_5", "attribute": "pm2_5"}, {"column": "pm10", "attribute": "pm10"}]}  # fmt: skip
    began = time.monotonic()
    report = service.take(file, wanted, "adm/1/", manager())
    assert time.monotonic() - began < 5
    assert (report.readings, report.accepted, report.quarantined) == (200_000, 200_000, 0)
    assert series


@fuzzing(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet="a1,;\n\"'2026-: ", max_size=200).map(str.encode))
def test_no_file_makes_the_reader_fail(file: bytes) -> None:
    try:
        table = tables.read(file)
    except tables.TableError:
        return
    found = meanings.guess(table, "Asia/Shanghai")
    meanings.check(found, table.columns)
