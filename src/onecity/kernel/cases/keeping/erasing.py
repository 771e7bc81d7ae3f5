"""Erases the personal data of cases whose time is over: who reported them, files, and the words of people.

What figures are counted from stays: kind, division, states and when each was reached, results, stars. A place stays to a
hundred metres. The history keeps its entries and their order; its wall lets only their words be emptied, and only here.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Round

from onecity.kernel.cases import attachments
from onecity.kernel.cases.models import (
    Attachment,
    Case,
    CaseEvent,
    ErasedFile,
    Participant,
    Rating,
    Release,
    Reporter,
)
from onecity.kernel.core.clock import now
from onecity.kernel.notify import forgetting as messages

ACTION: Final = "forget"
# of what entries hold, this is needed to compute due times and figures anew; all else may be somebody's words
KEPT: Final = (
    "amount", "assignee", "assignee_id", "body", "case_id", "channel", "due_after", "due_at", "due_before", "erased",
    "from_version", "home", "late", "number", "organisation", "organisation_id", "organisations", "pauses", "reached",
    "reason", "result", "review_at", "source", "stars", "sweep_at", "titles", "to_version", "unit", "until",
)  # fmt: skip
# about a hundred metres
DECIMALS: Final = 3
EMPTIED = """
UPDATE cases_caseevent SET note = '', data = coalesce(
    (SELECT jsonb_object_agg(key, value) FROM jsonb_each(data) WHERE key = ANY (%(kept)s)), '{}')
WHERE case_id = ANY (%(ids)s::uuid[])
"""


def erase(cases: Sequence[Case], title: str, what: Collection[str]) -> None:
    """Erase `what` (reporter, files, words) of these locked cases, in the caller's transaction; each gets its entry.

    `title`: what they are called from now on. The files leave the disk with `remove_files`, after the commit.
    """
    ids = [case.id for case in cases]
    if "reporter" in what:
        Reporter.objects.filter(case_id__in=ids).delete()
        Rating.objects.filter(case_id__in=ids).update(account_id=None)
    if "files" in what:
        _files(ids)
    if "words" in what:
        _words(ids)
    messages.forget_about([f"/desk/cases/{one}" for one in ids])
    CaseEvent.objects.bulk_create(
        CaseEvent(
            case_id=case.id, version=case.version + 1, at=now(), action=ACTION, from_state=case.state,
            to_state=case.state, data={"erased": sorted(what)},
        )
        for case in cases
    )  # fmt: skip
    _write(ids, title, what)


def _write(ids: Sequence[UUID], title: str, what: Collection[str]) -> None:
    rows = Case.objects.filter(id__in=ids)
    changes: dict[str, object] = {"version": F("version") + 1, "forgotten_at": now()}
    if "reporter" in what:
        changes["reporter_shown"] = ""
    if "words" not in what:
        rows.update(**changes)
        return
    changes |= {
        "description": "",
        "address": "",
        "answers": {},
        "lon": Round(F("lon"), DECIMALS),
        "lat": Round(F("lat"), DECIMALS),
    }
    # what the platform itself said of a case, and why, is nobody's words
    rows.exclude(said={}).update(**changes)
    rows.filter(said={}).update(**changes, title=title, evidence={}, search=None)


def _files(ids: Sequence[UUID]) -> None:
    rows = list(Attachment.objects.filter(case_id__in=ids).values_list("sha256", "original"))
    gone = [ErasedFile(digest=digest) for digest, _original in rows]
    gone += [ErasedFile(digest=original, original=True) for _digest, original in rows if original]
    ErasedFile.objects.bulk_create(gone, ignore_conflicts=True)
    Release.objects.filter(case_id__in=ids, attachment__isnull=False).delete()
    Attachment.objects.filter(case_id__in=ids).delete()


def _words(ids: Sequence[UUID]) -> None:
    Release.objects.filter(case_id__in=ids, attachment__isnull=True).delete()
    Rating.objects.filter(case_id__in=ids).update(text="", aspects={})
    Participant.objects.filter(case_id__in=ids).update(note="")
    with connection.cursor() as cursor:
        # only so long, and only for its owner, the history lets its words be emptied (see migration 0021)
        cursor.execute("SELECT set_config('onecity.forgetting', 'on', true)")
        cursor.execute(EMPTIED, {"kept": list(KEPT), "ids": list(ids)})
        cursor.execute("SELECT set_config('onecity.forgetting', '', true)")


def remove_files() -> int:
    """Remove from the disk what was erased, unless another case holds the same bytes; returns how many files."""
    removed = 0
    for row in list(ErasedFile.objects.order_by("id")):
        with transaction.atomic():
            used = Attachment.objects.filter(Q(original=row.digest) if row.original else Q(sha256=row.digest))
            if not used.exists():
                path = attachments.original_path(row.digest) if row.original else attachments.path_of(row.digest)
                removed += path.exists()
                path.unlink(missing_ok=True)
            row.delete()
    return removed
