"""What belongs to a case beside its history: who helps, what residents think of it, its files, and who reported it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection

from onecity.kernel.cases import announcing, attachments
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Attachment, Case, CaseEvent, Participant, Rating, Reporter
from onecity.kernel.people.models import Organisation
from onecity.kernel.tiers.logic import envelope
from onecity.kernel.tiers.models import AwaitedFile
from onecity.kernel.tiers.peers import Joined

MOVING: Final = ("state", "due_at", "answered_at", "note")
CALLS: Final = frozenset({"join", "whistle"})
PERSON: Final = ("name", "phone", "email")
FILES = "SELECT coalesce(jsonb_agg(to_jsonb(a)), '[]')::text FROM cases_attachment a WHERE case_id = %s AND sha256 = %s"
RATINGS = "SELECT coalesce(jsonb_agg(to_jsonb(r) - 'account_id'), '[]')::text FROM cases_rating r WHERE case_id = %s"
OFFICES = "SELECT tiers_offices(%s)::text"


def of_act(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an act leaves behind here and the home has to have with it: the file, the rating."""
    if body["action"] == "attach":
        return {"attachments": _json(FILES, [body["case_id"], str(body["data"].get("sha256", ""))])}
    if body["action"] == "rated":
        return {"ratings": _json(RATINGS, [body["case_id"]])}
    return {}


def offices_in(spoken: str) -> dict[str, Any]:
    """The offices whose ids stand in a text."""
    return dict(_json(OFFICES, [spoken]))


def reporter_of(case_id: str) -> dict[str, str]:
    """Name and ways to reach whoever reported a case; nothing where he does not want the office to know him."""
    found = Reporter.objects.filter(case_id=case_id, hidden=False).values(*PERSON).first()
    return dict(found) if found else {}


def take(peer: Joined, body: Mapping[str, Any], case_id: UUID, ids: Mapping[str, str]) -> None:
    """Take what came with an event of a case: nothing of it is ever taken twice."""
    take_ratings(body.get("ratings", ()), case_id)
    take_files(peer, body.get("attachments", ()), case_id)
    _take_participants(body.get("participants", ()), case_id, ids)
    person = body.get("reporter")
    if person:
        values = {name: str(person.get(name, ""))[:80] for name in PERSON}
        Reporter.objects.get_or_create(case_id=case_id, defaults=values)


def take_ratings(rows: Iterable[Mapping[str, Any]], case_id: UUID) -> None:
    """Ratings of a case; whose account gave them stays where it was given."""
    names = ("id", "round", "step", "stars", "aspects", "text", "channel", "real_name", "additional", "flagged", "at")
    made = [Rating(case_id=case_id, **{name: row[name] for name in names}) for row in rows]
    Rating.objects.bulk_create(made, ignore_conflicts=True)


def take_files(peer: Joined, rows: Iterable[Mapping[str, Any]], case_id: UUID) -> None:
    """References to files: what they are and their digest; bytes that are not here are awaited."""
    names = ("id", "sha256", "media_type", "size", "width", "height", "name", "lon", "lat", "taken_at", "added_by_id",
             "added_at")  # fmt: skip
    made = [Attachment(case_id=case_id, **{name: row.get(name) for name in names}) for row in rows]
    for one in made:
        if len(one.sha256) != 64 or not set(one.sha256) <= set("0123456789abcdef") or one.size > upload.MOST_BYTES:
            raise ValueError(f"the case {case_id} names a file that cannot be")
    Attachment.objects.bulk_create(made, ignore_conflicts=True)
    awaited = [
        AwaitedFile(sha256=one.sha256, peer_id=peer.code, size=one.size, media_type=one.media_type)
        for one in made
        if not attachments.path_of(one.sha256).exists()
    ]
    AwaitedFile.objects.bulk_create(awaited, ignore_conflicts=True)


def call(case: Case, event: CaseEvent) -> None:
    """Tell offices of this side that the other side asked them to help."""
    named = event.data.get("organisations")
    if event.action in CALLS and isinstance(named, list):
        here = Organisation.objects.filter(id__in=named).values_list("id", flat=True)
        announcing.called(case, list(here), event)


def _take_participants(rows: Iterable[Mapping[str, Any]], case_id: UUID, ids: Mapping[str, str]) -> None:
    names = ("id", "kind", "state", "asked_at", "due_at", "answered_at", "note")
    made: Sequence[Participant] = [
        Participant(
            case_id=case_id,
            organisation_id=ids.get(str(row["organisation_id"]), row["organisation_id"]),
            **{name: row[name] for name in names},
        )
        for row in rows
    ]
    Participant.objects.bulk_create(made, update_conflicts=True, unique_fields=["id"], update_fields=MOVING)


def _json(query: str, parameters: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return envelope.unpack_json(cursor.fetchone()[0].encode())
