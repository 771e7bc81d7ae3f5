"""What a live stream sends: changes as server-sent events (WHATWG HTML, 9.2), written once for all who read them."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from onecity.kernel.notify.feed import Page

Key = tuple[UUID | None, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes after a cursor, ready to send; `gap`: some are gone, so the page must load its data again."""

    cursor: str
    frames: tuple[str, ...]
    gap: bool


def batch_of(page: Page) -> Batch:
    """The changes of one reading as one event."""
    changes = [
        {"kind": e.kind, "ref": e.ref, "division": e.division_path, "at": e.at, "payload": e.payload}
        for e in page.events
    ]
    frames = (event("changes", changes, page.cursor),) if changes else ()
    return Batch(page.cursor, frames, page.gap)


def event(name: str, data: object, identity: str = "") -> str:
    """One event: its name, its data as one line of JSON, and the id from which a reader resumes."""
    text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: {text}\n\n"
