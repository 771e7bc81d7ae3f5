"""PostgreSQL's 64-bit transaction number (xid8) as a Django field, for tables that are read in commit-safe order."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class TransactionIdField(models.BigIntegerField):  # type: ignore[type-arg]  # generic in the stubs only
    """A column of type xid8; an int in Python."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """The column's type in PostgreSQL."""
        return "xid8"

    def from_db_value(self, value: str | None, *_unused: Any) -> int | None:
        """The driver hands the number over as text."""
        return None if value is None else int(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ARG002 - same
        """As text, which PostgreSQL reads as xid8."""
        return value if value is None or hasattr(value, "resolve_expression") else str(value)


class CurrentTransactionId(models.Func):
    """`pg_current_xact_id()`: the number of the transaction that is running now."""

    function = "pg_current_xact_id"
    template = "%(function)s()"
    output_field = TransactionIdField()
