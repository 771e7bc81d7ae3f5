"""How well a text model does on texts that it did not learn from: stratified cross-validation with a calibrated confidence."""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from onecity.kernel.cases.logic.text.linear import Documents, Model, centroids, fit_temperature, learn, softmax

Way = Literal["centroids", "descent"]
FOLDS: Final = 5
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Of texts held back: how often the first and one of the first three suggestions was right, the expected calibration
    error (mean distance of confidence and accuracy over ten bins), and `temperature`, under which it was reached."""

    texts: int
    classes: int
    top1: float
    top3: float
    calibration_error: float
    temperature: float

    def to_data(self) -> dict[str, float]:
        """As stored and printed."""
        return {key: round(value, 4) for key, value in asdict(self).items()}


def folds_of(labels: Sequence[str], folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.int64]:
    """A fold for each text, so that each class is spread over all folds as evenly as can be."""
    random = np.random.default_rng(seed)
    found = np.zeros(len(labels), dtype=np.int64)
    names, places = np.unique(np.asarray(labels), return_inverse=True)
    for which in range(len(names)):
        members = random.permutation(np.flatnonzero(places == which))
        found[members] = (np.arange(len(members)) + which) % folds
    return found


def taught(
    way: Way,
    documents: Documents,
    labels: Sequence[str],
    worth: Sequence[float],
    *,
    least: int = 1,
    keep: Set[str] = frozenset(),
) -> Model:
    """A model learnt in one of the two ways; the descent counts every document alike."""
    if way == "centroids":
        return centroids(documents, labels, worth=worth, least=least, keep=keep)
    return learn(documents, labels, least=least, keep=keep)


def cross_validate(
    documents: Documents,
    labels: Sequence[str],
    *,
    always: Documents = (),
    always_labels: Sequence[str] = (),
    always_worth: Sequence[float] = (),
    way: Way = "descent",
    least: int = 1,
    keep: Set[str] = frozenset(),
) -> Figures:
    """Learn on four fifths and ask for the fifth, five times. `always`: texts learnt from in every fold and never asked,
    `always_worth` how much each of them counts; `way`: see `taught`."""
    fold, classes = folds_of(labels), sorted({*labels, *always_labels})
    place = {name: i for i, name in enumerate(classes)}
    truth = np.asarray([place[label] for label in labels])
    scores = np.full((len(labels), len(classes)), -30.0)
    for held in range(FOLDS):
        asked = np.flatnonzero(fold == held).tolist()
        learnt = np.flatnonzero(fold != held).tolist()
        if not asked:
            continue
        texts: list[Counter[str]] = [*always, *(documents[i] for i in learnt)]
        worth = [*(always_worth or [1.0] * len(always)), *([1.0] * len(learnt))]
        model = taught(way, texts, [*always_labels, *(labels[i] for i in learnt)], worth, least=least, keep=keep)
        columns = np.asarray([place[name] for name in model.classes])
        scores[np.asarray(asked)[:, None], columns] = model.scores([documents[i] for i in asked])
    return figures(scores, truth, fold)


def figures(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.int64], fold: npt.NDArray[np.int64]) -> Figures:
    """The figures of scores of texts held back; each fold's confidence is calibrated on the other folds."""
    shares = np.zeros_like(scores)
    for held in range(FOLDS):
        others, asked = fold != held, fold == held
        shares[asked] = softmax(scores[asked] / fit_temperature(scores[others], truth[others]))
    order = np.argsort(-shares, axis=1)
    right = order[:, 0] == truth
    return Figures(
        texts=len(truth),
        classes=scores.shape[1],
        top1=float(right.mean()),
        top3=float((order[:, :3] == truth[:, None]).any(axis=1).mean()),
        calibration_error=calibration_error(shares.max(axis=1), right),
        temperature=fit_temperature(scores, truth),
    )


def calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """The expected calibration error: over ten bins of confidence, |mean confidence - share right|, weighted by size."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    sizes = np.bincount(bins, minlength=BINS)
    gaps = np.abs(
        np.bincount(bins, weights=confidence, minlength=BINS) - np.bincount(bins, weights=right, minlength=BINS)
    )
    return float(gaps.sum() / max(int(sizes.sum()), 1))
