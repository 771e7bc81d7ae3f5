"""The detector of anomalies on the Numenta Anomaly Benchmark: 58 labelled series, scored as its authors score."""

import csv
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from onecity.domains.devices.logic.anomaly import onsets, surprise

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "data" / "telemetry" / "nab"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the labelled series are not beside the checkout")
# reference results of the same corpus and scorer (standard profile), as its authors publish them
WINDOWED_GAUSSIAN, SKYLINE = 39.6, 58.2

Series = tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]


def seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text.partition(".")[0]).replace(tzinfo=dt.UTC).timestamp()


def read(name: str, windows: list[list[str]]) -> Series:
    with (CORPUS / name).open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    at = np.array([seconds(row[0]) for row in rows])
    inside = [np.flatnonzero((at >= seconds(a)) & (at <= seconds(b))) for a, b in windows]
    return at, np.array([float(row[1]) for row in rows]), [(int(i[0]), int(i[-1])) for i in inside]


def sigmoid(position: float) -> float:
    return -1.0 if position > 3 else 2 / (1 + np.exp(5 * position)) - 1


def worth(count: int, windows: list[tuple[int, int]], costs: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """What an alarm at each point is worth, and the window it lies in (-1: none)."""
    value, window = np.empty(count), np.full(count, -1)
    for number, (first, last) in enumerate(windows):
        window[first : last + 1] = number
    last, width = -1, 0
    for i in range(count):
        if window[i] >= 0:
            first, last = windows[window[i]]
            width = last - first + 1
            value[i] = sigmoid(-(last - i + 1) / width) * costs["tpWeight"] / sigmoid(-1.0)
        else:
            value[i] = costs["fpWeight"] * (-1.0 if last < 0 else sigmoid((i - last) / (width - 1)))
    return value, window


def score(series: Mapping[str, Series], surprises: Mapping[str, np.ndarray], costs: Mapping[str, float]) -> float:
    """The score at the best single threshold, 0 for finding nothing and 100 for finding all at once."""
    alarms: list[tuple[float, float, int]] = []
    windows = 0
    for name, (at, _values, spans) in series.items():
        value, window = worth(len(at), spans, costs)
        first = min(int(0.15 * len(at)), 750)
        heights = surprises[name]
        alarms += [
            (float(heights[i]), float(value[i]), int(window[i]) + windows + 1 if window[i] >= 0 else 0)
            for i in np.flatnonzero(heights > 0).tolist()
            if i >= first
        ]
        windows += len(spans)
    found = np.full(windows + 1, -costs["fnWeight"])
    total = best = -costs["fnWeight"] * windows
    for _height, gain, hit in sorted(alarms, key=lambda a: -a[0]):
        if not hit:
            total += gain
        elif gain > found[hit]:
            total += gain - found[hit]
            found[hit] = gain
        best = max(best, total)
    return float(100 * (best + costs["fnWeight"] * windows) / (windows * (costs["tpWeight"] + costs["fnWeight"])))


def test_score_on_the_whole_corpus() -> None:
    labels = json.loads((CORPUS / "labels" / "combined_windows.json").read_text())
    costs = json.loads((CORPUS / "config" / "profiles.json").read_text())["standard"]["CostMatrix"]
    series = {name: read(name, windows) for name, windows in labels.items()}
    alarms = {}
    for name, (at, values, _windows) in series.items():
        found = surprise(values, float(np.median(np.diff(at))))
        kept = onsets(found, threshold=1e-9)
        alarms[name] = np.zeros(len(found))
        alarms[name][kept] = found[kept]
    reached = score(series, alarms, costs)
    assert reached == pytest.approx(59.05, abs=0.05)
    assert reached > SKYLINE > WINDOWED_GAUSSIAN
