"""The API of telemetry: what it answers, to whom, and that it refuses bad questions in words."""

import uuid
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from onecity.kernel.access.models import Grant
from onecity.kernel.core.clock import FixedClock, from_us, now, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import service, store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.tests.sample import AIR, HOUR, SECOND, T0

pytestmark = pytest.mark.django_db
HERE, THERE = "adm/1/11/", "adm/1/12/"
SPAN = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}


def put(series: int, *readings: tuple[int, float]) -> None:
    at = np.array([moment for moment, _value in readings], np.int64)
    batch = Batch(np.full(len(at), series, np.int32), at, np.array([value for _moment, value in readings], np.float64))
    store.Partitions().ensure({store.day_of(int(moment)) for moment in at})
    store.append(batch)
    store.write_newest(batch.take(np.array([len(batch) - 1])), np.zeros(1, np.bool_))


@pytest.fixture
def series() -> dict[str, int]:
    """`open` for everybody, `here` and `there` for their towns; one reading each, `open` three."""
    ids = {
        key: service.register_series(new_id(), f"urn:ngsi-ld:AirStation:{key}", AIR, division, public=key == "open")[
            "pm2_5"
        ]
        for key, division in (("open", THERE), ("here", HERE), ("there", THERE))
    }
    put(ids["open"], (T0, 10.0), (T0 + HOUR // 2, 20.0), (T0 + HOUR, 40.5))
    put(ids["here"], (T0, 1.0))
    put(ids["there"], (T0, 2.0))
    return ids


def client_of(path: str | None = None, permission: str = "telemetry.view") -> Client:
    client = Client(headers={"accept-language": "en", "accept": "application/json"})
    if path is not None:
        account = Account.objects.create_user(username=f"u{uuid.uuid4().hex[:8]}", password=None)
        Grant.objects.create(account_id=account.id, permission=permission, path=path, valid_from=now())
        client.force_login(account)
    return client


def get(client: Client, what: str, **parameters: Any) -> Any:
    answer = client.get(f"/api/telemetry/{what}", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_everybody_lists_public_series_only(series: dict[str, int]) -> None:
    listed = get(client_of(), "series")
    assert [one["entity"] for one in listed["series"]] == ["urn:ngsi-ld:AirStation:open"] * 2
    assert listed["next"] is None
    first = listed["series"][0]
    assert (first["attribute"], first["unit"], first["symbol"], first["maximum"]) == ("pm2_5", "ug/m3", "µg/m³", 1000.0)
    assert first["id"] == series["open"]


def test_a_town_lists_its_own_and_the_public_by_pages(series: dict[str, int]) -> None:
    client = client_of(HERE)
    first = get(client, "series", attribute="pm2_5", limit=1)
    assert [one["id"] for one in first["series"]] == [series["open"]]
    second = get(client, "series", attribute="pm2_5", limit=1, after=first["next"])
    assert ([one["id"] for one in second["series"]], second["next"]) == ([series["here"]], None)
    assert get(client, "series", entity="urn:ngsi-ld:AirStation:there")["series"] == []
    assert len(get(client, "series", entity="here")["series"]) == 2
    entity = Series.objects.get(id=series["here"]).entity_id
    assert len(get(client, "series", entity=str(entity), type="AirStation")["series"]) == 2
    assert get(client, "series", type="NoiseStation")["series"] == []


def test_latest_says_age_and_whether_it_is_stale(series: dict[str, int]) -> None:
    with use_clock(FixedClock(from_us(T0 + 2 * HOUR + SECOND))):
        found = get(client_of(), "latest", entity="open")
    assert [(one["series"], one["value"], one["observed_at"]) for one in found] == [
        (series["open"], 40.5, "2026-03-01T01:00:00Z")
    ]
    assert (found[0]["age_seconds"], found[0]["stale"]) == (3601.0, True)


def test_the_readings_of_a_span_by_pages(series: dict[str, int]) -> None:
    client = client_of(HERE)
    asked: dict[str, Any] = SPAN | {"attribute": "pm2_5", "limit": 2}
    first = get(client, "range", **asked)
    assert [(one["id"], one["points"]) for one in first["series"]] == [
        (series["open"], [["2026-03-01T00:00:00Z", 10.0], ["2026-03-01T00:30:00Z", 20.0]]),
        (series["here"], []),
    ]
    second = get(client, "range", **asked, after=first["next"])
    assert [one["points"] for one in second["series"]] == [
        [["2026-03-01T01:00:00Z", 40.5]],
        [["2026-03-01T00:00:00Z", 1.0]],
    ]
    assert second["next"] is None
    newest = get(client, "range", **asked, order="newest")
    assert newest["series"][0]["points"] == [["2026-03-01T01:00:00Z", 40.5], ["2026-03-01T00:30:00Z", 20.0]]
    rest = get(client, "range", **asked, order="newest", after=newest["next"])
    assert [one["points"] for one in rest["series"]] == [
        [["2026-03-01T00:00:00Z", 10.0]],
        [["2026-03-01T00:00:00Z", 1.0]],
    ]


def test_figures_by_bucket_of_the_zone(series: dict[str, int]) -> None:
    asked: dict[str, Any] = SPAN | {"series": series["open"], "function": ["mean", "count"]}
    hourly = get(client_of(), "aggregate", **asked, bucket="1h")
    assert hourly["series"][0]["points"] == [["2026-03-01T00:00:00Z", 15.0, 2.0], ["2026-03-01T01:00:00Z", 40.5, 1.0]]
    assert (hourly["bucket_seconds"], hourly["functions"]) == (3600, ["mean", "count"])
    daily = get(client_of(), "aggregate", **asked, bucket="1d", zone="Asia/Shanghai")
    assert daily["series"][0]["points"] == [["2026-02-28T16:00:00Z", 23.5, 3.0]]
    assert get(client_of(), "aggregate", **asked, bucket="600")["series"][0]["points"][1][0] == "2026-03-01T00:30:00Z"


def test_the_same_as_a_table(series: dict[str, int]) -> None:
    client = client_of(HERE)
    asked: dict[str, Any] = SPAN | {"attribute": "pm2_5"}
    by_format = client.get("/api/telemetry/range", asked | {"format": "csv", "limit": 2})
    assert by_format["Content-Type"] == "text/csv; charset=utf-8"
    assert by_format["X-Next"] == f"{series['open']}~{T0 + HOUR // 2}"
    assert by_format.content.decode().splitlines() == [
        "series,entity,attribute,unit,observed_at,value",
        f"{series['open']},urn:ngsi-ld:AirStation:open,pm2_5,ug/m3,2026-03-01T00:00:00Z,10.0",
        f"{series['open']},urn:ngsi-ld:AirStation:open,pm2_5,ug/m3,2026-03-01T00:30:00Z,20.0",
    ]
    by_header = client.get(
        "/api/telemetry/aggregate", asked | {"bucket": "1d", "zone": "UTC"}, headers={"accept": "text/csv"}
    )
    assert by_header.content.decode().splitlines() == [
        "series,entity,attribute,unit,bucket_start,mean",
        f"{series['open']},urn:ngsi-ld:AirStation:open,pm2_5,ug/m3,2026-03-01T00:00:00Z,23.5",
        f"{series['here']},urn:ngsi-ld:AirStation:here,pm2_5,ug/m3,2026-03-01T00:00:00Z,1.0",
    ]


def test_the_course_for_a_chart(series: dict[str, int]) -> None:
    found = get(client_of(), "charts/timeseries", **SPAN, series=series["open"])
    assert found == {
        "title": "open",
        "gap_seconds": 4500.0,
        "series": [
            {
                "name": "pm2_5",
                "unit": "µg/m³",
                "decimals": 1,
                "points": [[T0 // 1000, 10.0], [T0 // 1000 + 1_800_000, 20.0], [T0 // 1000 + 3_600_000, 40.5]],
            }
        ],
    }
    both = get(client_of(HERE), "charts/timeseries", **SPAN, attribute="pm2_5")
    assert [line["name"] for line in both["series"]] == ["open · pm2_5", "here · pm2_5"]


def test_a_long_course_is_thinned(series: dict[str, int]) -> None:
    put(series["here"], *[(T0 + (n + 1) * 10 * SECOND, float(n % 2)) for n in range(4000)])
    line = get(client_of(HERE), "charts/timeseries", **SPAN, series=series["here"])["series"][0]
    assert 100 < len(line["points"]) <= 1500
    assert line["points"][1][1] == 0.5


@pytest.mark.parametrize("what", ["latest", "range", "aggregate", "charts/timeseries"])
def test_what_may_not_be_seen_does_not_exist(series: dict[str, int], what: str) -> None:
    for client in (client_of(), client_of(HERE)):
        span = SPAN if what != "latest" else {}
        answer = client.get(f"/api/telemetry/{what}", span | {"series": series["there"]})
        assert (answer.status_code, answer.json()["code"]) == (404, "no-series")


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("latest", {}, "series"),
    ("latest", {"series": "x"}, "series.0"),
    ("latest", {"series": 2**31}, "series.0"),
    ("series", {"after": -1}, "after"),
    ("series", {"limit": 0}, "limit"),
    ("range", {"start": "2026-03-01T00:00:00"}, "start"),
    ("range", {"start": "0001-01-01T00:00:00+23:59"}, "start"),
    ("range", {"start": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"}, "end"),
    ("range", {"start": "2025-03-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}, "end"),
    ("range", {"after": "1~"}, "after"),
    ("range", {"after": "99999999999~1"}, "after"),
    ("range", {"after": "1~9999999999999999"}, "after"),
    ("range", {"limit": 10**9}, "limit"),
    ("range", {"order": "upwards"}, "order"),
    ("aggregate", {"bucket": "0"}, "bucket"),
    ("aggregate", {"bucket": "1y"}, "bucket"),
    ("aggregate", {"bucket": "99999999w"}, "bucket"),
    ("aggregate", {"bucket": "25h"}, "bucket"),
    ("aggregate", {"bucket": "1s", "start": "2020-03-01T00:00:00Z", "end": "2026-03-01T00:00:00Z"}, "bucket"),
    ("aggregate", {"function": "median"}, "function.0"),
    ("aggregate", {"zone": "../../etc/passwd"}, "zone"),
    ("aggregate", {"zone": "Asia"}, "zone"),
    ("aggregate", {"format": "xml"}, "format"),
    ("charts/timeseries", {"end": "9999-12-31T23:59:59Z"}, "end"),
]


@pytest.mark.parametrize(("what", "parameters", "field"), BAD)
def test_bad_questions_are_refused_in_words(
    series: dict[str, int], what: str, parameters: dict[str, Any], field: str
) -> None:
    chosen = {} if field.startswith("series") or what == "series" else {"series": series["open"]}
    answer = client_of().get(f"/api/telemetry/{what}", chosen | parameters)
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"].removeprefix("wanted.") for error in answer.json()["errors"]] == [field]


def test_the_wall_holds_without_the_filter(
    series: dict[str, int], app_role: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row-level security alone: the application's own filter lets everything through."""
    monkeypatch.setattr("onecity.kernel.telemetry.finding.policy.scopes", lambda *_: ("",))
    found = get(client_of(), "range", **SPAN, attribute="pm2_5")
    assert [one["entity"] for one in found["series"]] == ["urn:ngsi-ld:AirStation:open"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT series_id FROM telemetry_observation")
        assert [row[0] for row in cursor.fetchall()] == [series["open"]]


def test_metrics_are_for_this_machine_and_for_monitoring(
    series: dict[str, int], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ONECITY_NATS_URL = "nats://127.0.0.1:1"
    client = client_of()
    answer = client.get("/metrics")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lines = answer.content.decode().splitlines()
    assert "onecity_broker_up 0" in lines
    assert "onecity_store_readings 5" in lines
    assert "onecity_store_open_days 1" in lines
    assert "# TYPE onecity_readings_total counter" in lines
    assert client.get("/metrics", headers={"x-forwarded-for": "10.1.1.1"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="10.1.1.1").status_code == 403
    assert client_of(HERE).get("/metrics", REMOTE_ADDR="10.1.1.1").status_code == 200
    monkeypatch.setenv("ONECITY_METRICS_TOKEN", "let me in")
    for token, status in (("let me in", 200), ("let me out", 403)):
        answer = client.get("/metrics", REMOTE_ADDR="10.1.1.1", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status
