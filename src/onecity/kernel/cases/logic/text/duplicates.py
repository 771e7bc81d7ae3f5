"""How likely two cases tell of the same thing: by words, place, time and kind, for many pairs at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from onecity.kernel.cases.logic.text.grams import Rows
from onecity.kernel.cases.logic.text.linear import score
from onecity.kernel.core.geometry import distance_m

# how much each of the four says; the words most, since a place and a kind are shared by many different things
TEXT, PLACE, KIND, TIME = 0.5, 0.25, 0.15, 0.1
LIKELY: Final = 0.6
# the same thing told in quite other words is not seen; better a pair missed than many wrong ones
LEAST_TEXT: Final = 0.2
FARTHEST_M: Final = 500.0
# distance and time after which the share has fallen to 1/e
NEAR_M, NEAR_HOURS = 150.0, 72.0
# cases of one village without a point
UNPLACED: Final = 0.6
GROUP: Final = 32
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Told:
    """Cases as columns: degrees (NaN without a point), seconds, kind, class and division as numbers, words as rows."""

    lon: Floats
    lat: Floats
    at: Floats
    kind: Indices
    category: Indices
    division: Indices
    words: Rows


@dataclass(frozen=True)
class Pairs:
    """Pairs that are likely the same: places in the first and in the second set, and why."""

    left: Indices
    right: Indices
    score: Floats
    text: Floats
    metres: Floats
    hours: Floats


def likely(left: Told, right: Told, width: int, least: float = LIKELY) -> Pairs:
    """All pairs of a case of `left` and one of `right` whose score is at least `least`. `width`: columns of the words."""
    found = [_group(left, right, width, at, least) for at in range(0, len(left.at), GROUP)]
    if not found:
        empty = np.zeros(0)
        return Pairs(empty.astype(np.int64), empty.astype(np.int64), empty, empty, empty, empty)
    return Pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


Group = tuple[Indices, Indices, Floats, Floats, Floats, Floats]


def _group(left: Told, right: Told, width: int, at: int, least: float) -> Group:
    which = np.arange(at, min(at + GROUP, len(left.at)))
    text = cosine(left.words.take(which), right.words, width)
    i, j = which[:, None], np.arange(len(right.at))[None, :]
    away = distance_m(left.lon[i], left.lat[i], right.lon[j], right.lat[j])
    hours = np.abs(left.at[i] - right.at[j]) / 3600
    same_place = np.where(left.division[i] == right.division[j], UNPLACED, 0.0)
    place = np.where(np.isnan(away), same_place, np.exp(-np.nan_to_num(away) / NEAR_M))
    kind = np.where(left.kind[i] == right.kind[j], 1.0, np.where(left.category[i] == right.category[j], 0.5, 0.0))
    total = TEXT * text + PLACE * place + KIND * kind + TIME * np.exp(-hours / NEAR_HOURS)
    rows, columns = np.nonzero((total >= least) & (text >= LEAST_TEXT) & (place > 0) & ~(away > FARTHEST_M))
    return (
        which[rows], columns, total[rows, columns], text[rows, columns], away[rows, columns], hours[rows, columns]
    )  # fmt: skip


def cosine(left: Rows, right: Rows, width: int) -> Floats:
    """The cosine of every row of `left` with every row of `right`; rows have unit length."""
    dense = np.zeros((width, len(left)), np.float32)
    dense[left.columns, np.repeat(np.arange(len(left)), np.diff(left.starts))] = left.weights
    return score(right, dense, np.zeros(len(left), np.float32)).T
