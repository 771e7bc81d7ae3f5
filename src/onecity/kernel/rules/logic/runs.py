"""The run machine: from rows that raise, hold or clear to runs of exceedance, for all keys at once.

A key is one level of one rule on one series. Its rows pass a Schmitt trigger (raise sets it, clear resets it, hold
leaves it); the stretches in which it is set are the runs. Each key begins with one extra row that stands for what was
carried over from earlier batches, so that a stream cut anywhere gives the runs of the whole stream.
"""

from dataclasses import dataclass

import numpy as np

from onecity.kernel.rules.logic.arrays import NEVER, Bools, Bytes, Floats, Int64s, first_of_each

# a run that is still open, as carried between batches and journalled; `raised_at` NEVER while it is pending
RUN = np.dtype(
    [("key", "<i8"), ("since", "<i8"), ("raised_at", "<i8"), ("peak_at", "<i8"), ("peak", "<f8"), ("top", "i1")]
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of k keys, n in all, by (key, time); row `starts[i]` of each key is the carried one.

    `at` int64[n] (carried row: when its peak was), `x` float64[n] (carried row: its peak; NaN where undefined),
    `trigger` int8[n] (1 raises, -1 clears, 0 holds; the carried row never holds), `key` int64[n] position of the key.
    """

    starts: Int64s
    key: Int64s
    at: Int64s
    x: Floats
    trigger: Bytes


@dataclass(frozen=True, slots=True)
class Runs:
    """r runs by (key, time): `key` int64[r], `since`, `raised_at` (NEVER: not long enough yet), `peak_at`, `end_at` (NEVER:
    open) int64[r] in µs, `peak` float64[r], `carried` bool[r] whether it began before these rows.
    """

    key: Int64s
    since: Int64s
    raised_at: Int64s
    peak_at: Int64s
    peak: Floats
    end_at: Int64s
    carried: Bools


def find(rows: Rows, since: Int64s, raised_at: Int64s, duration: Int64s) -> Runs:
    """Return the runs in `rows`.

    `since`, `raised_at` int64[k]: of the run carried by each key (any value where the carried row clears);
    `duration` int64[k] (µs): how long a run must last, between readings, before it is raised.
    """
    n = len(rows.at)
    position = np.arange(n)
    decided = np.maximum.accumulate(np.where(rows.trigger != 0, position, 0))
    on = rows.trigger[decided] > 0
    opening = np.zeros(n, np.bool_)
    opening[rows.starts] = True
    closing = np.ones(n, np.bool_)
    closing[:-1] = opening[1:]
    begins = on & (opening | ~np.concatenate([[False], on[:-1]]))
    lasts = on & (closing | ~np.concatenate([on[1:], [False]]))
    first, last = np.flatnonzero(begins), np.flatnonzero(lasts)
    key, carried = rows.key[first], opening[first]
    run_since = np.where(carried, since[key], rows.at[first])
    inside = np.flatnonzero(on)
    run_of = np.cumsum(begins)[inside] - 1
    peak, peak_row = _peaks(rows.x[inside], run_of, len(first))
    end_at = np.where(closing[last], NEVER, rows.at[np.minimum(last + 1, n - 1)])
    raised = np.where(carried, raised_at[key], NEVER)
    _raise(raised, rows.at[inside], run_of, run_since, duration[key], waits=opening[inside])
    return Runs(key, run_since, raised, rows.at[inside][peak_row], peak, end_at, carried)


def _peaks(x: Floats, run_of: Int64s, runs: int) -> tuple[Floats, Int64s]:
    """Return each run's greatest x and the row where it first stood."""
    if not runs:
        return np.empty(0, np.float64), np.empty(0, np.int64)
    peak: Floats = np.fmax.reduceat(x, first_of_each(run_of))
    at_peak = np.flatnonzero(x == peak[run_of])
    return peak, at_peak[first_of_each(run_of[at_peak])]


def _raise(raised: Int64s, at: Int64s, run_of: Int64s, since: Int64s, duration: Int64s, *, waits: Bools) -> None:
    """Enter into `raised` the first reading at which a run not raised before has lasted its duration."""
    enough = np.flatnonzero((raised[run_of] == NEVER) & ~waits & (at - since[run_of] >= duration[run_of]))
    firsts = enough[first_of_each(run_of[enough])]
    raised[run_of[firsts]] = at[firsts]
