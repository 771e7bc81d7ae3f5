"""Which text of a language map a reader gets (ETSI GS CIM 009 V1.9.1, 4.15; RFC 4647, 3.4 look-up; RFC 9110, 12.5.4 weights)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

ANY: Final = "*"
NO_LANGUAGE: Final = "@none"


@lru_cache(maxsize=512)
def ranked(lang: str) -> tuple[str, ...]:
    """The languages of a filter by preference, small letters; those of weight 0 are left out."""
    weighted: list[tuple[float, str]] = []
    for part in lang.split(","):
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _weight(parameters)
        if tag and weight > 0:
            weighted.append((weight, tag.lower()))
    weighted.sort(key=lambda pair: -pair[0])
    return tuple(tag for _, tag in weighted)


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def choose(language_map: Mapping[str, Any], lang: str) -> tuple[str, Any]:
    """The language that is shown and its text: the best match, else the one without a language, else the first."""
    tags = {tag.lower(): tag for tag in language_map}
    for wanted in ranked(lang):
        if wanted == ANY:
            break
        found = _match(wanted, tags)
        if found is not None:
            return found, language_map[found]
    fallback = NO_LANGUAGE if NO_LANGUAGE in language_map else next(iter(language_map), NO_LANGUAGE)
    return fallback, language_map.get(fallback, "")


def _match(wanted: str, tags: Mapping[str, str]) -> str | None:
    shorter = wanted
    while shorter:
        if shorter in tags:
            return tags[shorter]
        shorter = shorter.rpartition("-")[0]
    return next((tag for small, tag in tags.items() if small.startswith(f"{wanted}-")), None)
