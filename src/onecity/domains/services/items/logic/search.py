"""Finds services by everyday words: Chinese n-grams without a dictionary, synonyms as data, pinyin initials, typing mistakes.

Each document has fields of different weight. A query is cut into n-grams and words; synonyms add what the official name says.
Rare pieces weigh more (BM25's inverse document frequency); what covers more of the query wins; a field that stands whole in
the query, or holds it whole, wins more. Homophones and slips share the first letters of their pinyin, which count a little.
(S. Robertson, H. Zaragoza: The Probabilistic Relevance Framework, 2009, for the weighting.)
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from onecity.domains.services.items.logic.letters import initials

CHINESE: Final = re.compile(r"[\u3400-\u9fff]+")
WORD: Final = re.compile(r"[a-z0-9]+")
LONGEST: Final = 60
# words that say that something is wanted, not what
EMPTY_ZH: Final = (
    "请问", "你好", "您好", "我想要", "我想", "我要", "想要", "怎么样", "怎么办理", "怎么办", "怎么", "咋办", "咋", "如何", "在哪里", "在哪儿", "哪里",
    "哪儿", "去哪", "需要什么材料", "需要什么", "要什么", "什么材料", "什么手续", "手续", "可以吗", "能不能", "可不可以", "是不是", "可以", "办理", "申请",
    "一下", "帮我", "需要", "我的", "我们", "我家", "给我", "流程", "条件", "材料", "多少钱", "网上", "线上", "了", "吗", "呢", "的", "啊", "呀", "办",
)  # fmt: skip
EMPTY_EN: Final = frozenset((
    "a", "an", "the", "i", "my", "me", "we", "our", "to", "for", "of", "in", "on", "at", "and", "or", "how",
    "do", "does", "can", "get", "need", "want", "what", "where", "is", "are", "with", "apply", "application", "please", "help", "new", "when", "should", "must", "have", "has", "you", "your",
))  # fmt: skip
SATURATION, LETTER_WEIGHT, SINGLE_WEIGHT, TYPO_WEIGHT = 1.2, 0.22, 0.25, 0.6
WHOLE_FIELD, WHOLE_QUERY = 3.0, 2.2
SHORTEST_LETTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Field:
    """One text of a document: which (name, word, summary …), how much it weighs."""

    kind: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Document:
    """What can be found; `prior` favours what is asked for often (0 to 1)."""

    key: str
    fields: tuple[Field, ...]
    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A document with its score, and why: the text that matched most with the parts of it that did (start, end)."""

    key: str
    score: float
    kind: str
    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Index:
    """Documents ready to be searched: pieces → document → weight, their rarity, and the texts for the reason."""

    documents: Sequence[Document]
    postings: Mapping[str, Mapping[int, float]]
    rarity: Mapping[str, float]
    synonyms: Mapping[str, tuple[str, ...]]
    words: frozenset[str]
    folded: Sequence[tuple[tuple[str, Field], ...]] = field(repr=False)


def fold(text: str) -> str:
    """One spelling of a text: compatible forms joined, small letters, nothing but letters, digits and blanks."""
    spelled = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in spelled).split())


def build(documents: Iterable[Document], synonyms: Mapping[str, Sequence[str]]) -> Index:
    """An index of documents; `synonyms`: everyday words → official ones."""
    kept = list(documents)
    postings: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    folded = []
    for place, document in enumerate(kept):
        texts = tuple((fold(one.text), one) for one in document.fields)
        folded.append(texts)
        for text, one in texts:
            for piece, weight in pieces(text).items():
                postings[piece][place] = max(postings[piece][place], one.weight * weight)
    count = len(kept)
    rarity = {piece: math.log(1 + (count - len(found) + 0.5) / (len(found) + 0.5)) for piece, found in postings.items()}
    words = frozenset(piece for piece in postings if WORD.fullmatch(piece))
    known = {fold(word): tuple(fold(one) for one in meant) for word, meant in synonyms.items()}
    return Index(kept, postings, rarity, known, words, folded)


def pieces(text: str) -> dict[str, float]:
    """The pieces of a folded text with their weights: words, Chinese characters one by one and in twos and threes, and the
    first letters of their pinyin in threes (marked by `~`)."""
    found: dict[str, float] = {}
    for word in WORD.findall(text):
        found[_stem(word)] = 1.0
    for run in CHINESE.findall(text):
        for size, weight in ((1, SINGLE_WEIGHT), (2, 1.0), (3, 1.3)):
            for place in range(len(run) - size + 1):
                found[run[place : place + size]] = weight
        letters = initials(run)
        if len(letters) == len(run):
            for size in (2, 3, 4):
                for place in range(len(run) - size + 1):
                    found["~" + letters[place : place + size]] = LETTER_WEIGHT * (size - 1)
    return found


def search(index: Index, query: str, most: int = 20) -> list[Hit]:
    """What fits a query, best first; nothing where nothing does."""
    said = fold(query[:LONGEST])
    wanted = _wanted(index, said)
    scores: dict[int, float] = defaultdict(float)
    for piece, weight in wanted.items():
        rarity = index.rarity.get(piece, 0.0)
        for place, strength in index.postings.get(piece, {}).items():
            scores[place] += weight * rarity * strength * (SATURATION + 1) / (strength + SATURATION)
    core = stripped(said)
    meant = [core, *(one for word, many in index.synonyms.items() if word and word in said for one in many)]
    for place in scores:
        scores[place] += _whole(index.folded[place], meant) + index.documents[place].prior
    best = sorted(scores.items(), key=lambda one: (-one[1], index.documents[one[0]].key))
    if not best:
        return []
    least = best[0][1] * 0.18
    return [_hit(index, place, score, wanted) for place, score in best[:most] if score >= least and score > 1.0]


def stripped(said: str) -> str:
    """A folded query without the words that say nothing about the matter; the whole where nothing else is left."""
    left = said
    for word in EMPTY_ZH:
        left = left.replace(word, " ")
    left = " ".join(word for word in left.split() if word not in EMPTY_EN)
    return left or said


def _wanted(index: Index, said: str) -> dict[str, float]:
    found = dict(pieces(stripped(said)))
    for word, meant in index.synonyms.items():
        if word and word in said:
            for one in meant:
                for piece, weight in pieces(one).items():
                    found[piece] = max(found.get(piece, 0.0), 0.9 * weight)
    for word in [one for one in found if WORD.fullmatch(one)]:
        if word not in index.words:
            for near in _near(word, index.words):
                found[near] = max(found.get(near, 0.0), TYPO_WEIGHT)
    return found | _letters(said)


def _letters(said: str) -> dict[str, float]:
    """Somebody typed the first letters only: `jzz` for 居住证."""
    typed = said.replace(" ", "")
    if not (SHORTEST_LETTERS < len(typed) <= 8 and typed.isascii() and typed.isalpha()):
        return {}
    return {
        "~" + typed[place : place + size]: 1.6
        for size in (2, 3, 4)
        for place in range(len(typed) - size + 1)
    }  # fmt: skip


def _whole(texts: Sequence[tuple[str, Field]], meant: Sequence[str]) -> float:
    """More for a field that stands whole in the query, and for one that holds the whole query."""
    best = 0.0
    for text, one in texts:
        if not text or one.weight < 2:
            continue
        for query in meant:
            if len(text) > 1 and text in query:
                best = max(best, WHOLE_FIELD * one.weight * min(len(text), 8) / 4)
            elif len(query) > 1 and query in text:
                best = max(best, WHOLE_QUERY * one.weight * len(query) / max(len(text), 3))
    return best


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _near(word: str, words: frozenset[str]) -> list[str]:
    """Words one slip away: a letter more, fewer, other, or two swapped (R. Damerau, 1964)."""
    if len(word) < 4 or word.isdecimal():
        return []
    return [other for other in words if abs(len(other) - len(word)) <= 1 and other[0] == word[0] and _slip(word, other)]


def _slip(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    start = next((n for n, letter in enumerate(short) if letter != long[n]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[start + 1 : start + 2] + short[start : start + 1] + short[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped == long[start:]


def _hit(index: Index, place: int, score: float, wanted: Mapping[str, float]) -> Hit:
    best: tuple[float, Field] | None = None
    for text, one in index.folded[place]:
        got = pieces(text)
        value = one.weight * sum(
            weight * index.rarity.get(piece, 0.0) for piece, weight in wanted.items() if piece in got
        )
        if best is None or value > best[0]:
            best = (value, one)
    chosen = best[1] if best else Field("", "", 0)
    return Hit(index.documents[place].key, score, chosen.kind, chosen.text, spans(chosen.text, wanted))


def spans(text: str, wanted: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The parts of a text that the pieces of a query name, longest pieces first, joined where they touch."""
    lowered = text.casefold()
    if len(lowered) != len(text):
        return ()
    marked = [False] * len(text)
    for piece in sorted((one for one in wanted if not one.startswith("~")), key=len, reverse=True):
        if len(piece) == 1 and CHINESE.match(piece):
            continue
        at = lowered.find(piece)
        while at >= 0:
            marked[at : at + len(piece)] = [True] * len(piece)
            at = lowered.find(piece, at + len(piece))
    found, begin = [], None
    for place, flag in enumerate([*marked, False]):
        if flag and begin is None:
            begin = place
        elif not flag and begin is not None:
            found.append((begin, place))
            begin = None
    return tuple(found)
