"""Adds what the platform itself has to say to the histories of many cases at once, in a few statements."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction

from onecity.kernel.cases import announcing, changing, custody
from onecity.kernel.cases.entries import PASSIVE
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import now

# locked in the order of their ids, so that two writers cannot block each other for ever
APPEND = """
WITH meant AS (
    SELECT id, version, state FROM cases_case WHERE id = ANY (%(ids)s::uuid[]) ORDER BY id FOR UPDATE
), moved AS (
    UPDATE cases_case c SET version = c.version + 1 FROM meant WHERE c.id = meant.id RETURNING c.id, c.version, c.state
)
INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)
SELECT id, version, %(now)s, %(action)s, state, state, '', %(note)s, '{}' FROM moved RETURNING case_id
"""


@transaction.atomic
def append_many(case_ids: Iterable[UUID], action: str, note: str = "") -> int:
    """Add one passive entry to each of these cases; returns to how many (a case that is not there is left out)."""
    if action not in PASSIVE:
        raise ValueError(f"{action!r} changes a case: it is a step, not an entry")
    wanted = list(dict.fromkeys(case_ids))
    elsewhere = custody.elsewhere(wanted) if wanted else set()
    sent = _send_on(elsewhere, action, note)
    ids = [one for one in wanted if one not in elsewhere]
    if not ids:
        return sent
    with connection.cursor() as cursor:
        cursor.execute(APPEND, {"ids": ids, "action": action, "note": note, "now": now()})
        found = [row[0] for row in cursor.fetchall()]
    announcing.changed_together(Case.objects.defer("search").filter(id__in=found), action)
    return sent + len(found)


def _send_on(case_ids: set[UUID], action: str, note: str) -> int:
    """Have it written where these cases are at home."""
    cases = list(Case.objects.filter(id__in=case_ids).select_for_update().defer("search").order_by("id"))
    return sum(custody.takes(case, changing.entry(case, None, action, note, {})) for case in cases)
