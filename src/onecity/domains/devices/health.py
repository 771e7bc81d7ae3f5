"""The check-up of all devices: reads their figures as arrays, has logic.health judge them, keeps what was found."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from onecity.domains.devices import clocks, findings
from onecity.domains.devices.findings import Ailment, Key
from onecity.domains.devices.fleet import Fleet
from onecity.domains.devices.logic import health as logic
from onecity.domains.devices.logic.fitness import Fitness, judge
from onecity.domains.devices.logic.health import DEFAULT, Floats, Ints
from onecity.domains.devices.logic.nearness import nearest
from onecity.domains.devices.models import FindingKind
from onecity.kernel.core.clock import from_us, now, to_us
from onecity.kernel.telemetry import query

HOUR_S = 3600
HOUR = dt.timedelta(hours=1)
HOUR_US = HOUR_S * 1_000_000
DAY_S = 86_400
# hours looked back upon: by the hourly check-up, and by the nightly one that knows every series' past
BRIEF, WHOLE = 24, 14 * 24
BATTERY_DAYS = 14
# a battery is announced so many days before it is empty
SOON_EMPTY_DAYS = 14.0
NEIGHBOURS = 5
NEAR_M = 15_000.0
# series whose hours are read at a time
AT_ONCE = 5_000
# directions have no median: north lies on both sides
ROUND = frozenset({"deg"})

QUICK = frozenset({FindingKind.SILENT, FindingKind.FLAPPING, FindingKind.CLOCK})
THOROUGH = QUICK | {FindingKind.BATTERY, FindingKind.STUCK, FindingKind.DRIFT}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many series were looked at, and what was found: still open by kind, begun and ended just now."""

    series: int
    found: Mapping[str, int]
    begun: int
    ended: int


@dataclass
class _Round:
    """One check-up under way: the fleet, the last full hour, and what was found so far."""

    fleet: Fleet
    end: dt.datetime
    hours: int
    found: dict[Key, Ailment] = field(default_factory=dict)
    lively: dict[int, int] = field(default_factory=dict)

    @property
    def start(self) -> dt.datetime:
        return self.end - self.hours * HOUR

    def note(self, row: int, kind: FindingKind, value: float, onset: dt.datetime, *, whole: bool = True) -> None:
        """Keep a finding about series `row`, or (`whole`) about its device."""
        fleet = self.fleet
        key = Key(fleet.devices[row], kind, None if whole else int(fleet.series[row]))
        unit = "" if whole else fleet.units[row]
        self.found[key] = Ailment(fleet.paths[row], fleet.attributes[row] if not whole else "", value, unit, onset)


def check(*, thorough: bool) -> Outcome:
    """Look at all devices and bring the findings up to date; `thorough` also at batteries and values (14 days)."""
    moment = now()
    clocks.sample(moment)
    fleet = Fleet.load()
    end = moment.replace(minute=0, second=0, microsecond=0)
    work = _Round(fleet, end, WHOLE if thorough else BRIEF)
    silent = _silent(work, moment)
    _hours(work, thorough=thorough)
    _flapping(work)
    where = fleet.paths_by_device()
    for device, (offset, since) in clocks.off(where).items():
        work.found[Key(device, FindingKind.CLOCK, None)] = Ailment(where[device], "", offset, "s", since)
    if thorough:
        _batteries(work)
    # of a silent device nothing else can be said: what was found before stays as it is
    begun, ended = findings.settle(work.found, THOROUGH if thorough else QUICK, silent, moment)
    counts = {kind.value: sum(key.kind == kind for key in work.found) for kind in FindingKind}
    return Outcome(len(fleet), counts, begun, ended)


def _silent(work: _Round, moment: dt.datetime) -> frozenset[findings.DeviceId]:
    """Devices of which no series has spoken for three times the age at which its readings are old."""
    fleet = work.fleet
    state = judge(fleet.newest_us, fleet.max_age_us, fleet.active, to_us(moment))
    heard = (state == Fitness.WELL) | (state == Fitness.LATE)
    speaking = {fleet.devices[row] for row in np.flatnonzero(heard).tolist()}
    newest: dict[findings.DeviceId, int] = {}
    for row in np.flatnonzero(state == Fitness.SILENT).tolist():
        device = fleet.devices[row]
        if device not in speaking and fleet.newest_us[row] >= fleet.newest_us[newest.get(device, row)]:
            newest[device] = row
    for row in newest.values():
        last = from_us(int(fleet.newest_us[row]))
        hours = (moment - last) / HOUR
        work.note(row, FindingKind.SILENT, round(hours, 1), last)
    return frozenset(newest)


def _hours(work: _Round, *, thorough: bool) -> None:
    """Read the hours of all series, kind by kind (neighbours are of one kind), and judge their values."""
    for rows in work.fleet.by_channel():
        judged = thorough and not work.fleet.derived[rows[0]]
        means = np.full((len(rows), work.hours), np.nan)
        for begin in range(0, len(rows), AT_ONCE):
            part = rows[begin : begin + AT_ONCE]
            counts, mean, low, high = _read(work, part, values=judged)
            _presence(work, part, counts)
            if judged:
                means[begin : begin + AT_ONCE] = mean
                _stuck(work, part, low, high)
        if judged and work.fleet.units[rows[0]] not in ROUND:
            _drifting(work, rows, means)


def _read(work: _Round, rows: Ints, *, values: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Number, mean, least and greatest of each hour, [rows, hours]; of the first alone where values are not asked for."""
    fleet, hours = work.fleet, work.hours
    wanted: tuple[query.Function, ...] = ("count", "mean", "minimum", "maximum") if values else ("count",)
    ids = fleet.series[rows]
    found = query.aggregate(ids.tolist(), work.start, work.end, HOUR_S, wanted)
    order = np.argsort(ids)
    line = order[np.searchsorted(ids, found.series_id, sorter=order)]
    hour = ((found.bucket_start - to_us(work.start)) // HOUR_US).astype(np.int64)
    grids = []
    for name in ("count", "mean", "minimum", "maximum"):
        grid = np.zeros((len(rows), hours)) if name == "count" else np.full((len(rows), hours), np.nan)
        if name in found.values:
            grid[line, hour] = found.values[name]
        grids.append(grid)
    return grids[0], grids[1], grids[2], grids[3]


def _presence(work: _Round, rows: Ints, counts: Floats) -> None:
    """Remember how often each series came and went within the last day."""
    day = counts[:, -BRIEF:]
    expected = work.fleet.an_hour[rows]
    usual = logic.usual(day)
    often = np.where(expected > 0, np.minimum(expected, usual), usual)
    changes = logic.flapping(day, often)
    for place in np.flatnonzero(often >= logic.JUDGED_AN_HOUR).tolist():
        work.lively[int(rows[place])] = int(changes[place])


def _flapping(work: _Round) -> None:
    """A device flaps when all of its series do: one that reports two things at different times does not."""
    fewest: dict[findings.DeviceId, int] = {}
    for row, number in work.lively.items():
        device = work.fleet.devices[row]
        if device not in fewest or number < work.lively[fewest[device]]:
            fewest[device] = row
    for row in fewest.values():
        if work.lively[row] >= DEFAULT.flapping_changes:
            work.note(row, FindingKind.FLAPPING, work.lively[row], work.end - BRIEF * HOUR)


def _stuck(work: _Round, rows: Ints, low: Floats, high: Floats) -> None:
    hours = logic.stuck(low, high)
    for place in np.flatnonzero(hours).tolist():
        standing = int(hours[place])
        work.note(int(rows[place]), FindingKind.STUCK, standing, work.end - standing * HOUR, whole=False)


def _drifting(work: _Round, rows: Ints, means: Floats) -> None:
    fleet = work.fleet
    if len(rows) <= DEFAULT.neighbours:
        return
    near = nearest(fleet.lon[rows], fleet.lat[rows], NEIGHBOURS, NEAR_M)
    found = logic.drift(means, near)
    for place in np.flatnonzero(found.shift).tolist():
        row, onset = int(rows[place]), work.start + int(found.onset[place]) * HOUR
        work.note(row, FindingKind.DRIFT, float(found.shift[place]), onset, whole=False)


def _batteries(work: _Round) -> None:
    fleet = work.fleet
    rows = np.flatnonzero(np.isfinite(fleet.battery_minimum))
    for part in _pieces(rows):
        daily = _daily(fleet.series[part], work.end)
        low, left = logic.battery(daily, fleet.battery_minimum[part])
        for place in np.flatnonzero(low | (left <= SOON_EMPTY_DAYS)).tolist():
            work.note(int(part[place]), FindingKind.BATTERY, round(float(left[place]), 1), work.end)


def _daily(ids: Ints, end: dt.datetime) -> Floats:
    """Mean of each of the last 24-hour spans, oldest first."""
    start = end - dt.timedelta(days=BATTERY_DAYS)
    found = query.aggregate(ids.tolist(), start, end, HOUR_S, ("sum", "count"))
    order = np.argsort(ids)
    line = order[np.searchsorted(ids, found.series_id, sorter=order)]
    day = ((found.bucket_start - to_us(start)) // (DAY_S * 1_000_000)).astype(np.int64)
    total, number = np.zeros((len(ids), BATTERY_DAYS)), np.zeros((len(ids), BATTERY_DAYS))
    np.add.at(total, (line, day), found.values["sum"])
    np.add.at(number, (line, day), found.values["count"])
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _pieces(rows: Ints) -> Iterator[Ints]:
    for begin in range(0, len(rows), AT_ONCE):
        yield rows[begin : begin + AT_ONCE]
