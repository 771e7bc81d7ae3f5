"""Whether a JSON value can be kept at all: bounded in depth and size, text that a database takes, NGSI-LD Null only where allowed."""

import math
from typing import Any, Final

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.limits import DEPTH, NODES
from onecity.kernel.twin.ngsild.model.problems import bad_request

LARGEST: Final = 10**308  # what a double can hold


def _text_fault(text: str) -> Text | None:
    if "\x00" in text:
        return _("contains the character U+0000, which cannot be kept")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return _("contains half a character (a lone surrogate)")
    return None


def _number_fault(value: int | float) -> Text | None:
    if type(value) is float:
        return None if math.isfinite(value) else _("contains a number that JSON does not have")
    return None if -LARGEST < value < LARGEST else _("contains a number that is too large")


def _scalar_fault(value: object, *, nulls: bool) -> Text | None:
    if isinstance(value, str):
        if value == NULL and not nulls:
            return _("contains urn:ngsi-ld:null, which only an update may use")
        return _text_fault(value)
    if value is None or value is True or value is False:
        return None
    return _number_fault(value) if isinstance(value, int | float) else _("is no JSON")


def _compound_fault(value: Any, *, nulls: bool) -> Text | None:
    """Level by level, so that no input exhausts the stack."""
    layer: list[Any] = [value]
    depth = nodes = 0
    while layer:
        depth += 1
        nodes += len(layer)
        if depth > DEPTH or nodes > NODES:
            return _("is too deep or too large (at most {depth} levels, {nodes} members)", depth=DEPTH, nodes=NODES)
        below: list[Any] = []
        for item in layer:
            fault = _item_fault(item, below, nulls=nulls)
            if fault is not None:
                return fault
        layer = below
    return None


def _item_fault(item: Any, below: list[Any], *, nulls: bool) -> Text | None:
    if isinstance(item, dict):
        below.extend(item.values())
        return next(filter(None, map(_key_fault, item)), None)
    if isinstance(item, list):
        below.extend(item)
        return None
    return _scalar_fault(item, nulls=nulls)


def _key_fault(key: object) -> Text | None:
    return _text_fault(key) if isinstance(key, str) else _("is no JSON")


def check(value: Any, where: str, *, nulls: bool = False) -> None:
    """Raise Problem when `value` cannot be kept; `nulls`: NGSI-LD Null may stand in it (merge patch)."""
    kind = type(value)
    if kind is bool or kind is int or kind is float or (kind is str and value.isascii() and "\x00" not in value):
        fault = _scalar_fault(value, nulls=nulls)
    else:
        fault = _compound_fault(value, nulls=nulls)
    if fault is not None:
        raise bad_request(_("{where} {fault}.", where=where, fault=fault), where)
