"""The search of the portal: what is in force, as documents of `logic.search`, kept until the catalogue changes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from onecity.domains.services.items import navigation, store
from onecity.domains.services.items.logic import search
from onecity.domains.services.items.logic.item import Bundle, Item, Text
from onecity.domains.services.items.logic.search import Document, Field, Index
from onecity.domains.services.items.store import Published

SYNONYMS: Final = Path(__file__).parent / "data" / "synonyms.json"
BUNDLE: Final = "+"
POPULAR: Final = 0.1
_KEPT: dict[str, tuple[tuple[tuple[str, int, str], ...], Index]] = {}


@dataclass(frozen=True)
class Found:
    """One service found, with the parts of its text that matched: (text, whether it matched) one after another."""

    published: Published
    reason: tuple[tuple[str, bool], ...]
    kind: str
    score: float

    @property
    def is_bundle(self) -> bool:
        """Whether several items are done as one."""
        return isinstance(self.published.content, Bundle)


def find(query: str, most: int = 20) -> list[Found]:
    """What fits the words of a person, best first."""
    items, bundles = store.items(), store.bundles()
    hits = search.search(_index(items, bundles), query, most)
    return [_found(hit, items, bundles) for hit in hits]


def documents(items: Mapping[str, Item], bundles: Mapping[str, Bundle]) -> list[Document]:
    """Everything that can be found; a bundle's key begins with `+`."""
    popular = frozenset(navigation.words().popular)
    made = [Document(code, tuple(_of_item(one)), POPULAR if code in popular else 0.0) for code, one in items.items()]
    made += [Document(BUNDLE + code, tuple(_of_bundle(one, items)), POPULAR) for code, one in bundles.items()]
    return made


@cache
def synonyms() -> Mapping[str, Sequence[str]]:
    """Everyday words and what the official names say."""
    found: dict[str, list[str]] = json.loads(SYNONYMS.read_text(encoding="utf-8"))["synonyms"]
    return found


def _index(items: Mapping[str, Published], bundles: Mapping[str, Published]) -> Index:
    state = tuple(sorted((one.code, one.number, one.sort) for one in (*items.values(), *bundles.values())))
    kept = _KEPT.get("index")
    if kept is None or kept[0] != state:
        made = documents({c: p.item for c, p in items.items()}, {c: p.bundle for c, p in bundles.items()})
        kept = _KEPT["index"] = (state, search.build(made, synonyms()))
    return kept[1]


def _of_item(one: Item) -> Iterator[Field]:
    yield from _both("name", one.name, 6.0)
    for word in one.words:
        yield Field("word", word, 5.0)
    yield from _both("summary", one.summary, 1.6)
    for result in one.results:
        yield from _both("result", result.name, 2.2)
    for faq in one.faq:
        yield from _both("question", faq.question, 1.2)
    for situation in one.situations:
        yield from _both("situation", situation.name, 1.2)
    for condition in one.conditions:
        yield from _both("condition", condition.text, 0.8)
    for material in one.materials:
        yield from _both("material", material.name, 0.25)
    yield from _both("department", one.authority.name, 0.4)


def _of_bundle(one: Bundle, items: Mapping[str, Item]) -> Iterator[Field]:
    yield from _both("name", one.name, 6.0)
    for word in one.words:
        yield Field("word", word, 5.0)
    yield from _both("summary", one.summary, 1.4)
    for step in one.steps:
        if step.item in items:
            yield from _both("part", items[step.item].name, 0.5)


def _both(kind: str, text: Text, weight: float) -> Iterator[Field]:
    for language in ("zh", "en"):
        if text.get(language):
            yield Field(kind, text[language], weight)


def _found(hit: search.Hit, items: Mapping[str, Published], bundles: Mapping[str, Published]) -> Found:
    code = hit.key.removeprefix(BUNDLE)
    published = bundles[code] if hit.key.startswith(BUNDLE) else items[code]
    parts, at = [], 0
    for begin, end in hit.spans:
        parts += [(hit.text[at:begin], False), (hit.text[begin:end], True)]
        at = end
    return Found(published, tuple(part for part in [*parts, (hit.text[at:], False)] if part[0]), hit.kind, hit.score)
