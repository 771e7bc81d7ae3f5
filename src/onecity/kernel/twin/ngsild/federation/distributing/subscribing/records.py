"""Subscriptions at sources in the database, as the process that notifies keeps them."""

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.core.ids import new_id
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import Principal

COLUMNS: Final = """id, subscription_id, tenant, source, registration::text, via, context::text, key, remote, document::text,
sent::text, gone, failures, due_at, created_at"""
ALL: Final = f"SELECT {COLUMNS} FROM twin_passedsubscription ORDER BY id"  # noqa: S608 - our own columns
# of tenants with sources that follow subscriptions
WANTED: Final = """
SELECT id, urn, tenant, account_id, seen, division_path, document::text, context::text, via FROM twin_subscription
WHERE kind = 'entity' AND tenant = ANY (%s) AND (expires_at IS NULL OR expires_at > statement_timestamp())
AND document -> 'localOnly' IS DISTINCT FROM 'true'::jsonb ORDER BY id
"""
INSERT: Final = """
INSERT INTO twin_passedsubscription (id, subscription_id, tenant, source, registration, via, context, key, remote, document)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
CHANGE: Final = """
UPDATE twin_passedsubscription SET document = %s, registration = %s, failures = 0, due_at = NULL, error = '' WHERE id = %s
"""
LEAVE: Final = """
UPDATE twin_passedsubscription SET gone = true, failures = 0, due_at = NULL, created_at = statement_timestamp() WHERE id = ANY (%s)
"""
DONE: Final = """
UPDATE twin_passedsubscription SET sent = %s, remote = %s, failures = 0, due_at = NULL, failed_at = NULL, error = ''
WHERE id = %s
"""
FAILED: Final = """
UPDATE twin_passedsubscription SET failures = failures + 1, due_at = %s, failed_at = %s, error = %s, sent = %s WHERE id = %s
"""
FORGET: Final = "DELETE FROM twin_passedsubscription WHERE id = %s"
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription that sources may have part in."""

    id: UUID
    urn: str
    tenant: str
    principal: Principal
    document: dict[str, Any]
    context: Any
    via: str


@dataclass(frozen=True, slots=True)
class Passed:
    """What one source is to follow for us (`document`), and what it knows of that (`sent`)."""

    id: UUID
    subscription_id: UUID
    tenant: str
    source: str
    registration: Registration
    via: str
    context: Any
    key: str
    remote: str
    document: dict[str, Any]
    sent: dict[str, Any] | None = None
    gone: bool = False
    failures: int = 0
    due_at: dt.datetime | None = None
    created_at: dt.datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the source does not know yet what it should."""
        return self.gone or self.sent != self.document


def new(wanted: Wanted, registration: Registration, document: dict[str, Any]) -> Passed:
    """A part that a source does not know of yet, with a key that nobody can guess and a name of its own there."""
    identifier = new_id()
    return Passed(
        identifier,
        wanted.id,
        wanted.tenant,
        registration.id,
        registration,
        wanted.via,
        wanted.context,
        secrets.token_urlsafe(KEY_BYTES),
        f"urn:ngsi-ld:Subscription:{identifier}",
        document,
    )


async def load(connection: Connection) -> list[Passed]:
    """All of them."""
    return [_passed(row) for row in await (await connection.execute(ALL)).fetchall()]


async def wanted(connection: Connection, tenants: Sequence[str]) -> list[Wanted]:
    """The subscriptions of some tenants that are not ours alone."""
    found = []
    for row in await (await connection.execute(WANTED, (list(tenants),))).fetchall():
        id_, urn, tenant, account, seen, division, document, context, via = row
        principal = Principal(account, tuple(seen), (), division, urn)
        found.append(Wanted(id_, urn, tenant, principal, _json(document), _json(context or "null"), via))
    return found


async def settle(
    connection: Connection, added: Iterable[Passed], changed: Iterable[Passed], left: Sequence[UUID]
) -> None:
    """Write down what sources are to know from now on."""
    if left:
        await connection.execute(LEAVE, (list(left),))
    for one in changed:
        await connection.execute(CHANGE, (_text(one.document), _text(one.registration), one.id))
    for one in added:
        texts = (_text(one.registration), one.via, _text(one.context), one.key, one.remote, _text(one.document))
        await connection.execute(INSERT, (one.id, one.subscription_id, one.tenant, one.source, *texts))


async def done(connection: Connection, one: Passed, remote: str) -> None:
    """The source knows what it should, under the name `remote`."""
    await connection.execute(DONE, (_text(one.document), remote, one.id))


async def failed(connection: Connection, one: Passed, reason: str, moment: dt.datetime, due_at: dt.datetime) -> None:
    """The source could not be told."""
    sent = None if one.sent is None else _text(one.sent)
    await connection.execute(FAILED, (due_at, moment, reason[:500], sent, one.id))


async def forget(connection: Connection, one: Passed) -> None:
    """The source has forgotten it."""
    await connection.execute(FORGET, (one.id,))


def _passed(row: tuple[Any, ...]) -> Passed:
    id_, subscription, tenant, source, registration, via, context, key, remote, document, sent, *rest = row
    known = None if sent is None else _json(sent)
    texts = (
        msgspec.json.decode(registration, type=Registration),
        via,
        _json(context or "null"),
        key,
        remote,
        _json(document),
        known,
    )
    return Passed(id_, subscription, tenant, source, *texts, *rest)


def _json(text: str) -> Any:
    return msgspec.json.decode(text)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
