"""Rows of a table as cases to open: each understood by itself, with what is wrong with it in words."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from django.conf import settings
from django.utils.translation import gettext as _

from onecity.kernel.access import policy
from onecity.kernel.cases import permissions, type_store
from onecity.kernel.cases.intake.importing.logic.meaning import Meaning
from onecity.kernel.cases.intake.open311.filing import division_named
from onecity.kernel.cases.opening import NewCase, district_of
from onecity.kernel.cases.reporting import Person
from onecity.kernel.core.clock import from_us, now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE
from onecity.kernel.telemetry.batch import NEVER
from onecity.kernel.telemetry.uploads import meaning as columns
from onecity.kernel.telemetry.uploads.tables import Table

SOURCE: Final = "import"
TITLE_LENGTH: Final = 60
DAY: Final = r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日)$"
# longer texts than columns hold are cut where nothing is lost by it, and are a fault where something would be
LONGEST: Final[Mapping[str, int]] = {
    "description": 4000,
    "title": 200,
    "address": 200,
    "name": 80,
    "phone": 30,
    "key": 120,
}


class RowError(ValueError):
    """What is wrong with one row, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be taken: its line in the file, and why."""

    line: int
    why: str


@dataclass
class Plan:
    """What a table would do: the cases with the lines from which they come, and the rows that are none."""

    cases: list[NewCase] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Reader:
    """Reads the rows of one table for one account; what is looked up is looked up once."""

    def __init__(self, table: Table, meaning: Meaning, account: Account) -> None:
        self.meaning = meaning
        self.account = account
        self._kinds = _kinds()
        self._divisions = _divisions()
        self._may: dict[str, bool] = {}
        self._moments = _moments(table, meaning.columns.get("opened_at", ""))
        self._table = table

    def plan(self) -> Plan:
        """Every row, understood or refused."""
        plan = Plan()
        for number, row in enumerate(self._table.frame.iter_rows(named=True)):
            values = {name: (row[column] or "").strip() for name, column in self.meaning.columns.items()}
            line = number + self._table.first_line
            if not any(value.strip() for value in row.values() if value):
                continue
            try:
                plan.cases.append(self._case(values, row, number))
                plan.lines.append(line)
            except RowError as error:
                plan.faults.append(Fault(line, str(error)))
        return plan

    def _case(self, values: Mapping[str, str], row: Mapping[str, Any], number: int) -> NewCase:
        for name, most in LONGEST.items():
            if len(values.get(name, "")) > most:
                raise RowError(
                    _("%(column)s: at most %(most)s characters") % {"column": self.meaning.columns[name], "most": most}
                )
        text = values.get("description", "")
        title = values.get("title", "") or text.partition("\n")[0]
        if not title:
            raise RowError(_("It says neither a title nor a description."))
        lon, lat = _point(values)
        path = self._division(values, lon, lat)
        name, phone = values.get("name", ""), values.get("phone", "")
        return NewCase(
            type_name=self._kind(values.get("kind", "")),
            title=title if len(title) <= TITLE_LENGTH or values.get("title") else f"{title[: TITLE_LENGTH - 1]}…",
            description=text,
            division_path=path,
            address=values.get("address", ""),
            lon=lon,
            lat=lat,
            source=SOURCE,
            source_key=_key(values.get("key", ""), row, path),
            opened_at=self._moment(values, number),
            reporter=Person(name=name, phone=phone) if name or phone else None,
        )

    def _kind(self, text: str) -> str:
        found = self._kinds.get(text.casefold()) if text else self.meaning.kind
        if not found:
            if text:
                raise RowError(_("There is no kind of case “%(name)s”.") % {"name": text[:60]})
            raise RowError(_("It names no kind, and none was chosen for such rows."))
        return found

    def _division(self, values: Mapping[str, str], lon: float | None, lat: float | None) -> str:
        text = values.get("division", "")
        path = self._divisions.get(text.casefold(), "") if text else ""
        if text and not path:
            raise RowError(_("There is no division “%(name)s”.") % {"name": text[:60]})
        if not path and lon is not None and lat is not None:
            path = places.locate(lon, lat)[0]
        if not path and values.get("address"):
            named = division_named(values["address"])
            path = named if named.count("/") > self.meaning.division.count("/") else ""
        path = path or self.meaning.division
        if not path:
            raise RowError(_("It names no division, and none was chosen for such rows."))
        if path not in self._may:
            self._may[path] = policy.may(self.account, permissions.OPEN, path)
        if not self._may[path]:
            raise RowError(_("You may not open cases there: %(place)s.") % {"place": places.title_for(path, full=True)})
        return path

    def _moment(self, values: Mapping[str, str], number: int) -> dt.datetime | None:
        if not values.get("opened_at"):
            return None
        micros = self._moments[number]
        if micros == NEVER:
            raise RowError(_("This is no time: %(text)s.") % {"text": values["opened_at"][:60]})
        moment = from_us(int(micros))
        if moment > now():
            raise RowError(_("This time has not come yet: %(text)s.") % {"text": values["opened_at"][:60]})
        return moment


def _kinds() -> dict[str, str]:
    """Names and titles of the kinds that people may open, in every language, to their names."""
    found: dict[str, str] = {}
    for kind in type_store.all_in_force():
        if kind.definition.manual:
            for text in (*kind.definition.title.values(), kind.name):
                found[text.casefold()] = kind.name
    return found


def _divisions() -> dict[str, str]:
    """Paths, codes and names of divisions to their paths; a name that several bear names none."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for place in snapshot.take(ADMINISTRATIVE).places:
        name = place.name.casefold()
        several |= {name} if name in found else set()
        found |= {place.path: place.path, place.code.casefold(): place.path, name: place.path}
    return {text: path for text, path in found.items() if text not in several}


def _moments(table: Table, column: str) -> Sequence[int]:
    text = table.frame[column] if column else pl.Series([""] * len(table.frame), dtype=pl.String)
    # a day alone begins at midnight
    text = text.fill_null("").str.strip_chars().str.replace(DAY, "$1 00:00:00")
    return [int(one) for one in columns.moments_of(text, columns.Meaning(column, [], zone=settings.TIME_ZONE))]


def _point(values: Mapping[str, str]) -> tuple[float | None, float | None]:
    lon, lat = values.get("lon", ""), values.get("lat", "")
    if not lon and not lat:
        return None, None
    try:
        east, north = float(lon), float(lat)
    except ValueError as error:
        raise RowError(
            _("Longitude and latitude are not numbers: %(text)s.") % {"text": f"{lon}, {lat}"[:60]}
        ) from error
    if not (-180 <= east <= 180 and -90 <= north <= 90):
        raise RowError(_("There is no such place on earth: %(text)s.") % {"text": f"{lon}, {lat}"[:60]})
    return east, north


def _key(key: str, row: Mapping[str, Any], path: str) -> str:
    """What names this row however often it comes: its own number, else all that it says."""
    text = key or hashlib.sha256("\x1f".join(str(value or "").strip() for value in row.values()).encode()).hexdigest()
    return f"{SOURCE}:{district_of(path)}:{text}"
