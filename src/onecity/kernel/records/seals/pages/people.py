"""Names of people for the pages of seals, and who could be given leave for one."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from onecity.kernel.access.permissions import granting
from onecity.kernel.people.models import Account
from onecity.kernel.records.seals import permissions

USERS: Final = """
SELECT DISTINCT a.id, a.display_name FROM access_grant g JOIN people_account a ON a.id = g.account_id
WHERE g.permission = ANY (%s) AND a.is_active AND %s::text ^@ g.path AND g.valid_from <= statement_timestamp()
AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())
ORDER BY a.display_name, a.id LIMIT 500
"""


def users(division_path: str) -> list[tuple[str, str]]:
    """Account and name of everybody who may use seals of this division, once leave is given."""
    with connection.cursor() as cursor:
        cursor.execute(USERS, [list(granting(permissions.USE)), division_path])
        return [(str(account), name) for account, name in cursor.fetchall()]


def names(accounts: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """The name of each account; of nobody, the platform itself."""
    wanted = {account for account in accounts if account is not None}
    found: dict[UUID | None, str] = dict(Account.objects.filter(id__in=wanted).values_list("id", "display_name"))
    return found | {None: _("the platform, for a rule's decision")}
