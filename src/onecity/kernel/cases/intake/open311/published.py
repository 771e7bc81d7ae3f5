"""What everybody may read of cases, in the shape of GeoReport v2."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import reverse

from onecity.kernel.cases.intake.open311.logic import moments
from onecity.kernel.cases.publishing import reading
from onecity.kernel.cases.publishing.reading import MOST, Published, Wanted
from onecity.kernel.cases.types import in_language
from onecity.kernel.places import service as places

__all__ = ["MOST", "Wanted", "find", "jurisdictions", "number_of"]


def find(wanted: Wanted, *, extended: bool = False) -> list[dict[str, Any]]:
    """Service requests as GeoReport v2 lists them, newest first; `extended` adds our own state and what happened."""
    rows = reading.find(wanted)
    notes = reading.steps([row.case_id for row in rows]) if extended and rows else {}
    found = []
    for row in rows:
        found.append(_request(row))
        if extended:
            found[-1] |= _extension(row, notes.get(row.case_id, ()))
    return found


def _request(row: Published) -> dict[str, Any]:
    return {
        "service_request_id": row.number,
        "status": "closed" if row.closed_at else "open",
        "status_notes": " · ".join(word for word in (row.state_title, row.result_title) if word),
        "service_name": row.title,
        "service_code": row.type_name,
        "description": row.words or None,
        "agency_responsible": row.office or None,
        "service_notice": in_language(row.kind.settled_when) or None,
        "requested_datetime": moments.write(row.opened_at),
        "updated_datetime": moments.write(row.closed_at or row.changed_at),
        "expected_datetime": moments.write(row.due),
        "address": " ".join(part for part in (row.address, row.place) if part) or None,
        "address_id": None,
        "zipcode": None,
        "lat": row.lat,
        "long": row.lon,
        "media_url": _photo(row),
    }


def _photo(row: Published) -> str | None:
    if not row.photos:
        return None
    return settings.ONECITY_BASE_URL.rstrip("/") + reverse("cases:nearby_photo", args=[row.number, row.photos[0]])


def _extension(row: Published, notes: Sequence[tuple[dt.datetime, str]]) -> dict[str, Any]:
    """What the standard has no place for: our states are more than two. Names as other cities extended it."""
    return {
        "extended_attributes": {
            "state": row.state,
            "state_name": row.state_title,
            "stage": row.kind.state(row.state).stage or None,
            "round": row.round,
            "division": row.division_path,
        },
        "notes": [
            {"datetime": moments.write(at), "summary": in_language(row.kind.state(state).title)} for at, state in notes
        ],
    }


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
