"""Who the database believes is asking: the setting that every row-level security policy reads.

It lives in the transaction and ends with it, so that a pooled connection never carries one person into the next
request. Where nothing is set the policies show nothing. A view that streams runs after its request's transaction has
ended: it must open its own with `acting_as`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction

SETTING = "onecity.account"
# the same, as SQL for policies and predicates; evaluated once per query
CURRENT_ACCOUNT = f"nullif(current_setting('{SETTING}', true), '')::uuid"


@contextmanager
def acting_as(account_id: UUID | None) -> Iterator[None]:
    """Run the block in a transaction as this account (None: nobody), and as before afterwards."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        before = set_principal(account_id)
        yield
        if nested and not connection.needs_rollback:  # a rollback takes the setting back by itself
            set_principal(before)


def set_principal(account_id: UUID | None) -> UUID | None:
    """Set the account for the rest of this transaction (after signing in, for example); returns the one before."""
    if not connection.in_atomic_block:
        raise RuntimeError("an account can be set only inside a transaction: use acting_as")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, true)",
            [SETTING, SETTING, str(account_id) if account_id else ""],
        )
        before = cursor.fetchone()[0]
    return UUID(before) if before else None


def current_account() -> UUID | None:
    """The account the database believes is asking in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CURRENT_ACCOUNT}")
        account: UUID | None = cursor.fetchone()[0]
    return account
