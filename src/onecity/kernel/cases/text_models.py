"""Learnt models of texts as they are stored, kept ready in memory, and the seed from which everything starts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction

from onecity.kernel.cases import catalogue
from onecity.kernel.cases.logic.text import linear, rules
from onecity.kernel.cases.logic.text.grams import grams
from onecity.kernel.cases.logic.text.linear import Model
from onecity.kernel.cases.models import TextModel

WORDS: Final = Path(__file__).parent / "data" / "case_words.json"
KIND, ORGANISATION = "kind", "organisation"
LOCK = 0x0A0CA5F
# a title or key word says more of its kind than one sentence of many; measured by cross-validation
NAMED: Final = 3.0
# older versions are kept for comparison only
KEPT = 5


@dataclass(frozen=True)
class Seed:
    """What the platform knows before any case was closed: sentences of each kind, and what it is `called`: its title, its key
    words and by which condition it is opened, with how much each of these counts against a sentence (`worth`).

    `temperature` is that of the figures measured on the sentences (`onecity cases train --measure`).
    """

    sentences: Sequence[str]
    labels: Sequence[str]
    called: Sequence[str]
    called_labels: Sequence[str]
    worth: Sequence[float]
    words: Mapping[str, Sequence[str]]
    temperature: float


@cache
def seed() -> Seed:
    """The shipped sentences and key words, with the titles and conditions of the shipped kinds."""
    data = json.loads(WORDS.read_text(encoding="utf-8"))
    kinds: dict[str, dict[str, list[str]]] = data["kinds"]
    told = [(sentence, kind) for kind, given in kinds.items() for sentence in given["sentences"]]
    called: list[tuple[str, str, float]] = []
    for kind, definition in catalogue.shipped().definitions.items():
        if kind in kinds:
            called += [(definition.title["zh"], kind, NAMED), ("，".join(kinds[kind]["words"]), kind, NAMED)]
            called += [(definition.opens_when["zh"], kind, 1.0)] if definition.opens_when.get("zh") else []
    return Seed(
        sentences=[text for text, _kind in told],
        labels=[kind for _text, kind in told],
        called=[text for text, _kind, _worth in called],
        called_labels=[kind for _text, kind, _worth in called],
        worth=[worth for _text, _kind, worth in called],
        words={kind: tuple(given["words"]) for kind, given in kinds.items()},
        temperature=float(data["temperature"]),
    )


@cache
def seed_model() -> Model:
    """The model learnt from the seed alone, in a tenth of a second, once in each process that has no stored one."""
    known = seed()
    texts = [grams(text) for text in (*known.sentences, *known.called)]
    worth = [*([1.0] * len(known.sentences)), *known.worth]
    model = linear.centroids(texts, [*known.labels, *known.called_labels], worth=worth)
    return linear.with_temperature(model, known.temperature)


@cache
def seed_precision() -> float:
    """How often the key words alone are right where they say anything, on the seed's sentences."""
    known = seed()
    return rules.precision(known.sentences, known.labels, known.words)


def current(name: str) -> Model | None:
    """The newest stored model of this name; one small query, the model itself is read once."""
    row = TextModel.objects.filter(name=name).order_by("-version").values_list("id", "digest").first()
    return _read(str(row[0]), row[1]) if row else None


@lru_cache(maxsize=4)
def _read(row_id: str, digest: str) -> Model:
    body = bytes(TextModel.objects.values_list("body", flat=True).get(id=row_id))
    if linear.digest(body) != digest:
        raise ValueError(f"the stored text model {row_id} is damaged: its digest differs")
    return linear.from_bytes(body)


@transaction.atomic
def store(name: str, model: Model, figures: Mapping[str, Any]) -> TextModel:
    """Write a model as the newest of its name, unless the newest is the same; the oldest beyond `KEPT` go."""
    body = linear.to_bytes(model)
    digest = linear.digest(body)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, name])
    latest = TextModel.objects.filter(name=name).defer("body").order_by("-version").first()
    if latest is not None and latest.digest == digest:
        return latest
    version = latest.version + 1 if latest else 1
    TextModel.objects.filter(name=name, version__lte=version - KEPT).delete()
    return TextModel.objects.create(name=name, version=version, body=body, digest=digest, figures=dict(figures))
