"""Identifiers: UUID version 7 (RFC 9562), so that primary keys sort by the moment they were made."""

import datetime as dt
import uuid

from uuid_utils.compat import uuid7

UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def new_id() -> uuid.UUID:
    """Return a new UUIDv7, greater than every one this process made before (RFC 9562, 6.2), safe after a fork."""
    return uuid7()


def made_at(identifier: uuid.UUID) -> dt.datetime:
    """Return the moment (UTC, millisecond resolution) at which a UUIDv7 was made.

    Raises ValueError for an identifier of another version.
    """
    if identifier.version != 7:
        raise ValueError(f"{identifier} is a UUID of version {identifier.version}, not 7: it carries no time")
    return UNIX_EPOCH + dt.timedelta(milliseconds=identifier.int >> 80)


def parse_id(text: str) -> uuid.UUID | None:
    """Return the identifier written in `text`, or None when it is not one; never raises, for values from outside."""
    try:
        return uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
