"""What a party holds already: valid certificates of the library, and papers handed in with earlier cases."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone

from onecity.domains.services.applying.logic.resolving import Certificate, Earlier
from onecity.domains.services.applying.models import Application
from onecity.domains.services.applying.parties import Party
from onecity.kernel.core.clock import now
from onecity.kernel.records.certificates import opening, sealing, types
from onecity.kernel.records.certificates.logic.kind import Words
from onecity.kernel.records.models import Certificate as Held
from onecity.kernel.records.models import State

# a paper of an earlier case is taken for so long
EARLIER_DAYS = 365


def certificates(party: Party) -> list[Certificate]:
    """The valid certificates of a party, newest first."""
    mark = sealing.identity_hash(party.number)
    today = timezone.localdate(now())
    with opening.holder(mark):
        rows = list(
            Held.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=today), identity_hash=mark)
            .filter(state=State.VALID, valid_from__lte=today)
            .order_by("-issued_at")
        )
    titles = types.titles() if rows else {}
    return [
        Certificate(
            row.type_code, row.number, _words(titles.get(row.type_code)), row.issued_at.date().isoformat(),
            row.valid_until.isoformat() if row.valid_until else "",
        )
        for row in rows
    ]  # fmt: skip


def _words(title: Words | None) -> dict[str, str]:
    return {"zh": title.zh, "en": title.en} if title else {}


def earlier(party: Party, keys: Sequence[str]) -> dict[str, Earlier]:
    """Files of the last year that the same party handed in for a material of the same key, the newest of each."""
    since = now() - dt.timedelta(days=EARLIER_DAYS)
    rows = (
        Application.objects.filter(principal_id=party.identity.id, submitted_at__gte=since)
        .order_by("-submitted_at")
        .values_list("materials", "case_id")[:50]
    )
    found: dict[str, Earlier] = {}
    for materials, case_id in rows:
        for one in materials:
            _take(found, one, str(case_id), keys)
    return found


def _take(found: dict[str, Earlier], one: dict[str, Any], case: str, keys: Sequence[str]) -> None:
    if one.get("way") == "upload" and one.get("key") in keys and one["key"] not in found and one.get("files"):
        found[one["key"]] = Earlier(one["key"], case, str(one["files"][0]), str(one["name"].get("zh", "")))
