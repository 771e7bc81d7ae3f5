"""A linear model of texts with calibrated confidence, whose every weight can be shown, learnt in one of two ways.

`centroids`: a class is the direction in which its texts lie (Rocchio), which is best while a class has a handful of texts.
`learn`: multinomial logistic regression by AdaGrad (Duchi, Hazan, Singer 2011) in small groups of texts, with a decaying
weight (L2) and each class counted alike, which is better once there are many. The confidence is calibrated by one temperature (Guo et al. 2017, "On calibration of modern neural networks").
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from onecity.kernel.cases.logic.text.grams import MARK, Floats, Rows, rarity, rows, vocabulary

GROUP: Final = 64
SPEED: Final = 0.5
DECAY: Final = 1e-4
# texts seen in all while learning: few texts are gone through often, many texts a few times
SEEN: Final = 4_000
MOST_ROUNDS, FEWEST_ROUNDS = 40, 3
SMALLEST_SHARE: Final = 0.05
FORMAT: Final = "onecity.text-model/1"
Documents = Sequence[Counter[str]]


@dataclass(frozen=True)
class Reason:
    """A word that spoke for a class, and how much (in the model's log odds over the mean of all classes)."""

    word: str
    weight: float


@dataclass(frozen=True, eq=False)
class Model:
    """A learnt model. `weights` is columns x classes; `temperature` divides the scores before they become shares."""

    classes: tuple[str, ...]
    columns: dict[str, int]
    scale: Floats
    weights: Floats
    bias: Floats
    temperature: float = 1.0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The gram of each column."""
        return tuple(self.columns)

    def scores(self, documents: Documents) -> npt.NDArray[np.float64]:
        """The uncalibrated score of each class for each document."""
        return score(rows(documents, self.columns, self.scale), self.weights, self.bias)

    def shares(self, documents: Documents) -> npt.NDArray[np.float64]:
        """How likely each class is, for each document; each row sums to one."""
        return softmax(self.scores(documents) / self.temperature)

    def reasons(self, document: Counter[str], name: str, most: int = 4) -> list[Reason]:
        """The words of the document that spoke most for this class; a sequence inside one already named is left out."""
        row = rows([document], self.columns, self.scale)
        over_mean = self.weights[row.columns] - self.weights[row.columns].mean(axis=1, keepdims=True)
        spoke = row.weights * over_mean[:, self.classes.index(name)] / self.temperature
        return _distinct([(self.names[row.columns[i]], float(spoke[i])) for i in np.argsort(-spoke)], most)


def _distinct(ranked: Sequence[tuple[str, float]], most: int) -> list[Reason]:
    # a single character seldom tells people anything; the longer sequence that holds it speaks for it
    found: list[Reason] = []
    total = sum(max(weight, 0.0) for _word, weight in ranked)
    for word, weight in ranked:
        if len(found) == most or weight <= 0 or weight < SMALLEST_SHARE * total / 2:
            break
        if word.startswith(MARK) or len(word) < 2 or any(word in r.word or r.word in word for r in found):
            continue
        found.append(Reason(word, round(weight, 3)))
    return found


def score(texts: Rows, weights: Floats, bias: Floats) -> npt.NDArray[np.float64]:
    """Rows times weights, plus bias."""
    found = np.zeros((len(texts), weights.shape[1]))
    filled = np.flatnonzero(np.diff(texts.starts))
    if len(filled):
        parts = texts.weights[:, None] * weights[texts.columns]
        found[filled] = np.add.reduceat(parts, texts.starts[filled], axis=0)
    return found + bias


def softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scores as shares, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def learn(
    documents: Documents,
    labels: Sequence[str],
    *,
    least: int = 1,
    most: int = 40_000,
    keep: Set[str] = frozenset(),
    seed: int = 0,
) -> Model:
    """Learn to tell the labels from the documents; the same input gives the same model.

    `least`, `most`, `keep`: see `vocabulary`. Raises ValueError for fewer than two different labels.
    """
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise ValueError("nothing to tell apart: fewer than two classes")
    columns = vocabulary(documents, least=least, most=most, keep=keep)
    scale = rarity(documents, columns)
    places = {name: i for i, name in enumerate(classes)}
    truth = np.asarray([places[label] for label in labels])
    weights, bias = _descend(rows(documents, columns, scale), truth, len(columns), len(classes), seed)
    return Model(classes, columns, scale, weights, bias)


def centroids(
    documents: Documents,
    labels: Sequence[str],
    *,
    worth: Sequence[float] = (),
    least: int = 1,
    most: int = 40_000,
    keep: Set[str] = frozenset(),
) -> Model:
    """Each class as the mean direction of its texts; a score is the cosine between text and class.

    `worth`: how much each document counts (empty: all alike). `least`, `most`, `keep`: see `vocabulary`. Raises ValueError for
    fewer than two different labels.
    """
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise ValueError("nothing to tell apart: fewer than two classes")
    columns = vocabulary(documents, least=least, most=most, keep=keep)
    scale = rarity(documents, columns)
    texts = rows(documents, columns, scale)
    places = {name: i for i, name in enumerate(classes)}
    owner = np.repeat(np.arange(len(texts)), np.diff(texts.starts))
    counts = np.asarray(worth, dtype=np.float64) if len(worth) else np.ones(len(texts))
    truth = np.asarray([places[label] for label in labels])
    cells = texts.columns.astype(np.int64) * len(classes) + truth[owner]
    size = len(columns) * len(classes)
    sums = np.bincount(cells, weights=texts.weights * counts[owner], minlength=size).reshape(-1, len(classes))
    lengths = np.sqrt((sums**2).sum(axis=0))
    weights = np.asarray(sums / np.where(lengths > 0, lengths, 1), dtype=np.float32)
    return Model(classes, columns, scale, weights, np.zeros(len(classes), np.float32))


def _descend(texts: Rows, truth: npt.NDArray[np.int64], width: int, classes: int, seed: int) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    weights, bias = np.zeros((width, classes), np.float32), np.zeros(classes, np.float32)
    steps, bias_steps = np.full((width, classes), 1e-6, np.float32), np.full(classes, 1e-6, np.float32)
    sizes = np.bincount(truth, minlength=classes)
    # by the root: a rare class counts more than its number, without one text outweighing a hundred
    counts = np.sqrt(sizes.mean() / np.maximum(sizes, 1)).astype(np.float32)[truth]
    for _round in range(int(np.clip(SEEN // len(texts), FEWEST_ROUNDS, MOST_ROUNDS))):
        order = random.permutation(len(texts))
        for at in range(0, len(order), GROUP):
            which = order[at : at + GROUP]
            part = texts.take(which)
            used, local = np.unique(part.columns, return_inverse=True)
            dense = np.zeros((len(which), len(used)), np.float32)
            dense[np.repeat(np.arange(len(which)), np.diff(part.starts)), local] = part.weights
            wrong = softmax((dense @ weights[used] + bias).astype(np.float64)).astype(np.float32)
            wrong[np.arange(len(which)), truth[which]] -= 1
            wrong *= counts[which, None]
            slope = dense.T @ wrong + DECAY * len(which) * weights[used]
            steps[used] += slope**2
            weights[used] -= SPEED * slope / np.sqrt(steps[used])
            bias_slope = wrong.sum(axis=0)
            bias_steps += bias_slope**2
            bias -= 0.1 * SPEED * bias_slope / np.sqrt(bias_steps)
    return weights, bias


def fit_temperature(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float:
    """The temperature under which the shares of the true classes are likeliest; searched between 1/200 and 20."""
    known = truth >= 0
    candidates = np.exp(np.linspace(np.log(0.005), np.log(20), 161))
    if not known.any():
        return 1.0
    rows_ = np.arange(int(known.sum()))
    losses = [-np.log(softmax(scores[known] / t)[rows_, truth[known]] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def with_temperature(model: Model, temperature: float) -> Model:
    """The same model, calibrated."""
    return replace(model, temperature=temperature)


def to_bytes(model: Model) -> bytes:
    """The model as it is stored; weights as half floats, since three digits decide nothing."""
    head = {
        "format": FORMAT,
        "classes": model.classes,
        "columns": list(model.columns),
        "temperature": model.temperature,
    }
    out = io.BytesIO()
    np.savez_compressed(
        out,
        head=np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8),
        scale=model.scale,
        weights=model.weights.astype(np.float16),
        bias=model.bias,
    )
    return out.getvalue()


def from_bytes(stored: bytes) -> Model:
    """The model of stored bytes; raises ValueError where they are none."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as parts:
        head = json.loads(parts["head"].tobytes())
        if head.get("format") != FORMAT:
            raise ValueError(f"not a text model: {head.get('format')!r}")
        columns = {gram: i for i, gram in enumerate(head["columns"])}
        weights = parts["weights"].astype(np.float32)
        return Model(
            tuple(head["classes"]), columns, parts["scale"], weights, parts["bias"], float(head["temperature"])
        )


def digest(stored: bytes) -> str:
    """SHA-256 of a stored model."""
    return hashlib.sha256(stored).hexdigest()
