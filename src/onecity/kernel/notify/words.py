"""Puts a message into words: a template, what it is about, and the language of whoever reads it."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats, translation
from django.utils.translation import gettext as _

LANGUAGES: Mapping[str, str] = {"zh": "zh-hans", "en": "en"}
_templates: dict[str, dict[str, dict[str, str]]] = json.loads(
    (Path(__file__).parent / "data" / "templates.json").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Words:
    """A message as its reader sees it."""

    subject: str
    body: str


def declare(name: str, texts: Mapping[str, Mapping[str, str]]) -> None:
    """Add a template: language (`zh`, `en`) → subject and body with `{names}` of the context.

    Raises ValueError for a second declaration or a missing language.
    """
    if name in _templates:
        raise ValueError(f"message template {name!r} is declared twice")
    missing = [key for key in LANGUAGES if not {"subject", "body"} <= set(texts.get(key, {}))]
    if missing:
        raise ValueError(f"message template {name!r} lacks subject or body in: {', '.join(missing)}")
    _templates[name] = {key: dict(texts[key]) for key in LANGUAGES}


def check(name: str) -> None:
    """Raise ValueError for a template nobody declared, before a message of it is accepted."""
    if name not in _templates:
        raise ValueError(f"there is no message template {name!r}")


def render(template: str, context: Mapping[str, Any], language: str) -> Words:
    """The words of a message in the reader's language.

    Values that are ISO moments become dates in the local zone; of a value by language (`{"zh": …, "en": …}`) one is taken.
    """
    key = "en" if language.startswith("en") else "zh"
    texts = _templates[template][key]
    with translation.override(LANGUAGES[key]):
        values = _Values({name: _shown(_of_language(value, key)) for name, value in context.items()})
        return Words(texts["subject"].format_map(values), texts["body"].format_map(values))


class _Values(dict[str, str]):
    """Names that a context lacks stay empty: an old message must remain readable after its template changed."""

    def __missing__(self, key: str) -> str:
        return ""


def _of_language(value: object, key: str) -> object:
    if not isinstance(value, Mapping):
        return value
    return value.get(key) or next((text for text in value.values() if text), "")


def _shown(value: object) -> str:
    if value == "":
        return _("none")
    if isinstance(value, str) and len(value) >= 19 and value[4] == "-" and "T" in value:
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return value
        if moment.tzinfo is not None:
            local = moment.astimezone(ZoneInfo(settings.TIME_ZONE))
            return f"{formats.date_format(local, 'DATE_FORMAT')} {local:%H:%M}"
    return f"{value:,}" if isinstance(value, int) else str(value)
