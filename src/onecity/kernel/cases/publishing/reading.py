"""Reads what everybody may read of cases, through one function of the database, which decides what that is.

The residents' pages and Open311 ask here, so that neither shows more than the other.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.masking import masked_text
from onecity.kernel.cases.types import in_language
from onecity.kernel.places import service as places

MOST: Final = 1000
COLUMNS: Final = (
    "case_id", "number", "type_name", "type_version", "state", "round", "opened_at", "changed_at", "closed_at", "due",
    "division_path", "office", "description", "address", "lon", "lat", "photos", "result",
)  # fmt: skip
QUERY: Final = f"""
SELECT {", ".join(COLUMNS)}
FROM cases_published(%s::text[], %s::text[], %s::bool, %s::timestamptz, %s::timestamptz, %s, %s::float8[], %s, %s)
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Wanted:
    """Which cases: by number (then nothing else counts), or opened from `since` to `until` inclusive; of these kinds,
    running, ended or both (None); in a division; in a box of degrees (west, south, east, north), by published place."""

    numbers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    running: bool | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    place: str = ""
    box: tuple[float, float, float, float] | None = None
    most: int = MOST
    skip: int = 0


@dataclass(frozen=True)
class Published:
    """What is public of one case; `words` and `photos` only as far as a person released them."""

    case_id: UUID
    number: str
    type_name: str
    kind: Definition
    state: str
    round: int
    opened_at: dt.datetime
    changed_at: dt.datetime
    closed_at: dt.datetime | None
    due: dt.datetime | None
    division_path: str
    place: str
    office: str
    words: str
    address: str
    lon: float | None
    lat: float | None
    photos: tuple[UUID, ...]
    result: str

    @property
    def title(self) -> str:
        """What kind of case it is, in the reader's language: the title that somebody wrote is not public."""
        return in_language(self.kind.title)

    @property
    def state_title(self) -> str:
        """The state in words."""
        return in_language(self.kind.state(self.state).title)

    @property
    def result_title(self) -> str:
        """How it was settled, once it has ended."""
        found = (one for one in self.kind.results if self.closed_at and one.code == self.result)
        return next((in_language(one.title) for one in found), "")


def find(wanted: Wanted) -> list[Published]:
    """The cases that everybody may read about, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            QUERY,
            [
                list(wanted.numbers) or None,
                list(wanted.services) or None,
                wanted.running,
                wanted.since,
                wanted.until,
                wanted.place,
                list(wanted.box) if wanted.box else None,
                wanted.most,
                wanted.skip,
            ],
        )
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    kinds = type_store.versions((row["type_name"], row["type_version"]) for row in rows)
    names = places.titles_for({row["division_path"] for row in rows}, full=True)
    return [
        Published(
            kind=kinds[row["type_name"], row.pop("type_version")].definition,
            place=str(names[row["division_path"]]),
            # somebody looked at it; a number that he overlooked is masked all the same
            words=masked_text(row.pop("description") or "").strip(),
            address=masked_text(row.pop("address") or "").strip(),
            photos=tuple(row.pop("photos") or ()),
            office=row.pop("office") or "",
            **row,
        )
        for row in rows
    ]


def steps(case_ids: Sequence[UUID]) -> dict[UUID, list[tuple[dt.datetime, str]]]:
    """When each case came into which state; nothing that anybody wrote."""
    found: dict[UUID, list[tuple[dt.datetime, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id, at, to_state FROM cases_published_steps(%s)", [list(case_ids)])
        for case_id, at, state in cursor.fetchall():
            found.setdefault(case_id, []).append((at, state))
    return found


def photo(number: str, attachment_id: UUID) -> tuple[str, str] | None:
    """SHA-256 and media type of a photo that was released; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sha256, media_type FROM cases_published_photo(%s, %s)", [number, attachment_id])
        found: tuple[str, str] | None = cursor.fetchone()
    return found
