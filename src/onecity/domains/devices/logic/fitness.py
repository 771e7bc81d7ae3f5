"""Whether devices send as they should: judged for all at once from the moments of their newest readings."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER = np.iinfo(np.int64).min
# a device is late when it missed one report, silent when it missed more than this many
SILENT_AFTER = 3


class Fitness(IntEnum):
    """The state of a device, the worst first."""

    SILENT = 0
    UNHEARD = 1
    LATE = 2
    WELL = 3
    REVOKED = 4


def judge(newest_us: Int64s, max_age_us: Int64s, active: Bools, now_us: int) -> NDArray[np.int8]:
    """The `Fitness` of each device, int8[n].

    `newest_us` int64[n]: moment of its newest reading (µs since 1970 UTC; NEVER where none has come), `max_age_us` int64[n]:
    age up to which its readings count as current, `active` bool[n]: whether it may send at all.
    """
    heard = newest_us != NEVER
    age = now_us - np.where(heard, newest_us, now_us)
    state = np.full(len(newest_us), Fitness.WELL, np.int8)
    state[age > max_age_us] = Fitness.LATE
    state[age > SILENT_AFTER * max_age_us] = Fitness.SILENT
    state[~heard] = Fitness.UNHEARD
    state[~active] = Fitness.REVOKED
    return state
