"""Pacing, the ledger and the account of a replay."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from onecity.kernel.core.errors import Problem
from onecity.sim import replay as module
from onecity.sim.ledger import Ledger, place
from onecity.sim.recording import Recording
from onecity.sim.replay import LARGEST_BATCH, Report

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def hourly(count: int) -> Recording:
    ms = [int(START.timestamp() * 1000) + k * 3_600_000 for k in range(count)]
    frame = pl.DataFrame({"attribute": "pm2_5", "value": 1.0, "raw": None, "ms": ms, "time": ""})
    return Recording(frame, START, START + dt.timedelta(hours=count - 1))


def test_at_full_speed_batches_are_as_large_as_allowed() -> None:
    frame = pl.DataFrame({"ms": range(LARGEST_BATCH + 1)})
    batches = list(module._batches(Recording(frame, START, START), 0, 0.0))
    assert batches == [(0, LARGEST_BATCH, 0.0), (LARGEST_BATCH, LARGEST_BATCH + 1, 0.0)]


def test_at_an_hour_a_second_each_hour_is_due_a_second_later() -> None:
    batches = list(module._batches(hourly(4), 0, 3600.0))
    assert batches == [(0, 1, 0.0), (1, 2, 1.0), (2, 3, 2.0), (3, 4, 3.0)]


def test_at_a_day_a_second_half_a_day_goes_out_every_half_second() -> None:
    batches = list(module._batches(hourly(36), 0, 86_400.0))
    assert batches == [(0, 12, 0.0), (12, 24, 0.5), (24, 36, 1.0)]


def test_a_resumed_replay_goes_on_where_it_stopped() -> None:
    assert [batch[:2] for batch in module._batches(hourly(4), 2, 3600.0)] == [(2, 3), (3, 4)]


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "nan", "inf"])
def test_a_speed_that_makes_no_sense_is_refused(speed: str) -> None:
    with pytest.raises(Problem) as caught:
        module._pace(speed)
    assert caught.value.code == "replay-speed"


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(Problem) as caught:
        module._profile("weather")
    assert "beijing_air" in str(caught.value)


def test_a_ledger_is_kept_until_the_replay_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x", encoding="utf-8")
    facts = ("beijing_air", "now")
    assert Ledger.resume(tmp_path, file, facts) is None
    ledger = Ledger(place(tmp_path, file, facts), 604_800, sent=5, stored_before=3)
    ledger.save()
    assert Ledger.resume(tmp_path, file, facts) == ledger
    assert Ledger.resume(tmp_path, file, ("beijing_air", "original")) is None
    ledger.complete = True
    ledger.save()
    assert Ledger.resume(tmp_path, file, facts) is None


@pytest.mark.parametrize(
    ("stored", "quarantined", "repeated", "exact"),
    [(90, 10, 0, True), (89, 10, 0, False), (91, 10, 0, False), (91, 10, 5, True), (96, 10, 5, False)],
)
def test_an_account_is_exact_or_says_that_rows_are_missing(
    stored: int, quarantined: int, repeated: int, *, exact: bool
) -> None:
    report = Report("a.csv", "urn:a", 100, stored, quarantined, repeated, 2.0, START, START, resumed=False)
    assert report.exact is exact
    assert report.rate == 50.0
