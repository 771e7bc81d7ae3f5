"""Writes an edition of a tree into the tables with its day of effect: all of it or nothing, and nothing twice."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import areal_part
from onecity.kernel.places.logic import edition
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.logic.paths import join
from onecity.kernel.places.models import BEGINNING, Division, DivisionState

LOCK = 0x0C17_0001  # advisory lock: one change of the divisions at a time
BATCH = 500


@dataclass(frozen=True, slots=True)
class EditionReport:
    """What an edition did, by code."""

    opened: tuple[str, ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]
    closed: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether the tree was already so."""
        return not (self.opened or self.changed or self.closed)


def apply(tree: str, entries: Sequence[Entry], effective: dt.date | None, *, complete: bool = True) -> EditionReport:
    """Make `entries` the divisions of a tree from the day `effective` on, and return what that changed.

    Divisions with the same code and parent keep their identity; a new name or outline starts on that day and the old one
    stays in the history. With `complete` those that are not listed end on that day. `effective` None corrects the present state in place, without
    history: for a first load, and for errors that never were true. Raises Problem when the edition is inconsistent or older
    than what it would replace; then nothing has changed.
    """
    with transaction.atomic():
        lock()
        rows = {row.code: row for row in _open(tree)}
        present = {code: as_entry(row) for code, row in rows.items()}
        _check(present, entries, complete=complete)
        plan = edition.compare(present, entries, complete=complete)
        if effective is not None:
            _check_dates(plan, rows, effective)
        _close(plan, rows, effective)
        _change(plan, rows, effective)
        _open_new(tree, plan, rows, effective or BEGINNING)
    return EditionReport(
        tuple(entry.code for entry in plan.opened), tuple(one.code for one in plan.changed), plan.kept, plan.closed
    )


def lock() -> None:
    """Let other changes of divisions wait until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def as_entry(row: Division) -> Entry:
    """Return a division as an edition lists it."""
    shape = areal_part(shapely.from_wkb(bytes(row.geometry))) if row.geometry else None
    parent = row.parent.code if row.parent else ""
    return Entry(
        row.code, row.name, row.level, parent, row.lon, row.lat, row.located, shape, row.approximate, row.source
    )


def _open(tree: str) -> QuerySet[Division]:
    return Division.objects.filter(tree=tree, valid_to=None).select_related("parent").order_by("path")


def _check(present: Mapping[str, Entry], entries: Sequence[Entry], *, complete: bool) -> None:
    faults = edition.faults(present, entries, complete=complete)
    if not entries and complete:
        faults.append(FieldError("", _("The edition is empty; it would end every division.")))
    if faults:
        raise Problem("bad-edition", _("The list of divisions cannot be used"), status=422, errors=faults)


def _check_dates(plan: edition.Plan, rows: Mapping[str, Division], effective: dt.date) -> None:
    touched = [*plan.closed, *(entry.code for entry in plan.changed)]
    late = [rows[code] for code in touched if max(rows[code].valid_from, rows[code].current_from) >= effective]
    faults = [FieldError(row.code, _("Its present state began on that day or later.")) for row in late]
    if faults:
        title = _("The edition is older than the divisions it would replace")
        raise Problem("old-edition", title, status=409, detail=effective.isoformat(), errors=faults)


def _close(plan: edition.Plan, rows: dict[str, Division], effective: dt.date | None) -> None:
    gone = [rows.pop(code) for code in plan.closed]
    if effective is None:
        for row in gone:
            row.delete()
        return
    for row in gone:
        row.valid_to = effective
    Division.objects.bulk_update(gone, ["valid_to"], batch_size=BATCH)


def _change(plan: edition.Plan, rows: Mapping[str, Division], effective: dt.date | None) -> None:
    if effective is not None:
        past = (rows[entry.code] for entry in plan.changed)
        DivisionState.objects.bulk_create([_state(row, effective) for row in past], batch_size=BATCH)
    for entry in plan.changed:
        _fill(rows[entry.code], entry)
        if effective is not None:
            rows[entry.code].current_from = effective
    fields = ["name", "geometry", "lon", "lat", "located", "approximate", "source", "current_from"]
    Division.objects.bulk_update([rows[entry.code] for entry in plan.changed], fields, batch_size=BATCH)


def _open_new(tree: str, plan: edition.Plan, rows: dict[str, Division], start: dt.date) -> None:
    made = []
    for entry in plan.opened:
        parent = rows[entry.parent] if entry.parent else None
        row = Division(tree=tree, code=entry.code, level=entry.level, parent=parent, valid_from=start)
        row.path = join(parent.path if parent else tree, entry.code)
        _fill(row, entry)
        rows[entry.code] = row
        made.append(row)
    Division.objects.bulk_create(made, batch_size=BATCH)


def _fill(row: Division, entry: Entry) -> None:
    row.name, row.lon, row.lat, row.located = entry.name, entry.lon, entry.lat, entry.located
    row.geometry = shapely.to_wkb(entry.shape) if entry.shape else None  # an empty shape is none
    row.approximate, row.source = entry.approximate, entry.source


def _state(row: Division, end: dt.date) -> DivisionState:
    return DivisionState(
        division=row,
        name=row.name,
        geometry=row.geometry,
        lon=row.lon,
        lat=row.lat,
        approximate=row.approximate,
        source=row.source,
        valid_from=max(row.valid_from, row.current_from),
        valid_to=end,
    )
