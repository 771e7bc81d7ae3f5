"""What histories add up to by period: the aggregated temporal representation (4.5.19); pure.

Which method suits which data type is said by the tables of 4.5.19.1.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from onecity.kernel.twin.ngsild.model.kinds import RELATIONSHIPS, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.stored import Instance
from onecity.kernel.twin.ngsild.store.times import text_of
from onecity.kernel.twin.ngsild.temporal.evolution import Timed
from onecity.kernel.twin.ngsild.temporal.presenting import texts
from onecity.kernel.twin.ngsild.temporal.readings import Sums
from onecity.kernel.twin.ngsild.temporal.span import Cut

METHODS: Final = ("avg", "distinctCount", "max", "min", "stddev", "sum", "sumsq", "totalCount")
COUNTS: Final = frozenset({"distinctCount", "totalCount"})
SUITS: Final[Mapping[str, frozenset[str]]] = {
    "number": frozenset(METHODS),
    "boolean": frozenset(METHODS),
    "string": COUNTS | {"max", "min"},
    "array": COUNTS | {"avg", "max", "min", "sum"},
    "time": COUNTS | {"avg", "max", "min"},
    "other": COUNTS,
}
"""Data type → the methods that suit it (tables 4.5.19.1-1 to -3)."""
TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:[.,](\d{1,6}))?Z?", re.ASCII)
SPREAD: Final = frozenset({"stddev", "sumsq", "distinctCount"})
"""Methods that need every reading."""
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Gathered:
    """The values of one period: what is counted (`whole`), and what is reckoned with (`plain`), of one data type."""

    kind: str
    whole: Sequence[Any]
    plain: Sequence[Any]


def _whole(at: NDArray[np.int64]) -> list[str]:
    return [text.replace(".000000Z", "Z") for text in texts(at)]


def moment_text(moment_us: int) -> str:
    """Where a period begins or ends, without a fraction of a second where it has none."""
    return text_of(moment_us).replace(".000000Z", "Z")


def instances(timed: Sequence[Timed], cut: Cut, methods: Sequence[str]) -> dict[str, Any]:
    """The attribute as 4.5.19.0 shows it; methods that do not suit its data type are left out."""
    living = [one for one in timed if one.at is not None and "deletedAt" not in one.instance]
    periods: dict[tuple[int, int], list[Instance]] = {}
    for one in living:
        periods.setdefault(cut.period(one.at or 0), []).append(one.instance)
    kind = _label(living[-1].instance) if living else "Property"
    suiting = [method for method in methods if method in suits(living)]
    shown: dict[str, Any] = {"type": kind} | {method: [] for method in suiting}
    for (start, end), found in sorted(periods.items()):
        gathered = gather(found)
        for method in suiting:
            shown[method].append([REDUCE[method](gathered), moment_text(start), moment_text(end)])
    return shown


def suits(timed: Sequence[Timed]) -> frozenset[str]:
    """The methods that suit all the instances together."""
    kinds = {_kind(one.instance) for one in timed if "deletedAt" not in one.instance}
    common = frozenset(METHODS).intersection(*(SUITS[kind] for kind in kinds))
    return common if len(kinds) < 2 or kinds == {"number", "boolean"} else common & COUNTS


def gather(found: Sequence[Instance]) -> Gathered:
    """The values of instances as they are reckoned with."""
    kind = _kind(found[0])
    values = [_value(instance) for instance in found]
    if kind == "array":
        return Gathered(kind, values, [float(len(value)) if isinstance(value, list) else 0.0 for value in values])
    if kind in {"number", "boolean"}:
        return Gathered(kind, values, [float(value) if isinstance(value, int | float) else 0.0 for value in values])
    return Gathered(kind, values, [str(value) for value in values])


def _label(instance: Instance) -> str:
    """4.5.19.0 knows Properties and Relationships only."""
    return "Relationship" if instance["type"] in RELATIONSHIPS else "Property"


def _value(instance: Instance) -> Any:
    value = instance.get(VALUE_MEMBER.get(instance["type"], "value"))
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def _kind(instance: Instance) -> str:
    if instance["type"] == "ListProperty":
        return "array"
    if instance["type"] != "Property":
        return "other"
    value = _value(instance)
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "array"
    if isinstance(value, str):
        return "time" if TIME.fullmatch(value) else "string"
    return "other"


def _average(gathered: Gathered) -> Any:
    if gathered.kind == "time":
        return _time(sum(_seconds(text) for text in gathered.plain) / len(gathered.plain))
    return finite(math.fsum(gathered.plain) / len(gathered.plain))


def _seconds(text: str) -> float:
    found = TIME.fullmatch(text)
    if found is None:
        return 0.0
    hours, minutes, seconds, rest = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{rest or 0}")


def _time(seconds: float) -> str:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    return moment.time().isoformat() + "Z"


def deviation(count: float, total: float, squares: float) -> float:
    """The sample's standard deviation out of count, sum and sum of squares; 0 for a single value."""
    if count < 2:
        return 0.0
    return math.sqrt(max(squares - total * total / count, 0.0) / (count - 1))


def _deviation(gathered: Gathered) -> Any:
    values = gathered.plain
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return finite(math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)))


def finite(value: float) -> float | None:
    """The number, None (JSON null) where it is beyond what JSON can hold."""
    return value if math.isfinite(value) else None


def _squares(gathered: Gathered) -> Any:
    return finite(math.fsum(min(value * value, 1.7e308) for value in gathered.plain))


REDUCE: Final[Mapping[str, Callable[[Gathered], Any]]] = {
    "avg": _average,
    "distinctCount": lambda gathered: len({encode(value) for value in gathered.whole}),
    "max": lambda gathered: max(gathered.plain),
    "min": lambda gathered: min(gathered.plain),
    "stddev": _deviation,
    "sum": lambda gathered: finite(math.fsum(gathered.plain)),
    "sumsq": _squares,
    "totalCount": lambda gathered: len(gathered.whole),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Sums with the columns of every method and the texts of all periods, made once for many series."""

    rows: Mapping[int, slice]
    columns: Mapping[str, list[Any]]
    starts: list[str]
    ends: list[str]


def table(sums: Sums, cut: Cut, methods: Sequence[str]) -> Table:
    """The sums of many series, ready to be shown one series at a time."""
    edges = np.unique(sums.start)
    ends = [cut.period(int(edge))[1] for edge in edges.tolist()]
    where = np.searchsorted(edges, sums.start)
    starts_text, ends_text = np.array(_whole(edges)), np.array(_whole(np.array(ends, np.int64)))
    first = np.flatnonzero(np.r_[True, np.diff(sums.series) != 0]) if len(sums) else np.empty(0, np.int64)
    bounds = [*first.tolist(), len(sums)]
    rows = {number: slice(bounds[place], bounds[place + 1]) for place, number in enumerate(sums.series[first].tolist())}
    columns = {method: COLUMN[method](sums).tolist() for method in methods}
    return Table(rows, columns, starts_text[where].tolist(), ends_text[where].tolist())


def of_series(made: Table, series: int) -> dict[str, Any]:
    """One measured attribute as 4.5.19.0 shows it; empty where it has no reading."""
    rows = made.rows.get(series)
    if rows is None:
        return {}
    starts, ends = made.starts[rows], made.ends[rows]
    return {"type": "Property"} | {
        method: list(zip(column[rows], starts, ends, strict=True)) for method, column in made.columns.items()
    }


def _deviations(sums: Sums) -> Any:
    count = sums.readings.astype(np.float64)
    spread = np.maximum(sums.squares - sums.total * sums.total / count, 0.0)
    return np.sqrt(spread / np.maximum(count - 1, 1.0))


COLUMN: Final[Mapping[str, Callable[[Sums], Any]]] = {
    "avg": lambda sums: sums.total / sums.readings,
    "distinctCount": lambda sums: sums.distinct,
    "max": lambda sums: sums.maximum,
    "min": lambda sums: sums.minimum,
    "stddev": _deviations,
    "sum": lambda sums: sums.total,
    "sumsq": lambda sums: sums.squares,
    "totalCount": lambda sums: sums.readings,
}
