"""What everybody may read of cases: read through one function of the database, which decides what is public."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from onecity.kernel.cases import type_store
from onecity.kernel.cases.intake.open311.logic import moments
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.logic.masking import masked_text
from onecity.kernel.cases.types import in_language
from onecity.kernel.places import service as places

MOST: Final = 1000
COLUMNS: Final = (
    "case_id", "number", "type_name", "type_version", "state", "round", "opened_at", "changed_at", "closed_at", "due",
    "division_path", "office", "description", "address", "lon", "lat", "media_url", "result",
)  # fmt: skip
QUERY: Final = f"SELECT {', '.join(COLUMNS)} FROM cases_published(%s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - constants


@dataclass(frozen=True)
class Wanted:
    """Which requests: by number (then nothing else counts), or opened from `since` to `until` inclusive; by service, and
    running, ended or both (None)."""

    numbers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    running: bool | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    most: int = MOST
    skip: int = 0


def find(wanted: Wanted, *, extended: bool = False) -> list[dict[str, Any]]:
    """Service requests as GeoReport v2 lists them, newest first; `extended` adds our own state and what happened."""
    with connection.cursor() as cursor:
        cursor.execute(
            QUERY,
            [
                list(wanted.numbers) or None,
                list(wanted.services) or None,
                wanted.running,
                wanted.since,
                wanted.until,
                wanted.most,
                wanted.skip,
            ],
        )
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    kinds = type_store.versions((row["type_name"], row["type_version"]) for row in rows)
    names = places.titles_for({row["division_path"] for row in rows}, full=True)
    notes = _notes(rows) if extended and rows else {}
    found = []
    for row in rows:
        definition = kinds[row["type_name"], row["type_version"]].definition
        found.append(_request(row, definition, names[row["division_path"]]))
        if extended:
            found[-1] |= _extension(row, definition, notes.get(row["case_id"], ()))
    return found


def _request(row: Mapping[str, Any], kind: Definition, place: str) -> dict[str, Any]:
    text = masked_text(row["description"] or "").strip()
    return {
        "service_request_id": row["number"],
        "status": "closed" if row["closed_at"] else "open",
        "status_notes": _status(row, kind),
        "service_name": in_language(kind.title),
        "service_code": row["type_name"],
        "description": text or None,
        "agency_responsible": row["office"] or None,
        "service_notice": in_language(kind.settled_when) or None,
        "requested_datetime": moments.write(row["opened_at"]),
        "updated_datetime": moments.write(row["closed_at"] or row["changed_at"]),
        "expected_datetime": moments.write(row["due"]),
        "address": " ".join(part for part in (masked_text(row["address"] or ""), place) if part) or None,
        "address_id": None,
        "zipcode": None,
        "lat": row["lat"],
        "long": row["lon"],
        "media_url": row["media_url"] or None,
    }


def _status(row: Mapping[str, Any], kind: Definition) -> str:
    words = [in_language(kind.state(row["state"]).title)]
    words += [in_language(one.title) for one in kind.results if row["closed_at"] and one.code == row["result"]]
    return " · ".join(words)


def _extension(row: Mapping[str, Any], kind: Definition, notes: Sequence[tuple[dt.datetime, str]]) -> dict[str, Any]:
    """What the standard has no place for: our states are more than two. Names as other cities extended it."""
    return {
        "extended_attributes": {
            "state": row["state"],
            "state_name": in_language(kind.state(row["state"]).title),
            "stage": kind.state(row["state"]).stage or None,
            "round": row["round"],
            "division": row["division_path"],
        },
        "notes": [
            {"datetime": moments.write(at), "summary": in_language(kind.state(state).title)} for at, state in notes
        ],
    }


def _notes(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, list[tuple[dt.datetime, str]]]:
    """When each case came into which state; nothing that anybody wrote."""
    found: dict[UUID, list[tuple[dt.datetime, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT case_id, at, to_state FROM cases_published_steps(%s)", [[row["case_id"] for row in rows]]
        )
        for case_id, at, state in cursor.fetchall():
            found.setdefault(case_id, []).append((at, state))
    return found


def number_of(token: str) -> str | None:
    """The number of the case that a token stands for: its id, or the number itself, since ours are given at once."""
    try:
        wanted: UUID | None = UUID(token)
    except ValueError:
        wanted = None
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_published_number(%s, %s)", [wanted, token])
        found: str | None = cursor.fetchone()[0]
    return found


def jurisdictions() -> tuple[str, ...]:
    """The names under which this district may be asked for; the first is its own: the host of its address."""
    host = settings.ONECITY_BASE_URL.partition("://")[2].partition("/")[0].partition(":")[0]
    root = places.root()
    return (host, *([root.code] if root else []))
