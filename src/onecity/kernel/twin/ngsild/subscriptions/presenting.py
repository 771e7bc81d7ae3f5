"""A subscription as a client sees it (5.2.12, 5.2.14.2): its members, its status, and how its notifications fare."""

import datetime as dt
from typing import Any

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.store import times
from onecity.kernel.twin.ngsild.subscriptions import names
from onecity.kernel.twin.ngsild.subscriptions.records import Record


def status(record: Record, moment: dt.datetime) -> str:
    """`active`, `paused` or `expired`."""
    if record.expires_at is not None and record.expires_at <= moment:
        return "expired"
    return "active" if record.is_active else "paused"


def present(record: Record, context: Context, moment: dt.datetime, *, sys_attrs: bool) -> dict[str, Any]:
    """The subscription under the client's terms; times of its making only where they are asked for (6.3.11)."""
    body: dict[str, Any] = {"id": record.urn, "type": "Subscription"}
    body |= names.shown(record.document, context)
    body["notification"] |= _counted(record)
    if not record.is_active:
        body["isActive"] = False
    body["status"] = status(record, moment)
    if sys_attrs:
        body |= {"createdAt": times.text(record.created_at), "modifiedAt": times.text(record.changed_at)}
    return body


def _counted(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if record.outcome:
        found["status"] = record.outcome
    if record.times_sent:
        found["timesSent"] = record.times_sent
    if record.times_failed:
        found["timesFailed"] = record.times_failed
    moments = {
        "lastNotification": record.last_notification,
        "lastSuccess": record.last_success,
        "lastFailure": record.last_failure,
    }
    return found | {name: times.text(moment) for name, moment in moments.items() if moment is not None}
