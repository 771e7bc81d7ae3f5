"""Real files through the running platform: every row accounted for, alerts where the data truly exceed, cases closed."""

import csv
import gzip
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import httpx
import polars as pl
import psycopg
import pytest

from onecity.project import sample_district
from onecity.project.stack.platform import Platform
from onecity.project.stack.postgres import Postgres

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "environment"
TOWN = f"adm/{sample_district.ADCODE}/{sample_district.ADCODE}001/"
PASSWORD = "onecity-demo"
LADDER = ((60, "blue"), (115, "yellow"), (150, "orange"), (250, "red"))
CLEARS_AT = 54.0

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the real data (Beijing air, noise) do not lie beside this checkout; see docs/"
    ),
]


@dataclass(frozen=True)
class Replayed:
    """A replay as the command printed it, with the lines of the file it was given."""

    file: Path
    lines: list[dict[str, str]]
    output: str
    shift: timedelta

    @property
    def key(self) -> str:
        stem = self.file.name.removesuffix(".csv.gz")
        return stem if stem.startswith("noise") else f"beijing_air-{stem}"


@dataclass(frozen=True)
class Exceedance:
    """One stretch above the blue level, found in the text of the file."""

    onset: datetime
    end: datetime | None
    peak: float
    severity: str


@pytest.fixture(scope="module")
def database(platform: Platform) -> Iterator[psycopg.Connection]:
    with Postgres(platform.env.home).connect() as connection:
        connection.autocommit = True
        yield connection


def part_of(source: Path, target: Path, wanted: Callable[[str], bool], *more: str) -> list[dict[str, str]]:
    """Copy the lines of a file whose time is wanted, unchanged, and `more` lines after them."""
    with gzip.open(source, "rt", encoding="utf-8") as file:
        head = next(file)
        kept = [line for line in file if wanted(line)] + [f"{line}\n" for line in more]
    with gzip.open(target, "wt", encoding="utf-8") as file:
        file.write(head + "".join(kept))
    return list(csv.DictReader([head, *kept]))


def replay(platform: Platform, file: Path, profile: str, *options: str) -> str:
    command = [sys.executable, "-m", "onecity.project.cli", "replay", str(file), "--profile", profile]
    done = subprocess.run(
        [*command, "--division", TOWN, *options],
        env=platform.child_env("system"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def weeks_to_now(last: datetime) -> timedelta:
    week = timedelta(weeks=1)
    return (datetime.now(UTC) - last) // week * week


@pytest.fixture(scope="module")
def beijing(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Dongsi in January and February 2017, the winter's smog, with one line doubled and one that is no reading."""
    file = tmp_path_factory.mktemp("beijing") / "dongsi.csv.gz"
    doubled = "2017-02-28T23:00+08:00,,,,,,,,1013.8,,,,"
    rubbish = "2017-02-28T23:30+08:00,many,,,,,,,,,,,"
    lines = part_of(
        DATA / "beijing_air" / "dongsi.csv.gz", file, lambda line: line.startswith("2017-"), doubled, rubbish
    )
    shift = weeks_to_now(datetime(2017, 2, 28, 15, 30, tzinfo=UTC))
    return Replayed(file, lines, replay(platform, file, "beijing_air"), shift)


@pytest.fixture(scope="module")
def noise(platform: Platform) -> Replayed:
    file = DATA / "noise_laeq1m.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as text:
        lines = list(csv.DictReader(text))
    shift = weeks_to_now(datetime(2025, 4, 1, 2, 29, 30, tzinfo=UTC))
    return Replayed(file, lines, replay(platform, file, "noise_laeq1m"), shift)


COLUMNS = ("pm2_5", "pm10", "so2", "no2", "co", "o3", "temp_c", "pressure_hpa", "wind_dir", "wind_speed_ms")


def values_in(lines: list[dict[str, str]], columns: tuple[str, ...]) -> int:
    return sum(1 for line in lines for column in columns if line[column])


def stored(database: psycopg.Connection, key: str, attribute: str) -> list[tuple[datetime, float]]:
    query = """
        SELECT o.observed_at, o.value FROM telemetry_observation o JOIN telemetry_series s ON s.id = o.series_id
        WHERE s.entity_key = %s AND s.attribute = %s ORDER BY o.observed_at
    """
    return database.execute(query, [key, attribute]).fetchall()


def figures(output: str) -> tuple[int, int, int]:
    """Rows in, stored and quarantined as the command printed them."""
    numbers = re.search(r"([\d,]+) [^=\d]*= [^\d]*([\d,]+) \+ [^\d]*([\d,]+)", output)
    assert numbers is not None, output
    rows, kept, refused = (int(number.replace(",", "")) for number in numbers.groups())
    return rows, kept, refused


def test_every_row_of_the_smog_is_stored_or_quarantined(
    platform: Platform, database: psycopg.Connection, beijing: Replayed
) -> None:
    rows = values_in(beijing.lines, COLUMNS)
    assert figures(beijing.output) == (rows, rows - 2, 2)
    count = """
        SELECT count(*) FROM telemetry_observation o JOIN telemetry_series s ON s.id = o.series_id
        WHERE s.entity_key = %s AND s.attribute <> 'aqi'
    """
    assert database.execute(count, [beijing.key]).fetchone() == (rows - 2,)
    reasons = """
        SELECT q.reason, sum(q.readings)::int FROM telemetry_quarantine q JOIN telemetry_device d ON d.id = q.device_id
        WHERE d.name = %s GROUP BY q.reason ORDER BY q.reason
    """
    found: dict[str, int] = dict(database.execute(reasons, [f"replay {beijing.key}"]).fetchall())
    assert sum(found.values()) == 2
    assert found["duplicate"] == 1


def test_stored_values_are_those_of_the_file(database: psycopg.Connection, beijing: Replayed) -> None:
    for column, attribute, factor in (("pm2_5", "pm2_5", 1.0), ("co", "co", 0.001), ("temp_c", "temperature", 1.0)):
        expected = [
            (
                datetime.fromisoformat(line["observed_at"]) + beijing.shift,
                float(line[column]) if factor == 1 else round(float(line[column]) * factor, 9),
            )
            for line in beijing.lines
            if line[column] and line[column] != "many"
        ]
        assert stored(database, beijing.key, attribute) == expected


def exceedances(replayed: Replayed) -> list[Exceedance]:
    """Stretches in which PM2.5 is above 60 until it is back at 54, straight from the lines of the file."""
    found: list[Exceedance] = []
    onset: datetime | None = None
    peak = 0.0
    for line in replayed.lines:
        if not line["pm2_5"] or line["pm2_5"] == "many":
            continue
        at, value = datetime.fromisoformat(line["observed_at"]) + replayed.shift, float(line["pm2_5"])
        if onset is None and value > LADDER[0][0]:
            onset, peak = at, value
        elif onset is not None and value <= CLEARS_AT:
            found.append(Exceedance(onset, at, peak, colour(peak)))
            onset = None
        elif onset is not None:
            peak = max(peak, value)
    return [*found, Exceedance(onset, None, peak, colour(peak))] if onset else found


def colour(peak: float) -> str:
    return [name for level, name in LADDER if peak > level][-1]


def test_alerts_stand_exactly_where_the_data_exceed(database: psycopg.Connection, beijing: Replayed) -> None:
    expected = exceedances(beijing)
    assert len(expected) > 5
    query = """
        SELECT a.onset, a."end", a.peak_value, a.severity, a.division_path FROM rules_alert a
        JOIN rules_rule r ON r.id = a.rule_id JOIN twin_entity e ON e.id = a.entity_id
        WHERE e.key = %s AND r.name = 'environment.pm2_5_exceedance' ORDER BY a.onset
    """
    found = database.execute(query, [beijing.key]).fetchall()
    assert [Exceedance(*row[:4]) for row in found] == expected
    assert {row[4] for row in found} == {TOWN}


def test_each_serious_alert_opened_one_case_in_its_town(database: psycopg.Connection, beijing: Replayed) -> None:
    serious = [one for one in exceedances(beijing) if one.severity != "blue"]
    query = """
        SELECT c.division_path, c.type_name, c.state FROM cases_case c JOIN rules_alert a ON a.case_id = c.id
        JOIN rules_rule r ON r.id = a.rule_id JOIN twin_entity e ON e.id = a.entity_id
        WHERE e.key = %s AND r.name = 'environment.pm2_5_exceedance'
    """
    wanted = [(TOWN, "air_exceedance", "opened")] * len(serious)
    assert until(lambda: database.execute(query, [beijing.key]).fetchall(), wanted) == wanted


def until(read: Callable[[], Sequence[object]], wanted: Sequence[object]) -> Sequence[object]:
    """Read again until it is as wanted, for at most 60 s; gives what was read last."""
    deadline = monotonic() + 60
    found = read()
    while found != wanted and monotonic() < deadline:
        sleep(0.2)
        found = read()
    return found


@contextmanager
def sign_in(platform: Platform, username: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.env.base_url, follow_redirects=True, timeout=30) as client:
        client.get("/accounts/login/")
        form = {"login": username, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post("/accounts/login/", data=form, headers={"Referer": platform.env.base_url})
        assert answer.is_success
        assert "sessionid" in client.cookies
        yield client


def test_a_case_is_accepted_handled_verified_and_closed_by_its_town(platform: Platform, beijing: Replayed) -> None:
    with sign_in(platform, "town-a") as clerk:
        listed = clerk.get("/api/cases", params={"type": "air_exceedance"}).json()["cases"]
        chosen = next(case for case in listed if case["division_path"] == TOWN)
        for action, state in (
            ("accept", "accepted"),
            ("start", "handling"),
            ("finish", "handled"),
            ("verify", "verified"),
            ("close", "closed"),
        ):
            answer = clerk.post(
                f"/api/cases/{chosen['id']}/act",
                json={"action": action, "note": "查明污染源并已停工"},
                headers={"X-CSRFToken": clerk.cookies["csrftoken"], "Referer": platform.env.base_url},
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["state"] == state
        assert answer.json()["closed_at"]
        history = [entry["action"] for entry in answer.json()["history"]]
        assert history[-5:] == ["accept", "start", "finish", "verify", "close"]
    with sign_in(platform, "town-b") as stranger:
        assert stranger.get(f"/api/cases/{chosen['id']}").status_code == 404


TABLE_2026 = {
    "pm2_5": ((0, 35, 60, 115, 150, 250, 350, 500), (0, 35, 60, 115, 150, 250, 350, 500)),
    "pm10": ((0, 50, 120, 250, 350, 420, 500, 600), (0, 50, 120, 250, 350, 420, 500, 600)),
    "so2": ((0, 150, 500, 650, 800), (0, 50, 150, 475, 800, 1600, 2100, 2620)),
    "no2": ((0, 100, 200, 700, 1200, 2340, 3090, 3840), (0, 40, 80, 180, 280, 565, 750, 940)),
    "co": ((0, 50, 100, 350, 600, 900, 1200, 1500), (0, 20, 40, 140, 240, 360, 480, 600)),
    "o3": ((0, 160, 200, 300, 400, 800, 1000, 1200), (0, 100, 160, 215, 265, 800)),
}
"""Break points of the hour and of the day, HJ 633-2026; CO in tenths of mg/m³."""
INDICES = (0, 50, 100, 150, 200, 300, 400, 500)


def index(columns: pl.DataFrame, row: int) -> list[int | None]:
    """The index of each line of rounded concentrations; None = NA (a pollutant is missing and nothing is above 100)."""

    def individual(name: str) -> pl.Expr:
        points, value = TABLE_2026[name][row], pl.col(name)
        found = pl.when(value.is_not_null()).then(pl.lit(INDICES[len(points) - 1]))
        for k in range(len(points) - 2, -1, -1):
            share = (value - points[k]) / (points[k + 1] - points[k])
            inside = (INDICES[k] + share * (INDICES[k + 1] - INDICES[k]) - 1e-9).ceil()
            found = pl.when(value <= points[k + 1]).then(inside).otherwise(found)  # type: ignore[assignment]  # a chain
        return found.alias(name)

    each = columns.select(individual(name) for name in TABLE_2026)
    largest = each.max_horizontal()
    missing = [any(value is None for value in line) for line in each.rows()]
    return [
        None if value is None or (gap and value <= 100) else int(value)
        for value, gap in zip(largest, missing, strict=True)
    ]


def measured(replayed: Replayed) -> pl.DataFrame:
    """The hours of the file with their shifted local time; CO in tenths of mg/m³."""
    hours = [line for line in replayed.lines if line["observed_at"].endswith(":00+08:00")][:-1]
    frame = pl.DataFrame({name: [float(h[name]) if h[name] else None for h in hours] for name in TABLE_2026})
    times = [datetime.fromisoformat(h["observed_at"]).replace(tzinfo=None) + replayed.shift for h in hours]
    return frame.with_columns(pl.col("co") / 100, at=pl.Series(times))


def rounded(name: str) -> pl.Expr:
    return pl.col(name).round(0, mode="half_to_even")


def test_hourly_indices_of_the_platform_equal_those_of_the_file(platform: Platform, beijing: Replayed) -> None:
    frame = measured(beijing).head(24 * 31)
    expected = index(frame.select(rounded(name) for name in TABLE_2026), 0)
    first, last = frame["at"][0].date(), frame["at"][-1].date()
    assert reported(platform, "hourly", beijing.key, first, last) == expected
    assert max(value for value in expected if value is not None) > 300


def test_daily_indices_of_the_platform_equal_those_of_the_file(platform: Platform, beijing: Replayed) -> None:
    frame = measured(beijing).with_columns(pl.col("o3").rolling_mean(8, min_samples=6).alias("eight"))
    within = pl.col("eight").filter(pl.col("at").dt.hour() >= 7)
    daily = frame.group_by(pl.col("at").dt.date().alias("day"), maintain_order=True).agg(
        *(
            pl.when(pl.col(name).count() >= 20).then(pl.col(name).mean()).alias(name)
            for name in TABLE_2026
            if name != "o3"
        ),
        pl.when(within.count() >= 14).then(within.max()).alias("o3"),
    )
    expected = index(daily.select(rounded(name) for name in TABLE_2026), 1)
    assert reported(platform, "daily", beijing.key, daily["day"][0], daily["day"][-1]) == expected
    assert sum(value is not None for value in expected) > 40


def reported(platform: Platform, period: str, key: str, first: date, last: date) -> list[int | None]:
    span = {"station": key, "start": first.isoformat(), "end": last.isoformat()}
    with sign_in(platform, "admin") as admin:
        answer = admin.get(f"/api/environment/air/{period}", params=span).json()
    assert {report["edition"] for report in answer["reports"]} == {"HJ 633-2026"}
    return [report["aqi"] for report in answer["reports"]]


def test_every_minute_of_noise_is_stored_and_levels_are_the_publishers(
    database: psycopg.Connection, noise: Replayed
) -> None:
    assert figures(noise.output) == (16_470, 16_470, 0)
    found = stored(database, noise.key, "laeq")
    assert [value for _at, value in found] == [float(line["laeq_db"]) for line in noise.lines]
    local = [(at.astimezone(UTC) + timedelta(hours=8), value) for at, value in found]
    parts = {"day": range(7, 19), "evening": range(19, 23), "night": (23, *range(7))}
    level = {name: equivalent([v for at, v in local if at.hour in hours]) for name, hours in parts.items()}
    assert {name: round(value, 2) for name, value in level.items()} == {"day": 51.75, "evening": 50.09, "night": 49.22}
    weighted = (
        12 * 10 ** (level["day"] / 10) + 4 * 10 ** (level["evening"] / 10 + 0.5) + 8 * 10 ** (level["night"] / 10 + 1)
    )
    assert round(10 * math.log10(weighted / 24), 2) == 56.10


def equivalent(levels: list[float]) -> float:
    return 10 * math.log10(math.fsum(10 ** (level / 10) for level in levels) / len(levels))


def test_day_and_night_levels_of_the_platform_equal_those_of_the_file(platform: Platform, noise: Replayed) -> None:
    days: dict[tuple[str, bool], list[float]] = {}
    for line in noise.lines:
        at = datetime.fromisoformat(line["observed_at"]) + noise.shift
        night = at.hour < 6 or at.hour >= 22
        owner = (at - timedelta(days=1 if at.hour < 6 else 0)).date().isoformat()
        days.setdefault((owner, night), []).append(float(line["laeq_db"]))
    first, last = min(day for day, _night in days), max(day for day, _night in days)
    with sign_in(platform, "admin") as admin:
        span = {"station": noise.key, "start": first, "end": last}
        found = {day["day"]: day for day in admin.get("/api/environment/noise/daily", params=span).json()}
    for (day, night), levels in days.items():
        shown = found[day]["night_level" if night else "day_level"]
        enough = len(levels) * 60 >= 0.75 * (8 if night else 16) * 3600
        assert shown == (pytest.approx(equivalent(levels), abs=1e-6) if enough else None)


def test_a_second_replay_changes_nothing(platform: Platform, database: psycopg.Connection, noise: Replayed) -> None:
    before = stored(database, noise.key, "laeq")
    again = replay(platform, noise.file, "noise_laeq1m")
    assert figures(again) == (16_470, 0, 16_470)
    assert stored(database, noise.key, "laeq") == before


def test_a_recording_from_elsewhere_is_not_shown_as_the_districts_own(platform: Platform, beijing: Replayed) -> None:
    with httpx.Client(base_url=platform.env.base_url, timeout=30) as resident:
        now = resident.get("/api/environment/air/now").json()
        assert beijing.key not in {station["key"] for station in now["stations"]}
        assert "beijing" not in resident.get("/environment").text.lower()
