"""Measured attributes: their readings are the history, whether single, paged, the last ones or gathered."""

import datetime as dt
import itertools
from typing import Any

import numpy as np
import pytest

from onecity.kernel.core.clock import to_us
from onecity.kernel.telemetry import upkeep
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.ngsild.temporal import collecting, readings
from onecity.kernel.twin.ngsild.temporal.span import DAY, Span
from onecity.kernel.twin.ngsild.temporal.tests.conftest import Client, keep

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
MINUTE, HOUR = 60_000_000, 3_600_000_000
KIND = EntityType(
    name="HistoryStation",
    title="Station",
    attributes=(
        Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000, model_name="pm25"),
        Attribute("temperature", "Temperature", "Cel", -40, 60),
    ),
    max_age=dt.timedelta(hours=2),
    model_name="AirQualityObserved",
)
ALL = "timerel=after&timeAt=2026-01-01T00:00:00Z"


def station(key: str, *, public: bool = True) -> dict[str, int]:
    """A station and the numbers of its series."""
    entity = service.upsert_entity(
        type=KIND, key=key, name=f"Station {key}", division_path="adm/1/", lon=121.5, lat=30.9, public=public
    )
    return dict(Series.objects.filter(entity_id=entity.id).values_list("attribute", "id"))


def minutes(series: int, number: int, start: int = to_us(START)) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A reading a minute: 0, 1, 2 …"""
    keep([series] * number, [start + n * MINUTE for n in range(number)], [float(n) for n in range(number)])
    return np.arange(number, dtype=np.float64)


def urn(key: str) -> str:
    return f"urn:ngsi-ld:HistoryStation:{key}"


def pairs(client: Client, query: str, name: str = "pm25", key: str = "1") -> list[Any]:
    answer = client("GET", f"/temporal/entities/{urn(key)}?{query}&format=temporalValues")
    assert answer.status in {200, 206}, answer.body
    found: list[Any] = answer.json()[name]["values"]
    return found


def test_readings_are_instances(measured: Client) -> None:
    minutes(station("1")["pm2_5"], 3)
    body = measured("GET", f"/temporal/entities/{urn('1')}?{ALL}").json()
    assert body["type"] == "AirQualityObserved"
    first = body["pm25"][0]
    assert first.pop("instanceId").startswith("urn:ngsi-ld:instance:reading:")
    assert first == {
        "type": "Property",
        "value": 0.0,
        "observedAt": "2026-03-01T00:00:00.000000Z",
        "unitCode": "ug/m3",
    }
    assert "temperature" not in body
    assert "name" not in body  # it says no observedAt
    assert "name" in measured("GET", f"/temporal/entities/{urn('1')}").json()
    sys = measured("GET", f"/temporal/entities/{urn('1')}?{ALL}&options=sysAttrs").json()["pm25"][0]
    assert sys["createdAt"] == sys["modifiedAt"] == sys["observedAt"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("timerel=before&timeAt=2026-03-01T00:02:00Z", [0, 1]),
        ("timerel=between&timeAt=2026-03-01T23:59:00Z&endTimeAt=2026-03-02T00:02:00Z", [1439, 1440, 1441]),
        ("timerel=after&timeAt=2026-03-03T23:58:00Z", [4318, 4319]),
        (f"{ALL}&lastN=3", [4319, 4318, 4317]),
        ("timerel=before&timeAt=2026-03-02T00:01:00Z&lastN=2", [1440, 1439]),
        ("lastN=1", [4319]),
    ],
)
def test_bounds(measured: Client, query: str, expected: list[float]) -> None:
    minutes(station("1")["pm2_5"], 3 * 1440)
    assert [pair[0] for pair in pairs(measured, query)] == expected


def test_parts_of_a_long_history_are_the_whole(measured: Client) -> None:
    number = station("1")["pm2_5"]
    minutes(number, 12_000)
    found, at = [], "2026-01-01T00:00:00Z"
    for _part in range(3):
        answer = measured("GET", f"/temporal/entities/{urn('1')}?timerel=after&timeAt={at}&format=temporalValues")
        found += answer.json()["pm25"]["values"]
        if answer.status == 200:
            break
        header = answer.header("content-range") or ""
        at = header.removesuffix("/*")[-27:]
        assert header.startswith("DateTime 2026-0")
        found.pop()  # the next part begins with it
    assert [pair[0] for pair in found] == list(range(12_000))


def test_more_of_one_moment_than_an_answer_holds(measured: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST", 3)
    numbers = [station(str(key))["pm2_5"] for key in range(5)]
    for hour in range(2):
        keep(numbers, [to_us(START) + hour * HOUR] * 5, [float(hour)] * 5)
    answer = measured("GET", f"/temporal/entities?type=AirQualityObserved&{ALL}&format=temporalValues")
    assert (answer.status, len(answer.json())) == (206, 5)
    assert all(one["pm25"]["values"] == [[0.0, "2026-03-01T00:00:00.000000Z"]] for one in answer.json())
    back = measured("GET", f"/temporal/entities?type=AirQualityObserved&{ALL}&format=temporalValues&lastN=2")
    assert [one["pm25"]["values"][0][0] for one in back.json()] == [1.0] * 5
    assert back.header("content-range") == ("DateTime 2026-03-01T01:00:00.000000Z-2026-03-01T01:00:00.000000Z/2")


def test_last_readings_of_series_of_different_pace(measured: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST", 20)
    series = station("1")
    minutes(series["pm2_5"], 2000)
    keep([series["temperature"]] * 2, [to_us(START), to_us(START) + HOUR], [5.0, 6.0])
    body = measured("GET", f"/temporal/entities/{urn('1')}?{ALL}&lastN=2&format=temporalValues").json()
    assert [pair[0] for pair in body["pm25"]["values"]] == [1999.0, 1998.0]
    assert [pair[0] for pair in body["temperature"]["values"]] == [6.0, 5.0]


@pytest.mark.parametrize("rolled_up", [False, True])
def test_periods(measured: Client, rolled_up: bool) -> None:
    minutes(station("1")["pm2_5"], 2 * 1440)
    if rolled_up:
        upkeep.roll_up_day(START.date())
    query = "timerel=between&timeAt=2026-03-01T00:30:00Z&endTimeAt=2026-03-03T00:00:00Z&format=aggregatedValues"
    every = "avg,distinctCount,max,min,stddev,sum,sumsq,totalCount"
    values = np.arange(30, 2 * 1440, dtype=np.float64)
    whole = measured("GET", f"/temporal/entities/{urn('1')}?{query}&aggrMethods={every}").json()["pm25"]
    single = {name: whole[name][0][0] for name in every.split(",")}
    assert single == pytest.approx(
        {
            "avg": values.mean(),
            "distinctCount": len(values),
            "max": values.max(),
            "min": 30,
            "stddev": values.std(ddof=1),
            "sum": values.sum(),
            "sumsq": (values**2).sum(),
            "totalCount": len(values),
        }
    )
    assert whole["avg"][0][1:] == ["2026-03-01T00:30:00Z", "2026-03-03T00:00:00Z"]
    daily = f"{query}&aggrMethods=avg,max&aggrPeriodDuration=P1D".replace("00:30:00", "00:00:00")
    days = measured("GET", f"/temporal/entities/{urn('1')}?{daily}").json()["pm25"]
    assert days["avg"] == [
        [719.5, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"],
        [2159.5, "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"],
    ]
    month = measured("GET", f"/temporal/entities/{urn('1')}?{daily.replace('P1D', 'P1M')}").json()["pm25"]
    assert month["max"] == [[2879.0, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"]]
    odd = measured("GET", f"/temporal/entities/{urn('1')}?{daily.replace('P1D', 'PT7M')}").json()["pm25"]
    assert (odd["avg"][1], len(odd["avg"])) == (
        [10.0, "2026-03-01T00:07:00Z", "2026-03-01T00:14:00Z"],
        -(-2880 // 7),
    )


def test_what_a_client_adds_stands_among_readings_and_what_it_takes_back_is_gone(measured: Client) -> None:
    minutes(station("1")["pm2_5"], 3)
    path = f"/temporal/entities/{urn('1')}"
    more = {"type": "Property", "value": 0.5, "observedAt": "2026-03-01T00:00:30Z"}
    same = {"type": "Property", "value": 9.5, "observedAt": "2026-03-01T00:01:00Z"}
    assert measured("POST", f"{path}/attrs", {"pm25": [more, same]}).status == 204
    assert [pair[0] for pair in pairs(measured, ALL)] == [0.0, 0.5, 1.0, 2.0]
    assert [pair[0] for pair in pairs(measured, f"{ALL}&lastN=3")] == [2.0, 1.0, 0.5]
    body = measured("GET", f"{path}?{ALL}").json()["pm25"]
    assert [one["value"] for one in body] == [0.0, 0.5, 1.0, 2.0]
    assert measured("DELETE", f"{path}/attrs/pm25/{body[0]['instanceId']}").status == 422
    assert measured("DELETE", f"{path}/attrs/pm25").status == 204
    assert measured("GET", f"{path}?{ALL}").status == 404
    gathered = f"{ALL}&format=aggregatedValues&aggrMethods=avg"
    assert measured("GET", f"{path}?{gathered}").status == 404
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    keep([Series.objects.get(attribute="pm2_5").id], [to_us(later)], [77.0])
    assert [pair[0] for pair in pairs(measured, ALL)] == [77.0]
    assert measured("GET", f"{path}?{gathered}").json()["pm25"]["avg"][0][0] == 77.0


def test_queries_over_readings(measured: Client) -> None:
    for key, value in (("1", 10.0), ("2", 50.0), ("3", 90.0)):
        keep([station(key)["pm2_5"]], [to_us(START)], [value])
    station("4")

    def ids(query: str) -> list[str]:
        answer = measured("GET", f"/temporal/entities?type=AirQualityObserved&{query}")
        assert answer.status == 200, answer.body
        return [one["id"].rsplit(":", 1)[1] for one in answer.json()]

    assert ids(ALL) == ["1", "2", "3"]
    assert ids(f"{ALL}&q=pm25>20") == ["2", "3"]
    assert ids(f"{ALL}&q=pm25>20;name==%22Station 3%22") == ["3"]
    assert ids("timerel=before&timeAt=2026-03-01T00:00:00Z&q=pm25>20") == []
    assert ids(f"{ALL}&georel=near;maxDistance==100&geometry=Point&coordinates=[121.5,30.9]&q=pm25<20") == ["1"]
    assert ids(f"{ALL}&attrs=pm25&limit=1&offset=1") == ["2"]
    assert ids(f"{ALL}&attrs=temperature") == []
    # readings lie behind the span, so that the newest one alone does not tell
    keep([Series.objects.get(entity_urn=urn("1"), attribute="pm2_5").id], [to_us(START) + HOUR], [11.0])
    assert ids("timerel=before&timeAt=2026-03-01T00:30:00Z") == ["1", "2", "3"]
    assert ids("timerel=between&timeAt=2026-03-01T00:10:00Z&endTimeAt=2026-03-01T00:30:00Z") == []


def test_steps_cover_everything_once() -> None:
    days = [n * DAY for n in (0, 1, 2, 5, 9, 10, 11, 40)]
    span = Span("between", DAY // 2, 11 * DAY + 5)
    forwards = list(readings._steps(days, span, backwards=False))
    backwards = list(readings._steps(days, span, backwards=True))
    for steps in (forwards, sorted(backwards)):
        assert steps[0][0] == DAY // 2
        assert steps[-1][1] == 11 * DAY + 5
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(steps))
