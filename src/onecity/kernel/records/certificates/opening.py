"""Opens the database's wall for single certificates: to whoever shows one, and to the code that issues or replaces one.

Row-level security shows a certificate to its holder and to staff of its division. Whoever holds it in his hand may verify
it, and an application that is decided by rule makes one without anybody in between: for the rest of the block these
numbers, and no others, are let through.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

# read by the policies of migration 0002
SHOWN: Final = "onecity.certificates"
WRITTEN: Final = "onecity.certificates_written"
HOLDER: Final = "onecity.certificate_holder"


@contextmanager
def shown(numbers: Sequence[str]) -> Iterator[None]:
    """Let these certificates be read."""
    with _set(SHOWN, _array(numbers)):
        yield


@contextmanager
def written(numbers: Sequence[str]) -> Iterator[None]:
    """Let these certificates be written, and read."""
    with _set(WRITTEN, _array(numbers)):
        yield


@contextmanager
def holder(identity_hash: str) -> Iterator[None]:
    """Let the certificates of one holder be read: for callers that know his identity number by right."""
    with _set(HOLDER, identity_hash):
        yield


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(current_setting(%s, true), ''), set_config(%s, %s, true)", [name, name, value]
            )
            before = cursor.fetchone()[0]
        yield
        if not connection.needs_rollback:  # a rollback takes the setting back by itself
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config(%s, %s, true)", [name, before])


def _array(numbers: Sequence[str]) -> str:
    if any(not number.replace(".", "").isalnum() for number in numbers):
        raise ValueError("not certificate numbers")
    return "{" + ",".join(numbers) + "}"
