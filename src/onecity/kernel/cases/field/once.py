"""Each act that a phone sends is done once, however often it arrives: the phone makes the id, the server keeps it.

A phone that loses its signal cannot know whether what it sent was done, so it sends it again under the same id. The id is
written in the transaction of the act; two deliveries at the same moment wait for each other.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models import Case, FieldAct
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(frozen=True, slots=True)
class Done:
    """What an act led to: its case and the version that it made; `again`: it had been done before."""

    case_id: UUID
    version: int
    again: bool = False


@transaction.atomic
def once(account: Account, key: UUID, sent: bytes, do: Callable[[], Case]) -> Done:
    """Do it unless it was done under this key; `sent` is what came, byte for byte.

    Raises Problem 422 where the key was used for something else, and whatever `do` raises; then the key is still free.
    """
    digest = hashlib.sha256(sent).hexdigest()
    hold(account, key)
    known = find(account, key)
    if known is not None:
        if known.digest != digest:
            raise Problem(
                "key-used",
                _("This id was already used for something else."),
                status=422,
                detail=_("Nothing was changed. Reload the application on the phone."),
            )
        return Done(known.case_id, known.version, again=True)
    case = do()
    FieldAct.objects.create(account_id=account.id, key=key, digest=digest, case_id=case.id, version=case.version)
    return Done(case.id, case.version)


def find(account: Account, key: UUID) -> FieldAct | None:
    """What was done under this key, if anything."""
    return FieldAct.objects.filter(account_id=account.id, key=key).first()


def hold(account: Account, key: UUID) -> None:
    """Let nobody else work on this key until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f"field:{account.id}:{key}"])
