"""The store to oneself for a moment: what changes partitions waits a little, and gives up before anybody notices."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from psycopg import errors, sql

from onecity.kernel.telemetry.store import PARTITION_LOCK, TABLE

# below PostgreSQL's deadlock_timeout (1 s): whoever else is waiting is never the one that is broken off
LOCK_TIMEOUT = "700ms"
ATTEMPTS = 8
PAUSE_S = 0.3

Result = TypeVar("Result")


class BusyError(RuntimeError):
    """The store was in use all the time; nothing was changed."""


def alone(act: Callable[[], Result], partition: str) -> Result:
    """Run `act` in a transaction in which nobody reads the store or writes to `partition`; raises BusyError.

    The store is locked before its partition, as every reader does.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                _lock(partition)
                return act()
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected):
                raise
            time.sleep(PAUSE_S * (attempt + 1))
    raise BusyError(f"{partition} was in use all the time")


def _lock(partition: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        cursor.execute(sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(TABLE)))
        cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(partition)))
