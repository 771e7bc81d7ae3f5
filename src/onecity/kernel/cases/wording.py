"""What the platform itself has to say about a case, put into words when it is read, in the language of whoever reads it.

A case that a person opened keeps that person's words. One that the platform opened keeps a key and values instead: what is
said with them is declared once, translated like every other text, and follows the reader. The plain title beside them is
what it said in the platform's own language: for searching, for files, and for the day when the key is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from onecity.kernel.cases.types import LANGUAGES, in_language

LONGEST_TITLE = 200


@dataclass(frozen=True)
class Sentence:
    """Title and description with `%(names)s` of the values; usually lazy translations."""

    title: object
    description: object = ""


@dataclass(frozen=True)
class Said:
    """The key of a sentence, and its values: plain text, or a text for each language (`{"zh": …, "en": …}`)."""

    key: str
    values: Mapping[str, str | Mapping[str, str]]

    def to_data(self) -> dict[str, Any]:
        """As JSON, the way a case keeps it."""
        return {"key": self.key, "values": {k: v if isinstance(v, str) else dict(v) for k, v in self.values.items()}}


_SENTENCES: dict[str, Sentence] = {}


def declare(key: str, sentence: Sentence) -> str:
    """Make a sentence known under its key, which is returned; raises ValueError for a second one."""
    if key in _SENTENCES:
        raise ValueError(f"the sentence {key!r} is declared twice")
    _SENTENCES[key] = sentence
    return key


def check(said: Said) -> None:
    """Raise ValueError for a key that nobody declared, before a case is written with it."""
    if said.key not in _SENTENCES:
        raise ValueError(f"there is no sentence {said.key!r}")


def title(said: Mapping[str, Any], plain: str) -> str:
    """The title in the reader's language; `plain` where people wrote it."""
    return _put(said, "title", plain)[:LONGEST_TITLE]


def description(said: Mapping[str, Any], plain: str) -> str:
    """The description in the reader's language; `plain` where people wrote it."""
    return _put(said, "description", plain)


def titles(said: Mapping[str, Any], plain: str) -> dict[str, str]:
    """The title in every language of the platform."""
    found: dict[str, str] = {}
    for key, language in LANGUAGES.items():
        with translation.override(language):
            found[key] = title(said, plain)
    return found


def everything(said: Mapping[str, Any]) -> list[str]:
    """All that is said, in every language, so that a search finds it in each."""
    found: list[str] = []
    for language in LANGUAGES.values():
        with translation.override(language):
            found += [title(said, ""), description(said, "")]
    return found


def _put(said: Mapping[str, Any], part: str, plain: str) -> str:
    sentence = _SENTENCES.get(said.get("key", ""))
    if sentence is None:
        return plain
    values = {name: text if isinstance(text, str) else in_language(text) for name, text in said["values"].items()}
    return str(getattr(sentence, part)) % _Present(values)


class _Present(dict[str, str]):
    """Names that older values lack stay empty: a case must remain readable after its sentence changed."""

    def __missing__(self, name: str) -> str:
        return ""
