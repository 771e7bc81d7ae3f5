"""What people and units of the field can do: a list of codes with their names, as data."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from onecity.kernel.cases.types import in_a_row, in_language

FILE = Path(__file__).parent / "data" / "skills.json"


@cache
def known() -> Mapping[str, Mapping[str, str]]:
    """Code → name by language."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, dict[str, str]])


def choices() -> list[tuple[str, str]]:
    """Codes and names in the reader's language."""
    return [(code, in_language(title)) for code, title in known().items()]


def named(codes: Iterable[str]) -> str:
    """The names of skills, as a list in words; a code that nobody knows any more stands as it is."""
    return in_a_row(in_language(known().get(code, {"zh": code})) for code in codes)
