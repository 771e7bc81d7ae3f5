"""Splitting: one case becomes several parts at different bodies, and all share its clock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import appending, changing, directory
from onecity.kernel.cases.changing import Work
from onecity.kernel.cases.deeds.deed import Data, Deed, dispatches, note_of
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.opening import NewCase, open_cases
from onecity.kernel.core.ids import parse_id

MOST_PARTS = 20


def _split(work: Work) -> Data:
    note_of(work)
    given = work.act.data.get("parts")
    rows = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    if not 1 <= len(rows) <= MOST_PARTS or not all(isinstance(row, Mapping) for row in rows):
        raise changing.invalid("parts", _("Say which parts there are, at most %(most)s.") % {"most": MOST_PARTS})
    parts = [_part(row) for row in rows]
    known = directory.bodies_named(UUID(part["organisation_id"]) for part in parts)
    if len(known) != len({part["organisation_id"] for part in parts}):
        raise changing.invalid("parts", _("There is no such office. Choose one of the list."))
    return {"parts": parts, "organisation": "、".join(known.values())}


def _part(row: Mapping[str, Any]) -> dict[str, str]:
    title = str(row.get("title", "")).strip()
    body = parse_id(str(row.get("organisation_id", "")))
    if not title or len(title) > 200 or body is None:
        raise changing.invalid("parts", _("Each part needs a title of at most 200 characters and an office."))
    return {"title": title, "organisation_id": str(body)}


def _open(work: Work, made: CaseEvent) -> None:
    case = work.case
    model = NewCase(
        type_name=case.type_name,
        title=case.title,
        division_path=case.division_path,
        source="part",
        description=case.description,
        address=case.address,
        lon=case.lon,
        lat=case.lat,
        severity=case.severity,
        entity_id=case.entity_id,
        opened_at=case.started_at,
        parent=case,
    )
    open_cases(
        [
            replace(
                model,
                title=part["title"],
                organisation_id=UUID(part["organisation_id"]),
                source_key=f"part:{case.id}:{made.version}:{number}",
            )
            for number, part in enumerate(made.data["parts"])
        ],
        actor=work.actor,
    )


def ended(case: Case) -> None:
    """Write into the history of the whole that one of its parts has ended."""
    if case.parent_id is not None and not case.is_open:
        appending.append_many([case.parent_id], "part_ended", case.number)


DEEDS = (
    Deed(
        "split",
        _("Split into parts"),
        dispatches,
        lambda case, kind: kind.parts and case.is_open and case.parent_id is None,
        _split,
        _open,
        asks=("parts",),
    ),
)
