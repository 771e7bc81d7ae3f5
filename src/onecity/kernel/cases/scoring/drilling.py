"""The cases behind a figure of the score card: the same acts that were counted, as far as whoever asks may read the cases."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import presentation
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.presentation import Row
from onecity.kernel.cases.scoring import service, tallying
from onecity.kernel.cases.scoring.formulas import formulas
from onecity.kernel.cases.scoring.logic.card import in_force
from onecity.kernel.core.errors import Problem

FIGURES: Final = (
    "received", "reached", "missed", "settled", "solved", "ended", "late", "redone", "ratings", "proactive",
)  # fmt: skip
# beyond this a list is no longer read; the file says that it was cut
MOST: Final = 5000
BEHIND = """
SELECT case_id, at FROM cases_score_behind(%s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s)
"""


@dataclass(frozen=True)
class Act:
    """One act that was counted: its case in words, and when."""

    row: Row
    at: dt.datetime


@dataclass(frozen=True)
class Behind:
    """What stands behind a figure, newest first; `hidden`: acts of cases that this account may not read; `cut`: there
    are more than are listed."""

    acts: Sequence[Act]
    hidden: int
    cut: bool

    @property
    def total(self) -> int:
        """The figure itself, as far as it was listed."""
        return len(self.acts) + self.hidden


def behind(office: UUID, figure: str, first: dt.date, last: dt.date) -> Behind:
    """The acts of an office in a period; raises Problem 404 for a figure that does not exist, 422 for a wrong period."""
    if figure not in FIGURES:
        raise Problem("figure-unknown", _("There is no such figure."), status=404)
    service.check_period(first, last)
    found: list[tuple[UUID, dt.datetime]] = []
    for formula, since, until in in_force(formulas(), first.isoformat(), (last + dt.timedelta(days=1)).isoformat()):
        start, end = service.moments(since, until)
        rules = json.dumps(tallying.rules(formula))
        with connection.cursor() as cursor:
            cursor.execute(BEHIND, [start, end, "", json.dumps(tallying.steps()), rules, office, figure, MOST + 1])
            found += cursor.fetchall()
    found.sort(key=lambda act: act[1], reverse=True)
    kept = found[:MOST]
    cases = Case.objects.defer("search", "description", "evidence").in_bulk({one for one, _at in kept})
    words = {row.id: row for row in presentation.rows(list(cases.values()))}
    acts = [Act(words[identity], at) for identity, at in kept if identity in words]
    return Behind(acts, len(kept) - len(acts), len(found) > MOST)
