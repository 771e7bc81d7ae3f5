"""Learns the models of texts anew from closed cases, and measures what they are worth on cases held back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.cases import suggesting, text_models
from onecity.kernel.cases.logic.text import linear, measure, rules
from onecity.kernel.cases.logic.text.grams import grams
from onecity.kernel.cases.logic.text.measure import Way
from onecity.kernel.cases.models import Case, CaseType

# the latest so many of a kind: enough to learn its words, and a common kind does not drown a rare one
MOST_OF_A_KIND: Final = 400
# what stands in fewer cases than this may be somebody's name, and is not learnt
LEAST: Final = 3
FEWEST_OF_A_KIND: Final = 5
FEWEST_FOR_OFFICES: Final = 200
OFFICE_COLUMNS: Final = 10_000
WAYS: Final[tuple[Way, ...]] = ("centroids", "descent")
# from so many cases on, and where nothing was measured, the descent is taken
MANY: Final = 2_000
# such a case was not what it was opened as, or was not worked on
VOID: Final = ("cancelled",)


@dataclass(frozen=True)
class Lesson:
    """One closed case to learn from."""

    text: str
    kind: str
    division_path: str
    office: str


def lessons() -> list[Lesson]:
    """The latest closed cases of each kind which people, not the platform, put into words."""
    found: list[Lesson] = []
    for kind in CaseType.objects.values_list("name", flat=True).distinct().order_by("name"):
        rows = (
            Case.objects.filter(
                type_name=kind, closed_at__isnull=False, said={}, parent__isnull=True, confidential=False
            )
            .exclude(state__in=VOID)
            .order_by("-closed_at", "-id")
            .values_list("title", "description", "division_path", "organisation_id")[:MOST_OF_A_KIND]
        )
        given = [
            Lesson(f"{title}\n{description}", kind, path, str(office or ""))
            for title, description, path, office in rows
        ]
        found += given if len(given) >= FEWEST_OF_A_KIND else []
    return found


def train(*, measured: bool = True) -> dict[str, Any]:
    """Learn both models and store them; returns their figures. `measured`: with cross-validation, which takes longer, and by
    which the better of the two ways of learning is taken; without it the number of cases decides."""
    told = lessons()
    figures = measure_kinds(told) if measured else {}
    way: Way = figures.get("way", "descent" if len(told) >= MANY else "centroids")
    seed = text_models.seed()
    texts, labels, worth = _kinds(told)
    model = measure.taught(way, texts, labels, worth, least=LEAST if told else 1, keep=_seed_grams())
    # what no validation has measured is as sure of itself as the seed is
    temperature = figures.get("temperature", seed.temperature if way == "centroids" else 1.0)
    stored = text_models.store(
        text_models.KIND, linear.with_temperature(model, float(temperature)), figures | {"cases": len(told), "way": way}
    )
    result: dict[str, Any] = {"kind": _told(stored.version, stored.digest, len(stored.body), stored.figures)}
    placed = [lesson for lesson in told if lesson.office]
    if len(placed) >= FEWEST_FOR_OFFICES and len({lesson.office for lesson in placed}) > 1:
        result["organisation"] = _train_offices(placed, measured=measured)
    return result


def _train_offices(placed: Sequence[Lesson], *, measured: bool) -> dict[str, Any]:
    documents = [suggesting.office_document(x.text, x.division_path, x.kind) for x in placed]
    labels = [x.office for x in placed]
    figures = measure.cross_validate(documents, labels, least=LEAST).to_data() if measured else {}
    model = linear.learn(documents, labels, least=LEAST, most=OFFICE_COLUMNS)
    model = linear.with_temperature(model, float(figures.get("temperature", 1.0)))
    stored = text_models.store(text_models.ORGANISATION, model, figures | {"cases": len(placed)})
    return _told(stored.version, stored.digest, len(stored.body), stored.figures)


def measure_kinds(told: Sequence[Lesson]) -> dict[str, Any]:
    """The figures of the model of kinds: on closed cases where there are any, on the shipped sentences otherwise; and how
    often the key words alone are right where they say anything. Both ways of learning are tried, the better one is told."""
    seed = text_models.seed()
    asked = [(x.text, x.kind) for x in told] or list(zip(seed.sentences, seed.labels, strict=True))
    always = [*zip(seed.called, seed.called_labels, seed.worth, strict=True)]
    if told:
        always += [(text, kind, 1.0) for text, kind in zip(seed.sentences, seed.labels, strict=True)]
    found = {
        way: measure.cross_validate(
            [grams(text) for text, _kind in asked],
            [kind for _text, kind in asked],
            always=[grams(text) for text, _kind, _worth in always],
            always_labels=[kind for _text, kind, _worth in always],
            always_worth=[worth for _text, _kind, worth in always],
            way=way,
            least=LEAST if told else 1,
            keep=_seed_grams(),
        )
        for way in WAYS
    }
    best = max(WAYS, key=lambda way: found[way].top1)
    precision = rules.precision([text for text, _kind in asked], [kind for _text, kind in asked], seed.words)
    told_of = {"way": best, "tried": {way: round(figures.top1, 4) for way, figures in found.items()}}
    return {
        "measured_on": "cases" if told else "seed",
        **found[best].to_data(),
        **told_of,
        "rules_precision": round(precision, 4),
    }


def _kinds(told: Sequence[Lesson]) -> tuple[list[Counter[str]], list[str], list[float]]:
    seed = text_models.seed()
    texts = [grams(text) for text in (*seed.sentences, *seed.called, *(lesson.text for lesson in told))]
    worth = [*([1.0] * len(seed.sentences)), *seed.worth, *([1.0] * len(told))]
    return texts, [*seed.labels, *seed.called_labels, *(lesson.kind for lesson in told)], worth


def _seed_grams() -> frozenset[str]:
    seed = text_models.seed()
    return frozenset(gram for text in (*seed.sentences, *seed.called) for gram in grams(text))


def _told(version: int, digest: str, size: int, figures: dict[str, Any]) -> dict[str, Any]:
    return {"version": version, "digest": digest[:16], "bytes": size, **figures}
