"""Who can grant a right: the organisations and roles that may assign roles over a division, nearest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import permissions
from onecity.kernel.access.logic import prefixes

MOST = 3  # more names help nobody
GRANTORS = """
SELECT DISTINCT length(g.path), o.name, r.title
FROM access_grant g
JOIN people_role r ON r.id = g.role_id
JOIN people_account p ON p.id = g.account_id
LEFT JOIN people_organisation o ON o.id = p.organisation_id
WHERE g.permission = %s AND g.path = ANY (%s)
AND g.valid_from <= statement_timestamp() AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())
ORDER BY length(g.path) DESC, o.name, r.title
LIMIT %s
"""


@dataclass(frozen=True)
class Grantor:
    """One answer to "who can give me this right": no person's name, only the office and the role."""

    organisation: str
    role: str


def grantors_of(division_path: str) -> tuple[Grantor, ...]:
    """Those who hold `people.assign` over the division, nearest first; at most three."""
    with connection.cursor() as cursor:
        cursor.execute(GRANTORS, [permissions.PEOPLE_ASSIGN, list(prefixes.ancestors(division_path)), MOST])
        return tuple(Grantor(organisation or "", role) for _length, organisation, role in cursor.fetchall())


def sentence(found: Sequence[Grantor]) -> object:
    """One sentence, in the reader's language when it is rendered."""
    if not found:
        return _("It can be granted by the system administrator.")
    names = "; ".join(f"{g.organisation} · {g.role}" if g.organisation else g.role for g in found)
    return format_lazy("{} {}", _("It can be granted by:"), names)
