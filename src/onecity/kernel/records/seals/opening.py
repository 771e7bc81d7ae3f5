"""Opens the database's wall for one seal: to the code that stamps for a rule's decision, with nobody of the office in between.

Row-level security shows a seal to the people of its division. A certificate that a rule decided is stamped in the request of
the resident who asks for it: for the block this one seal may be read, and its use written, by whoever is asking.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection, transaction

SETTING: Final = "onecity.seal"
"""Read by the policies of the seals' walls."""


@contextmanager
def opened(seal_id: UUID) -> Iterator[None]:
    """Let this seal be read and used in the block."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(current_setting(%s, true), ''), set_config(%s, %s, true)",
                [SETTING, SETTING, str(seal_id)],
            )
            before = cursor.fetchone()[0]
        yield
        if not connection.needs_rollback:  # a rollback takes the setting back by itself
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, before])
