"""Observations as bodies give them (OGC 18-088, 8.2.7 and 13.3): read and checked before anything is touched. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.batch import NEVER
from onecity.kernel.telemetry.logic import times

Facts = Mapping[str, Any]
KIND = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"
# the types of observation (OGC 18-088, table 12) by the end of their address
MEASUREMENT, COUNT, TRUTH, CATEGORY, ANY = (
    "Measurement", "CountObservation", "TruthObservation", "CategoryObservation", "Observation",
)  # fmt: skip
KINDS = frozenset({MEASUREMENT, COUNT, TRUTH, CATEGORY, ANY})
MOST, LARGEST, DEEPEST, MOST_NUMBER = 100_000, 64 * 1024, 20, 2.0**63
# members that are kept beside the result
MORE = frozenset({"resultTime", "resultQuality", "validTime", "parameters"})
FEATURE = "FeatureOfInterest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One observation. `at`: its time in µs, of an interval its end, NEVER where it cannot be read.

    `more`: what is kept beside time and result. `feature`: the id of a feature that is there, or the members of a new one;
    None: where its thing is.
    """

    series: int
    time: object
    at: int
    result: object
    more: Facts = field(default_factory=dict)
    feature: "str | Facts | None" = None

    @property
    def document(self) -> dict[str, Any]:
        """What is kept of it where that is more than a reading."""
        interval = {"phenomenonTime": self.time} if self._is_interval else {}
        return {"result": self.result, **interval, **self.more}

    @property
    def plain(self) -> bool:
        """Whether a reading says all of it."""
        return self.feature is None and not self.more and not self._is_interval

    @property
    def _is_interval(self) -> bool:
        return isinstance(self.time, str) and "/" in self.time


def _at(time: object) -> int:
    found = times.from_one(time.partition("/")[2] or time) if isinstance(time, str) else None
    return NEVER if found is None else found


def number_of(kind: str, result: object) -> float | None:
    """The reading that a result is in a datastream of that kind; None where it is none, NaN where the result is wrong.

    True and false are 1 and 0; an integer result is a whole number; texts and documents are no readings.
    """
    truth = isinstance(result, bool)
    wrong = float("nan")
    if kind == TRUTH:
        return float(result) if isinstance(result, bool) else wrong
    if kind == CATEGORY:
        return None if isinstance(result, str) else wrong
    if isinstance(result, int | float) and not truth:
        return _number(result) if kind != COUNT or float(result).is_integer() else wrong
    return None if kind == ANY and result is not None else wrong


def shown(kind: str, value: float) -> float | int | bool:
    """A reading as the result of an observation of that kind."""
    if kind == TRUTH:
        return value != 0
    return int(value) if kind == COUNT and value.is_integer() else value


def _number(result: float) -> float:
    try:
        return float(result)
    except OverflowError:
        return float("inf")


def kind_of(observation_type: object) -> str:
    """The kind that an `observationType` names; measurements where it names none."""
    text = str(observation_type).removeprefix(KIND)
    return text if text in KINDS else MEASUREMENT


def read(path: str, body: bytes) -> Sequence[Wanted]:
    """The observations of a request to that path below the service. Raises Problem 400 and 413."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise wrong(str(error)[:200]) from error
    return array(document) if path.endswith("CreateObservations") else [single(document, path)]


def wrong(detail: str) -> Problem:
    """The answer to an observation that cannot be read; `detail`: the member."""
    return Problem("sensorthings-body", _("The observation cannot be read"), status=400, detail=detail[:200])


def single(document: object, path: str) -> Wanted:
    """One observation; `path` may name its datastream or its feature. Raises Problem 400."""
    if not isinstance(document, dict):
        raise wrong("result")
    parent = path.strip("/").removesuffix("Observations").strip("/")
    given = dict(document)
    if parent.startswith("FeaturesOfInterest(") and parent.endswith(")"):
        given[FEATURE] = {"@iot.id": parent[19:-1].strip("'")}
    elif parent:
        series = parent.removeprefix("Datastreams(").removesuffix(")") if parent.startswith("Datastreams(") else ""
        if not series.isdigit():
            raise wrong(parent[:100])
        given["Datastream"] = {"@iot.id": series}
    return of_datastream(_stream(given.get("Datastream")), given)


def of_datastream(series: int, given: Facts, place: str = "") -> Wanted:
    """An observation of a datastream that is known; `place`: where it stands in a body. Raises Problem 400."""
    if "result" not in given:
        raise wrong(f"{place}result")
    more = {name: value for name, value in given.items() if name in MORE and value is not None}
    for name in given:
        if name not in MORE and name not in {"result", "phenomenonTime", "Datastream", FEATURE} and "@iot." not in name:
            raise wrong(f"{place}{name}")
    check(more, place)
    _bounded(given["result"], f"{place}result")
    time = given.get("phenomenonTime")
    time = times.to_text(now_us()) if time is None else time
    return Wanted(series, time, _at(time), given["result"], more, _feature(given.get(FEATURE), place))


def check(more: Facts, place: str = "") -> None:
    """What stands beside the result must be what the standard asks for. Raises Problem 400."""
    if "resultTime" in more and not _is_time(more["resultTime"]):
        raise wrong(f"{place}resultTime")
    if "validTime" in more:
        ends = more["validTime"].split("/") if isinstance(more["validTime"], str) else []
        if len(ends) != 2 or not all(map(_is_time, ends)):
            raise wrong(f"{place}validTime")
    if not isinstance(more.get("parameters", {}), dict):
        raise wrong(f"{place}parameters")
    for name, value in more.items():
        _bounded(value, f"{place}{name}")


def _is_time(value: object) -> bool:
    return isinstance(value, str) and times.from_one(value) is not None


def _bounded(value: object, place: str, depth: int = 0) -> None:
    """What the database could not keep is refused by name."""
    if depth > DEEPEST or (depth == 0 and _size(value) > LARGEST):
        raise wrong(place)
    if isinstance(value, dict):
        for name, inner in value.items():
            _bounded(name, place, depth + 1)
            _bounded(inner, f"{place}/{name}", depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _bounded(inner, place, depth + 1)
    elif not _can_be_kept(value, inside=depth > 0):
        raise wrong(place)


def _can_be_kept(value: object, *, inside: bool) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    # a number that is the result itself is judged as a reading
    return not inside or not isinstance(value, int | float) or abs(value) < MOST_NUMBER


def _size(value: object) -> int:
    return len(msgspec.json.encode(value)) if isinstance(value, str | dict | list) else 0


def _feature(link: object, place: str) -> "str | Facts | None":
    if link is None:
        return None
    if not isinstance(link, dict):
        raise wrong(f"{place}{FEATURE}")
    key = link.get("@iot.id")
    if key is None:
        return link
    if isinstance(key, bool) or not isinstance(key, str | int) or not 0 < len(str(key)) <= 200:
        raise wrong(f"{place}{FEATURE}/@iot.id")
    return str(key)


def _stream(link: object) -> int:
    key = link.get("@iot.id") if isinstance(link, dict) else None
    if isinstance(key, str) and key.isdigit():
        key = int(key[:10])
    if not isinstance(key, int) or isinstance(key, bool) or not 0 < key < 2**31:
        raise wrong("Datastream/@iot.id")
    return key


def array(document: object) -> list[Wanted]:
    """The observations of a data array (OGC 18-088, 13.3). Raises Problem 400 and 413."""
    found: list[Wanted] = []
    for group in document if isinstance(document, list) else [None]:
        if not isinstance(group, dict):
            raise wrong("components, dataArray")
        series, names, rows = _stream(group.get("Datastream")), group.get("components"), group.get("dataArray")
        if not isinstance(names, list) or not isinstance(rows, list) or "result" not in names:
            raise wrong("components, dataArray")
        if len(found) + len(rows) > MOST:
            raise Problem("too_large", _("The request is too large"), status=413)
        found += [_of_row(series, [str(name) for name in names], row) for row in rows]
    return found


def _of_row(series: int, names: Sequence[str], row: object) -> Wanted:
    if not isinstance(row, list) or len(row) != len(names):
        raise wrong("dataArray")
    given = dict(zip(names, row, strict=True))
    key = given.pop(f"{FEATURE}/id", given.pop(f"{FEATURE}/@iot.id", None))
    if key is not None:
        given[FEATURE] = {"@iot.id": key}
    given.pop("id", None)
    return of_datastream(series, given)
