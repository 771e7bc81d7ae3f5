"""Files of case types: many types with the life cycles they share, read into checked definitions and written again.

Format `onecity.case-types/1`: `life_cycles` by name, `common` members that every type has unless it says otherwise (null:
it has none), `types` with a name, the life cycle they follow and their own members, and `classes` of the scheme by which
they are sorted. A type without `life_cycle` brings its states and steps itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from onecity.kernel.cases.logic.definition import Definition, DefinitionError, parse, to_data
from onecity.kernel.cases.logic.provisions import Title

FORMAT: Final = "onecity.case-types/1"
MOST_TYPES: Final = 5_000


class Class(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of a scheme, such as one of the six classes of events of digital city management (事件六大类)."""

    code: str
    title: Title
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a file says: definitions by name in its order, and the classes named in it."""

    definitions: Mapping[str, Definition]
    classes: Sequence[Class] = ()
    effective_from: str = ""


def read(data: object) -> Bundle:
    """Read and check a whole file; raises DefinitionError that names every mistake with the type in which it is."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise DefinitionError([f"this is no file of case types: its format should be {FORMAT}"])
    entries = data.get("types")
    if not isinstance(entries, list) or len(entries) > MOST_TYPES:
        raise DefinitionError([f"types: a list of at most {MOST_TYPES} is expected"])
    found: dict[str, Definition] = {}
    wrong: list[str] = []
    for number, entry in enumerate(entries):
        try:
            name, definition = _type(entry, data)
        except DefinitionError as error:
            label = entry.get("name", number) if isinstance(entry, Mapping) else number
            wrong += [f"{label}: {mistake}" for mistake in error.mistakes]
            continue
        wrong += [f"{name}: it is there twice"] if name in found else []
        found[name] = definition
    try:
        classes = msgspec.convert(data.get("classes", []), tuple[Class, ...])
    except msgspec.ValidationError as error:
        wrong.append(f"classes: {error}")
        classes = ()
    wrong += _unknown_classes(found, classes)
    if wrong:
        raise DefinitionError(wrong)
    return Bundle(found, classes, str(data.get("effective_from", "")))


def _type(entry: object, data: Mapping[str, Any]) -> tuple[str, Definition]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("definition"), Mapping):
        raise DefinitionError(["a type has a name and a definition"])
    name = str(entry.get("name", ""))
    if not name.isidentifier() or not name.isascii() or len(name) > 64:
        raise DefinitionError(["its name should be letters, digits and _ only"])
    cycle: object = {}
    if entry.get("life_cycle"):
        cycle = data.get("life_cycles", {}).get(entry["life_cycle"])
        if not isinstance(cycle, Mapping):
            raise DefinitionError([f"the life cycle {entry['life_cycle']!r} is not in the file"])
    common = data.get("common", {})
    merged = {**(common if isinstance(common, Mapping) else {}), **dict(cycle if isinstance(cycle, Mapping) else {})}
    merged |= dict(entry["definition"])
    return name, parse({key: value for key, value in merged.items() if value is not None})


def _unknown_classes(found: Mapping[str, Definition], classes: Sequence[Class]) -> list[str]:
    known = {one.code for one in classes}
    if not known:
        return []
    return [
        f"{name}: the class {kind.category!r} is not in the file"
        for name, kind in found.items()
        if kind.category and kind.category not in known
    ]


def write(definitions: Mapping[str, Definition], classes: Sequence[Class] = ()) -> dict[str, Any]:
    """The same as plain JSON values, each type with everything it says; `read` gives equal definitions."""
    return {
        "format": FORMAT,
        "classes": [msgspec.to_builtins(one) for one in classes],
        "types": [{"name": name, "definition": to_data(kind)} for name, kind in definitions.items()],
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, object, object]]:
    """Where two stored definitions differ: path, value before and after (None: not there); lists of named members are
    compared by name, not by place."""
    found: list[tuple[str, object, object]] = []
    # as they are stored: lists, not tuples
    before, after = (json.loads(json.dumps(one)) for one in (old, new))
    _compare("", before, after, found)
    return found


def _compare(path: str, old: object, new: object, found: list[tuple[str, object, object]]) -> None:
    if old == new:
        return
    left, right = _by_name(old), _by_name(new)
    if left is None or right is None:
        found.append((path, old, new))
        return
    for key in [*left, *(key for key in right if key not in left)]:
        _compare(f"{path}.{key}" if path else key, left.get(key), right.get(key), found)


def _by_name(value: object) -> Mapping[str, object] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(one, Mapping) for one in value):
        for key in ("name", "code"):
            names = [str(one.get(key, "")) for one in value]
            if all(names) and len(set(names)) == len(names):
                return dict(zip(names, value, strict=True))
    return None
