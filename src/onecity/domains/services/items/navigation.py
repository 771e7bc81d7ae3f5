"""The words by which residents find their way: themes, life events, departments, and what is asked for most. Data, no code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from onecity.domains.services.items.logic.item import Text

FILE: Final = Path(__file__).parent / "data" / "navigation.json"


@dataclass(frozen=True, slots=True)
class Word:
    """One entry: its key, what it is called, its icon; `audience` is person or company."""

    key: str
    name: Text
    icon: str = ""
    audience: str = "person"


@dataclass(frozen=True)
class Words:
    """All entries by key, in the order in which they are shown."""

    themes: Mapping[str, Word]
    life_events: Mapping[str, Word]
    departments: Mapping[str, Word]
    popular: tuple[str, ...]


@cache
def words() -> Words:
    """The entries that come with the platform."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return Words(
        _named(data["themes"]), _named(data["life_events"]), _named(data["departments"]), tuple(data["popular"])
    )


def _named(entries: Mapping[str, Mapping[str, str]]) -> dict[str, Word]:
    return {
        key: Word(key, {"zh": one["zh"], "en": one["en"]}, one.get("icon", ""), one.get("audience", "person"))
        for key, one in entries.items()
    }
