"""A form cut into screens of one topic each: the topic of a property is its `x-topic`, and an order that the schema gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from onecity.domains.services.applying.logic.facts import properties

MOST_ON_A_SCREEN: Final = 4
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: its title and the names of the properties on it."""

    title: Text
    names: tuple[str, ...]


def screens(form: Mapping[str, Any]) -> list[Screen]:
    """The screens of a form in its order: properties of one topic together, of none by fours."""
    topics: Mapping[str, Text] = form.get("x-topics") or {}
    grouped: dict[str, list[str]] = {}
    for name, one in _in_order(form):
        grouped.setdefault(str(one.get("x-topic", "")), []).append(name)
    found = []
    for topic, names in grouped.items():
        title = topics.get(topic) or ({"zh": topic, "en": topic} if topic else {})
        found += [Screen(title, part) for part in _parts(names)]
    return found


def _in_order(form: Mapping[str, Any]) -> list[tuple[str, Mapping[str, object]]]:
    """The properties as `x-order` lists them, else what must be filled in first: a stored object keeps no order of its own."""
    known = properties(form)
    listed = [str(name) for name in (*form.get("x-order", ()), *form.get("required", ()))]
    names = dict.fromkeys([*(name for name in listed if name in known), *known])
    return [(name, known[name]) for name in names]


def _parts(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(names[i : i + MOST_ON_A_SCREEN]) for i in range(0, len(names), MOST_ON_A_SCREEN)]
