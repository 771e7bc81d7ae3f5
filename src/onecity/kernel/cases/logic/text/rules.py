"""Key words of kinds, as data: what is suggested where the learnt model is not sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """A kind some of whose key words were found; `share` of all that was found, by length of the words."""

    kind: str
    words: tuple[str, ...]
    share: float


def matches(text: str, words: Mapping[str, Sequence[str]]) -> list[Match]:
    """The kinds whose key words stand in the text, the best first; a longer word counts more, as it says more."""
    found = {kind: tuple(word for word in given if word in text) for kind, given in words.items()}
    sizes = {kind: sum(len(word) ** 2 for word in hit) for kind, hit in found.items() if hit}
    total = sum(sizes.values())
    ranked = sorted(sizes, key=lambda kind: (-sizes[kind], kind))
    return [Match(kind, found[kind], sizes[kind] / total) for kind in ranked]


def precision(texts: Sequence[str], labels: Sequence[str], words: Mapping[str, Sequence[str]]) -> float:
    """Of the texts in which any key word stands: how often the best match is the right kind. Zero where none does."""
    best = [(matches(text, words), label) for text, label in zip(texts, labels, strict=True)]
    told = [(found[0].kind, label) for found, label in best if found]
    return sum(kind == label for kind, label in told) / len(told) if told else 0.0
