"""Texts as sparse rows of weighted character sequences, which need no word list and forgive what people misspell."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecity.kernel.core.search_text import IS_CHINESE, RUN

LONGEST = 3
LONGEST_TEXT = 2000
# before features that are no words of the text: the division it was told from, say
MARK = "\x01"
# house numbers and telephones say nothing of the kind, and must not stand in a stored model
NUMBER = re.compile(r"[0-9]+")
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Rows:
    """Sparse rows: row i has `columns[starts[i]:starts[i + 1]]` with the `weights` at the same places."""

    starts: npt.NDArray[np.int64]
    columns: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, which: npt.NDArray[np.int64]) -> "Rows":
        """Some of the rows, in the order asked for."""
        lengths = np.diff(self.starts)[which]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.repeat(self.starts[which] - starts[:-1], lengths) + np.arange(starts[-1])
        return Rows(starts, self.columns[places], self.weights[places])


def grams(text: str, extra: Iterable[str] = ()) -> Counter[str]:
    """How often each sequence of one to three Chinese characters and each other word occurs; `extra` are added, marked."""
    found: Counter[str] = Counter()
    for run in RUN.findall(unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower()):
        if IS_CHINESE.match(run):
            for length in range(1, LONGEST + 1):
                found.update(run[i : i + length] for i in range(len(run) - length + 1))
        elif not NUMBER.fullmatch(run):
            found[run[:40]] += 1
    found.update(MARK + one for one in extra)
    return found


def vocabulary(
    documents: Sequence[Counter[str]], *, least: int = 1, most: int = 40_000, keep: Set[str] = frozenset()
) -> dict[str, int]:
    """The `most` grams found in the most documents, each in at least `least` of them or one of `keep`, as columns."""
    held: Counter[str] = Counter()
    for document in documents:
        held.update(document.keys())
    kept = sorted((gram for gram, n in held.items() if n >= least or gram in keep), key=lambda g: (-held[g], g))
    kept = kept[:most]
    return {gram: column for column, gram in enumerate(kept)}


def rarity(documents: Sequence[Counter[str]], columns: Mapping[str, int]) -> Floats:
    """How much each column says: the smoothed inverse document frequency ln((1 + n) / (1 + df)) + 1."""
    held = np.zeros(len(columns))
    for document in documents:
        held[[columns[gram] for gram in document if gram in columns]] += 1
    return np.asarray(np.log((1 + len(documents)) / (1 + held)) + 1, dtype=np.float32)


def rows(documents: Sequence[Counter[str]], columns: Mapping[str, int], scale: Floats) -> Rows:
    """Documents as rows of unit length: (1 + ln count) times `scale`; grams without a column are left out."""
    lengths, found, counts = [], [], []
    for document in documents:
        known = [(columns[gram], n) for gram, n in document.items() if gram in columns]
        lengths.append(len(known))
        found += [column for column, _n in known]
        counts += [n for _column, n in known]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    where = np.asarray(found, dtype=np.int32)
    weights = ((1 + np.log(np.asarray(counts, dtype=np.float32))) * scale[where]).astype(np.float32)
    owner = np.repeat(np.arange(len(documents)), lengths)
    norms = np.sqrt(np.bincount(owner, weights=weights.astype(np.float64) ** 2, minlength=len(documents)))
    weights /= np.where(norms > 0, norms, 1)[owner].astype(np.float32)
    return Rows(starts, where, weights)
