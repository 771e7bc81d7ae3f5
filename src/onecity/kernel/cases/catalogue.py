"""The kinds of case that come with the platform, and files of case types read in and given out."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic import bundle
from onecity.kernel.cases.logic.bundle import Bundle, Class
from onecity.kernel.cases.logic.definition import to_data
from onecity.kernel.cases.models import CaseType

CITY_MANAGEMENT: Final = Path(__file__).parent / "data" / "city_management.json"


@dataclass(frozen=True, slots=True)
class Change:
    """What a file would do with one type: `new`, `same` or `changed`, and where it differs."""

    name: str
    kind: str
    differences: Sequence[tuple[str, object, object]] = ()


@cache
def shipped() -> Bundle:
    """The classes and kinds of digital city management and of the hotline."""
    return bundle.read(json.loads(CITY_MANAGEMENT.read_text(encoding="utf-8")))


def classes() -> Sequence[Class]:
    """The classes by which kinds are sorted."""
    return shipped().classes


def compare(file: Bundle) -> list[Change]:
    """What reading in a file would do; nothing is written."""
    latest = _latest(file.definitions)
    found = []
    for name, definition in file.definitions.items():
        row, data = latest.get(name), to_data(definition)
        if row is None:
            found.append(Change(name, "new"))
        elif row.digest == type_store.digest_of(data):
            found.append(Change(name, "same"))
        else:
            found.append(Change(name, "changed", bundle.differences(row.definition, data)))
    return found


@transaction.atomic
def install(file: Bundle, *, by: UUID | None = None, effective_from: dt.datetime | None = None) -> list[str]:
    """Publish what is new or changed in a file; returns the names. What people published stays when nobody asks (`by` is
    None), so that an update of the platform does not undo a district's own rules."""
    latest, written = _latest(file.definitions), []
    for name, definition in file.definitions.items():
        row = latest.get(name)
        if by is None and row is not None and row.published_by_id is not None:
            continue
        if row is not None and row.digest == type_store.digest_of(to_data(definition)):
            continue
        type_store.publish_definition(name, definition, effective_from=effective_from, published_by_id=by)
        written.append(name)
    return written


def export(names: Sequence[str] = ()) -> dict[str, Any]:
    """The kinds in force as a file; all of them, or those named."""
    kinds = {kind.name: kind.definition for kind in type_store.all_in_force() if not names or kind.name in names}
    known = {one.code for one in classes()}
    own = sorted({kind.category for kind in kinds.values() if kind.category} - known)
    return bundle.write(kinds, [*classes(), *(Class(code, {"zh": code, "en": code}) for code in own)])


def _latest(names: Mapping[str, object]) -> dict[str, CaseType]:
    rows = CaseType.objects.filter(name__in=list(names)).order_by("name", "-version").distinct("name")
    return {row.name: row for row in rows}
