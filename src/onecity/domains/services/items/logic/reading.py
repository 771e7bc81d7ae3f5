"""Items and bundles from JSON and back: what is wrong is told with the field where it stands, all of it at once if it can be."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec

from onecity.domains.services.items.logic import codes
from onecity.domains.services.items.logic.codes import CodeList
from onecity.domains.services.items.logic.item import Bundle, Item, Part, Text

Whole = TypeVar("Whole", Item, Bundle)
CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
AT: Final = re.compile(r"(?P<what>.*) - at `\$\.?(?P<place>.*)`\Z", re.DOTALL)
NAMED: Final = re.compile(r"(?:missing required|contains unknown) field `(?P<name>[^`]+)`")
LANGUAGES: Final = frozenset({"zh", "en"})
# which list a member takes its code from, by structure and member
LISTED: Final[Mapping[tuple[str, str], CodeList]] = {
    ("Item", "kind"): codes.KIND,
    ("Item", "audience"): codes.AUDIENCE,
    ("Item", "case_kind"): codes.CASE_KIND,
    ("Item", "status"): codes.STATUS,
    ("Bundle", "audience"): codes.AUDIENCE,
    ("Authority", "nature"): codes.NATURE,
    ("Authority", "level"): codes.LEVEL,
    ("Authority", "power_source"): codes.POWER,
    ("Channels", "forms"): codes.FORM,
    ("Channels", "online_depth"): codes.DEPTH,
    ("Channels", "range"): codes.RANGE,
    ("Material", "kind"): codes.MATERIAL_KIND,
    ("Material", "form"): codes.MATERIAL_FORM,
    ("Material", "channel"): codes.CHANNEL,
    ("Result", "kind"): codes.RESULT,
}
DAYS: Final = frozenset({("Item", "effective_from"), ("Item", "effective_until")})
# mappings of words that are no texts
NO_TEXTS: Final = frozenset({("BundleStep", "fields")})
CODED: Final = frozenset({("Item", "code"), ("Bundle", "code"), ("Material", "key"), ("Situation", "key")})


class ItemError(ValueError):
    """Data that is no item; `mistakes` are (field, sentence) pairs."""

    def __init__(self, mistakes: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in mistakes))
        self.mistakes = mistakes


def read(data: object) -> Item:
    """The item that JSON data says; raises ItemError that names the fields."""
    return _read(data, Item)


def read_bundle(data: object) -> Bundle:
    """The bundle that JSON data says; raises ItemError that names the fields."""
    return _read(data, Bundle)


def write(whole: Item | Bundle) -> dict[str, Any]:
    """The same as JSON data; `read` gives back an equal one."""
    made: dict[str, Any] = msgspec.to_builtins(whole)
    return made


def encode(whole: Item | Bundle) -> bytes:
    """One spelling of it as bytes, members in alphabetical order, for digests."""
    return msgspec.json.encode(write(whole), order="deterministic")


def _read(data: object, kind: type[Whole]) -> Whole:
    try:
        made = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ItemError((_placed(str(error)),)) from None
    wrong = tuple(_mistakes(made, ""))
    if wrong:
        raise ItemError(wrong)
    return made


def _placed(message: str) -> tuple[str, str]:
    found = AT.match(message)
    what, place = (found["what"], found["place"]) if found else (message, "")
    named = NAMED.search(what)
    return (f"{place}.{named['name']}".lstrip(".") if named else place), what


def _mistakes(part: Part, place: str) -> Iterator[tuple[str, str]]:
    name = type(part).__name__
    for member in msgspec.structs.fields(part):
        where = f"{place}.{member.name}".lstrip(".")
        value = getattr(part, member.name)
        if member.type == Text and (name, member.name) not in NO_TEXTS:
            yield from _text(value, where, required=member.required)
        elif isinstance(value, Part):
            yield from _mistakes(value, where)
        elif isinstance(value, tuple) and value and isinstance(value[0], Part):
            yield from _several(value, where)
        else:
            yield from _plain((name, member.name), value, where)


def _several(parts: tuple[Part, ...], where: str) -> Iterator[tuple[str, str]]:
    keys = [getattr(one, "key", "") for one in parts]
    for place, one in enumerate(parts):
        yield from _mistakes(one, f"{where}[{place}]")
        if keys[place] and keys[place] in keys[:place]:
            yield f"{where}[{place}].key", f"{keys[place]!r} is there twice"


def _text(value: Mapping[str, str], where: str, *, required: bool) -> Iterator[tuple[str, str]]:
    for language in sorted(set(value) - LANGUAGES):
        yield f"{where}.{language}", "a text has the members zh and en"
    if required and not value.get("zh", "").strip():
        yield f"{where}.zh", "the Chinese text is missing"


def _plain(member: tuple[str, str], value: object, where: str) -> Iterator[tuple[str, str]]:
    listed = LISTED.get(member)
    if listed is not None:
        for code in value if isinstance(value, tuple) else (value,):
            if not listed.holds(str(code)):
                yield where, f"{code!r} is not in the list {listed.title} ({listed.edition})"
    if member in CODED and not CODE.match(str(value)):
        yield where, f"{value!r} must be small letters, digits and _, and begin with a letter"
    if member in DAYS and value and not _is_day(str(value)):
        yield where, f"{value!r} is no day; write it like 2026-01-31"


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def builtins(value: object) -> Any:
    """A part of an item, or several, as JSON data."""
    return msgspec.to_builtins(value)


def full(value: Any) -> Any:
    """An item or a part of it as JSON data with every member, also those that say what is usual."""
    if isinstance(value, Part):
        return {field.name: full(getattr(value, field.name)) for field in msgspec.structs.fields(value)}
    if isinstance(value, tuple | list):
        return [full(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value
