"""A recording loses nothing on its way to the gateway: units convert, gaps stay gaps, rubbish goes along as it is."""

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest

from onecity.kernel.core.errors import Problem
from onecity.sim import recording
from onecity.sim.profiles import BEIJING_AIR, NOISE_LAEQ1M, PROFILES
from onecity.sim.recording import Recording, ndjson, read, weeks_until

HEAD = "observed_at,pm2_5,pm10,so2,no2,co,o3,temp_c,pressure_hpa,dewpoint_c,rain_mm,wind_dir,wind_speed_ms\n"
FIRST = "2013-03-01T00:00+08:00,9,9,3,17,300,89,-0.5,1024.5,-21.4,0,NNW,5.7\n"


def air(tmp_path: Path, *lines: str) -> Recording:
    path = tmp_path / "dongsi.csv"
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    return read(path, BEIJING_AIR, BEIJING_AIR.zone)


def sent(found: Recording) -> list[dict[str, object]]:
    return [json.loads(line) for line in ndjson(found.frame, "urn:x").splitlines()]


def test_values_arrive_in_the_units_of_the_entity_type(tmp_path: Path) -> None:
    values = {str(line["attribute"]): line["value"] for line in sent(air(tmp_path, FIRST))}
    assert values == {
        "pm2_5": 9.0,
        "pm10": 9.0,
        "so2": 3.0,
        "no2": 17.0,
        "co": 0.3,
        "o3": 89.0,
        "temperature": -0.5,
        "pressure": 1024.5,
        "wind_direction": 337.5,
        "wind_speed": 5.7,
    }


def test_times_with_their_offset_become_utc(tmp_path: Path) -> None:
    found = air(tmp_path, FIRST)
    assert found.first == found.last == dt.datetime(2013, 2, 28, 16, tzinfo=dt.UTC)
    assert {line["observed_at"] for line in sent(found)} == {1_362_067_200_000}


def test_missing_values_are_no_rows(tmp_path: Path) -> None:
    found = air(tmp_path, "2013-03-01T00:00+08:00,9,,,,,,,,,,,\n", "2013-03-01T01:00+08:00,,,,,,,,,,,,5.7\n")
    assert [(line["attribute"], line["value"]) for line in sent(found)] == [("pm2_5", 9.0), ("wind_speed", 5.7)]


def test_rubbish_is_sent_as_it_is(tmp_path: Path) -> None:
    found = air(
        tmp_path,
        FIRST,
        "2013-03-01T01:00+08:00,n/a,9,,,,,,,,,XYZ,\n",
        "yesterday,10,,,,,,,,,,,\n",
    )
    assert len(found) == 10 + 3 + 1
    odd = [line for line in sent(found) if not isinstance(line["value"], float) or line["observed_at"] == "yesterday"]
    assert [(line["attribute"], line["value"], line["observed_at"]) for line in odd] == [
        ("pm2_5", "n/a", "2013-02-28T17:00:00.000Z"),
        ("wind_direction", "XYZ", "2013-02-28T17:00:00.000Z"),
        ("pm2_5", "10.0", "yesterday"),
    ]


def test_rows_are_put_in_order_of_time(tmp_path: Path) -> None:
    found = air(tmp_path, "2013-03-01T02:00+08:00,3,,,,,,,,,,,\n", FIRST)
    times = found.frame["ms"].to_list()
    assert times == sorted(times)
    assert found.frame["value"].to_list()[-1] == 3.0


def test_local_times_take_the_zone_that_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "noise.csv.gz"
    path.write_bytes(gzip.compress(b"observed_at,laeq_db\n2025-03-21T00:00:30,47.36041774214498\n"))
    shanghai = read(path, NOISE_LAEQ1M, "Asia/Shanghai")
    assert shanghai.first == dt.datetime(2025, 3, 20, 16, 0, 30, tzinfo=dt.UTC)
    assert read(path, NOISE_LAEQ1M, "UTC").first == dt.datetime(2025, 3, 21, 0, 0, 30, tzinfo=dt.UTC)
    assert shanghai.frame["value"].to_list() == [47.36041774214498]


def test_a_local_time_that_the_clocks_skip_is_no_time(tmp_path: Path) -> None:
    path = tmp_path / "noise.csv"
    path.write_text("observed_at,laeq_db\n2025-03-30T01:30:00,50\n2025-03-30T02:30:00,51\n", encoding="utf-8")
    found = read(path, NOISE_LAEQ1M, "Europe/Paris")
    assert [line["observed_at"] for line in sent(found)] == [1_743_294_600_000, "2025-03-30T02:30:00"]


def test_a_shift_moves_all_times_by_whole_weeks(tmp_path: Path) -> None:
    found = air(tmp_path, FIRST)
    now = dt.datetime(2026, 11, 25, 1, tzinfo=dt.UTC)
    by = weeks_until(found.last, now)
    moved = found.shifted(by)
    assert by % dt.timedelta(weeks=1) == dt.timedelta(0)
    assert dt.timedelta(0) <= now - moved.last < dt.timedelta(weeks=1)
    assert moved.frame["ms"][0] - found.frame["ms"][0] == by.total_seconds() * 1000
    assert weeks_until(now + dt.timedelta(hours=1), now) == dt.timedelta(0)


@pytest.mark.parametrize(
    ("text", "code"),
    [("time,value\n1,2\n", "replay-columns"), (HEAD + "never,1,,,,,,,,,,,\n", "replay-times"), ("", "replay-file")],
)
def test_a_file_that_does_not_fit_says_what_is_wrong(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Problem) as caught:
        recording.read(path, BEIJING_AIR, "UTC")
    assert caught.value.code == code


def test_profiles_fit_their_entity_types() -> None:
    for profile in PROFILES.values():
        for column in profile.columns:
            assert profile.entity_type.attribute(column.attribute).name == column.attribute
        assert profile.place
        assert profile.licence
