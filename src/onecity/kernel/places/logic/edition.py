"""Compares two editions of a tree: what stays, what is new, what has vanished, what has changed its name, outline or position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from onecity.kernel.core.errors import FieldError
from onecity.kernel.core.text import lazy as _
from onecity.kernel.places.logic.entry import Entry


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done, parents before children in `opened` and `changed`, children first in `closed`."""

    opened: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    kept: tuple[str, ...]
    closed: tuple[str, ...]


def compare(present: Mapping[str, Entry], new: Sequence[Entry], *, complete: bool) -> Plan:
    """Return what turns the divisions of now (by code) into the new edition.

    With `complete` divisions that the edition does not list vanish, else they stay. A division that keeps its code but
    changes its parent or its level is another one: the old one is closed and a new one opened, and with it all below.
    """
    order = _parents_first(present, new)
    moved = _moved(present, order)
    opened = tuple(entry for entry in order if entry.code not in present or entry.code in moved)
    staying = [entry for entry in order if entry.code in present and entry.code not in moved]
    merged = [(present[entry.code], _merged(present[entry.code], entry)) for entry in staying]
    changed = tuple(after for before, after in merged if not same(before, after))
    kept = tuple(before.code for before, after in merged if same(before, after))
    listed = {entry.code for entry in order}
    gone = {code for code in present if code not in listed} if complete else set()
    closed = sorted(gone | moved, key=lambda code: (-_depth(code, present), code))
    return Plan(opened, changed, kept, tuple(closed))


def faults(present: Mapping[str, Entry], new: Sequence[Entry], *, complete: bool) -> list[FieldError]:
    """Return what makes an edition unusable: codes listed twice, parents that are not there, circles, empty names."""
    listed = [entry.code for entry in new]
    reachable = set(listed) if complete else set(listed) | set(present)
    found = [
        FieldError(code, _("This code is listed more than once."))
        for code in sorted({c for c in listed if listed.count(c) > 1})
    ]
    for entry in new:
        if not entry.name.strip():
            found.append(FieldError(entry.code, _("The name is empty.")))
        if entry.parent and entry.parent not in reachable:
            found.append(FieldError(entry.code, _("Its parent {parent} is not in the edition.", parent=entry.parent)))
    by_code = {entry.code: entry for entry in new}
    for entry in new:
        seen, step = {entry.code}, entry
        while step.parent in by_code and step.parent not in seen:
            step = by_code[step.parent]
            seen.add(step.code)
        if step.parent in seen:
            found.append(FieldError(entry.code, _("Its parents form a circle.")))
    return found


def same(before: Entry, after: Entry) -> bool:
    """Return whether nothing a user can see differs; outlines are compared vertex by vertex."""
    if (before.shape is None) != (after.shape is None):
        return False
    if before.shape is not None and after.shape is not None and not before.shape.equals_exact(after.shape):
        return False
    return replace(before, shape=None) == replace(after, shape=None)


def _merged(before: Entry, after: Entry) -> Entry:
    """Return `after` with what it does not say taken from `before`."""
    if after.shape is None:
        after = replace(after, shape=before.shape, approximate=before.approximate, source=after.source or before.source)
    elif after.shape.is_empty:
        after = replace(after, shape=None)
    if after.lon is None or after.lat is None:
        after = replace(after, lon=before.lon, lat=before.lat, located=before.located)
    return after


def _moved(present: Mapping[str, Entry], order: Sequence[Entry]) -> set[str]:
    moved: set[str] = set()
    for entry in order:  # parents come first, so what moves takes along what lies below it
        before = present.get(entry.code)
        if before is not None and (
            before.parent != entry.parent or before.level != entry.level or entry.parent in moved
        ):
            moved.add(entry.code)
    return moved


def _parents_first(present: Mapping[str, Entry], new: Sequence[Entry]) -> list[Entry]:
    every = dict(present) | {entry.code: entry for entry in new}
    return sorted(new, key=lambda entry: (_depth(entry.code, every), entry.code))


def _depth(code: str, entries: Mapping[str, Entry]) -> int:
    depth, step = 0, entries.get(code)
    while step is not None and step.parent and depth < len(entries):
        depth, step = depth + 1, entries.get(step.parent)
    return depth
