"""What many texts of a period speak of: groups of alike texts, and whether there are more of them than there used to be."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from onecity.kernel.cases.logic.text.duplicates import cosine
from onecity.kernel.cases.logic.text.grams import rarity, rows, vocabulary

# as alike as this two texts are neighbours; a text with so many neighbours is the core of a topic
ALIKE: Final = 0.25
NEIGHBOURS: Final = 3
GROUP: Final = 256
MOST_WORDS: Final = 4
# beside no earlier text at all: half a one, so that growth has a measure
PRIOR: Final = 0.5
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Topic:
    """One topic: its texts (by place in the period, the most typical first), words, how many there were before in a period
    of the same length, how many times more it is now, and how likely so many are by chance (Poisson)."""

    members: tuple[int, ...]
    words: tuple[str, ...]
    expected: float
    growth: float
    chance: float


def chance_of_so_many(count: int, expected: float) -> float:
    """The probability of `count` or more where `expected` are usual, by Poisson's law."""
    below = sum(math.exp(-expected + k * math.log(expected) - math.lgamma(k + 1)) for k in range(count))
    return max(0.0, 1 - below)


def topics(now: Sequence[Counter[str]], before: Sequence[Counter[str]], periods: int) -> list[Topic]:
    """The topics of `now`, compared with `before` (the texts of `periods` earlier periods of the same length); those that
    are least likely by chance first. DBSCAN (Ester et al. 1996) on the cosine of tf-idf rows."""
    if len(now) < NEIGHBOURS:
        return []
    both = [*now, *before]
    columns = vocabulary(both, least=2, most=30_000)
    scale = rarity(both, columns)
    texts = rows(now, columns, scale)
    near = np.concatenate(
        [
            cosine(texts.take(np.arange(at, min(at + GROUP, len(now)))), texts, len(columns)) >= ALIKE
            for at in range(0, len(now), GROUP)
        ]
    )
    labels = groups(near)
    names = tuple(columns)
    found = []
    earlier = rows(before, columns, scale)
    for label in np.unique(labels[labels >= 0]):
        members = np.flatnonzero(labels == label)
        own = texts.take(members)
        middle = np.zeros(len(columns), np.float32)
        np.add.at(middle, own.columns, own.weights)
        middle /= max(float(np.linalg.norm(middle)), 1e-9)
        typical = _dot(own.starts, own.columns, own.weights, middle)
        # an earlier text belongs to the topic that is as typical of it as the least typical of its own
        least = float(np.quantile(typical, 0.1))
        count = int((_dot(earlier.starts, earlier.columns, earlier.weights, middle) >= least).sum())
        expected = count / periods
        found.append(
            Topic(
                members=tuple(members[np.argsort(-typical, kind="stable")].tolist()),
                words=_words([names[i] for i in np.argsort(-middle)[:60]]),
                expected=expected,
                growth=len(members) / max(expected, PRIOR),
                chance=chance_of_so_many(len(members), max(expected, PRIOR)),
            )
        )
    return sorted(found, key=lambda topic: (topic.chance, -len(topic.members), topic.members))


def groups(near: npt.NDArray[np.bool_]) -> Indices:
    """DBSCAN's groups of a symmetric neighbourhood: a number for each text, -1 for those in none."""
    core = near.sum(axis=1) >= NEIGHBOURS
    labels = np.where(core, np.arange(len(near)), len(near))
    linked = near & core[None, :]
    while True:
        # everybody takes the smallest number among the cores beside him, until nothing moves
        least = np.where(linked, labels[None, :], len(near)).min(axis=1)
        moved = np.where(core, np.minimum(labels, least), labels)
        if np.array_equal(moved, labels):
            break
        labels = moved
    border = np.where(linked, labels[None, :], len(near)).min(axis=1)
    labels = np.where(core, labels, border)
    return np.where(labels < len(near), labels, -1).astype(np.int64)


def _dot(
    starts: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float32],
    middle: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    told = (weights * middle[columns]).astype(np.float64)
    return np.bincount(owner, weights=told, minlength=len(starts) - 1).astype(np.float64)


def _words(ranked: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for word in ranked:
        if len(word) > 1 and not any(set(word) & set(one) for one in found):
            found.append(word)
    return tuple(found[:MOST_WORDS])
