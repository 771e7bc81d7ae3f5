"""Aggregates of one attribute that several sources reckoned, each of its own readings, as one; pure (4.5.19).

Counts and sums are added, of extremes the outer one counts, averages and deviations follow from counts and sums. How many
different values there are follows from the values alone (`distinct`).
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from onecity.kernel.twin.ngsild.model.combining import moment_key
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS
from onecity.kernel.twin.ngsild.temporal.aggregating import METHODS, deviation

Body = dict[str, Any]
Row = dict[str, Any]
# what must be known of each part for a method
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "avg": ("sum", "totalCount"),
    "stddev": ("sum", "sumsq", "totalCount"),
}
ADDED: Final = ("totalCount", "sum", "sumsq")
OUTER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"max": max, "min": min}
ROW: Final = 3
PAIR: Final = 2
NULL: Final = "urn:ngsi-ld:null"
# members of an attribute that hold its values with their moments (4.5.8)
VALUES: Final = ("values", "objects", "languageMaps", "vocabs", "jsons", "valueLists", "objectLists")
encode = msgspec.json.Encoder(order="deterministic").encode
# what is farther away from 0 is not reckoned with
MOST: Final = 1e150


def needed(methods: Sequence[str]) -> tuple[str, ...]:
    """The methods with what must be asked besides so that parts can be put together."""
    extra = (need for method in methods for need in NEEDS.get(method, ()))
    return tuple(dict.fromkeys([*methods, *extra]))


def shown(attribute: Any, methods: Sequence[str]) -> Any:
    """The attribute with no other methods than those that were asked for."""
    if isinstance(attribute, list):
        return [shown(part, methods) for part in attribute]
    return {key: value for key, value in attribute.items() if key not in METHODS or key in methods}


def of(body: Body, methods: Sequence[str]) -> Body:
    """The history with no other methods than those that were asked for; as it is where none were."""
    if not methods:
        return body
    return {key: value if key in ENTITY_MEMBERS else shown(value, methods) for key, value in body.items()}


def together(one: Any, other: Any, *, whole: bool) -> tuple[Any, bool]:
    """The attribute of two parts, by data set, and whether that is certain; else what the first part says is shown.

    `whole`: there is one period for all the time, wherever that begins and ends for each part.
    """
    kept = {part.get("datasetId"): part for part in _listed(one)}
    certain = True
    for part in _listed(other):
        known = kept.get(part.get("datasetId"))
        if known is None:
            kept[part.get("datasetId")] = part
        else:
            kept[part.get("datasetId")], sure = _both(known, part, whole=whole)
            certain = certain and sure
    made = list(kept.values())
    return (made[0] if len(made) == 1 else made), certain


def _both(one: Body, other: Body, *, whole: bool) -> tuple[Body, bool]:
    methods = [method for method in METHODS if method in one]
    if methods != [method for method in METHODS if method in other]:
        return one, False
    first, second = _periods(one, methods, whole=whole), _periods(other, methods, whole=whole)
    if first is None or second is None:
        return one, False
    certain = True
    for key, row in second.items():
        if key in first:
            first[key], sure = _merged(first[key], row, methods)
            certain = certain and sure
        else:
            first[key] = row
    rows = sorted(first.values(), key=lambda row: str(row["start"]))
    columns: Body = {method: [[row[method], row["start"], row["end"]] for row in rows] for method in methods}
    return {**one, **columns}, certain and _apart(rows)


def _periods(part: Body, methods: Sequence[str], *, whole: bool) -> dict[str, Row] | None:
    """By where a period begins: its values by method; None where they are not written as 4.5.19 says."""
    found: dict[str, Row] = {}
    for method in methods:
        if not isinstance(part[method], list):
            return None
        for row in part[method]:
            if not isinstance(row, list | tuple) or len(row) != ROW or not all(isinstance(at, str) for at in row[1:]):
                return None
            value, start, end = row
            found.setdefault("" if whole else start, {"start": start, "end": end})[method] = value
    return found if all(method in row for row in found.values() for method in methods) else None


def _merged(one: Row, other: Row, methods: Sequence[str]) -> tuple[Row, bool]:
    row: Row = {"start": min(one["start"], other["start"]), "end": max(one["end"], other["end"])}
    sums = {name: one[name] + other[name] for name in ADDED if _numbers(one.get(name), other.get(name))}
    for method in methods:
        value = sums.get(method)
        if method in OUTER and _alike(one[method], other[method]):
            value = OUTER[method](one[method], other[method])
        elif method in NEEDS and all(name in sums for name in NEEDS[method]) and sums["totalCount"] > 0:
            count, total = sums["totalCount"], sums["sum"]
            value = total / count if method == "avg" else deviation(count, total, sums["sumsq"])
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            row[method] = one[method]
        else:
            row[method] = value
    sure = all(_known(method, one, other, sums) for method in methods)
    return row, sure


def distinct(attribute: Any, parts: Sequence[Any], *, whole: bool) -> Any:
    """The attribute with the number of different values by period; `parts`: the values with their moments (4.5.9) of each."""
    pairs: dict[object, list[tuple[str, bytes]]] = {}
    for part in (one for listed in parts for one in _listed(listed)):
        found = pairs.setdefault(part.get("datasetId"), [])
        for member in VALUES:
            found += [(moment_key(pair[1]), _same(pair[0])) for pair in part.get(member, ()) if _is_value(pair)]
    made = [_counted(one, pairs.get(one.get("datasetId"), []), whole=whole) for one in _listed(attribute)]
    return made[0] if len(made) == 1 else made


def _counted(part: Body, pairs: Sequence[tuple[str, bytes]], *, whole: bool) -> Body:
    rows = []
    for _count, start, end in part.get("distinctCount", ()):
        first, last = moment_key(start), moment_key(end)
        rows.append([len({value for at, value in pairs if whole or first <= at < last}), start, end])
    return {**part, "distinctCount": rows} if rows else part


def _is_value(pair: object) -> bool:
    """Whether a pair has a value with its moment, and no mark that the attribute was deleted."""
    return isinstance(pair, list) and len(pair) == PAIR and isinstance(pair[1], str) and pair[0] not in (None, NULL)


def _same(value: Any) -> bytes:
    """What is the same for values that are: 1 and 1.0 are."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return encode(float(value) if number and abs(value) < MOST else value)


def _known(method: str, one: Row, other: Row, sums: Mapping[str, Any]) -> bool:
    if method == "distinctCount":
        # seen to by those who can ask for the values
        return True
    if method in OUTER:
        return _alike(one[method], other[method])
    return all(name in sums for name in NEEDS.get(method, (method,)))


def _alike(one: Any, other: Any) -> bool:
    return _numbers(one, other) or (isinstance(one, str) and isinstance(other, str))


def _numbers(*values: Any) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < MOST for v in values)


def _apart(rows: Sequence[Row]) -> bool:
    """Whether no period reaches into the next: the parts were cut at the same moments."""
    return all(str(row["end"]) <= str(later["start"]) for row, later in itertools.pairwise(rows))


def _listed(value: Any) -> list[Body]:
    return value if isinstance(value, list) else [value]
