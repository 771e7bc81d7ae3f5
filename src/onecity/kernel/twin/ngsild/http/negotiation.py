"""What the client sends and what it wants back: media types and their weights (6.3.4; RFC 9110, 12)."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

JSON, LD_JSON, GEO_JSON = "application/json", "application/ld+json", "application/geo+json"
MERGE_PATCH = "application/merge-patch+json"
# the order counts: the first that the client takes is sent (6.3.4)
ANSWERS = (JSON, LD_JSON)
GEO_ANSWERS = (JSON, LD_JSON, GEO_JSON)


@lru_cache(maxsize=512)
def choose(accept: str, offered: tuple[str, ...]) -> str | None:
    """The media type to answer in; None where the client takes none of those offered."""
    if not accept.strip():
        return offered[0]
    ranges = [one for part in accept.split(",") if (one := _range(part)) is not None]
    best, weight = None, 0.0
    for media in offered:
        found = _weight(media, ranges)
        if found > weight:
            best, weight = media, found
    return best


def _range(text: str) -> tuple[str, float] | None:
    name, *parameters = (piece.strip().lower() for piece in text.split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _equals, value = parameter.partition("=")
        if key.strip() == "q":
            # what is no weight counts as none given
            with suppress(ValueError):
                weight = min(max(float(value), 0.0), 1.0)
    return (name, weight) if "/" in name else None


def _weight(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that holds the type; 0 where none does."""
    kind = media.partition("/")[0]
    for wanted in (media, f"{kind}/*", "*/*"):
        weights = [weight for name, weight in ranges if name == wanted]
        if weights:
            return max(weights)
    return 0.0


@lru_cache(maxsize=512)
def media_type(content_type: str) -> str:
    """The media type of a Content-Type header, small, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client takes an answer compressed with gzip."""
    for part in accept_encoding.lower().split(","):
        name, _semicolon, weight = part.partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
