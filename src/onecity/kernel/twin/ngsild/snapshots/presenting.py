"""A snapshot as a client sees it (5.2.41), and what is told of it (5.3.4)."""

import datetime as dt
from typing import Any

from onecity.kernel.core.ids import new_id
from onecity.kernel.twin.ngsild.snapshots import limits
from onecity.kernel.twin.ngsild.snapshots.reading import KIND
from onecity.kernel.twin.ngsild.snapshots.records import Record
from onecity.kernel.twin.ngsild.store import times


def present(record: Record) -> dict[str, Any]:
    """The snapshot with its status."""
    body: dict[str, Any] = {"id": record.urn, "type": KIND, "snapshotPriority": limits.PRIORITY} | record.document
    body["snapshotStatus"] = record.status
    if record.details is not None:
        body["snapshotQueriesDetails"] = record.details
    if record.temporal_details is not None:
        body["snapshotTemporalQueriesDetails"] = record.temporal_details
    return body | {
        "createdAt": times.text(record.created_at),
        "modifiedAt": times.text(record.changed_at),
        "expiresAt": times.text(record.expires_at),
        "lastUsedAt": times.text(record.last_used_at),
    }


def notification(record: Record, moment: dt.datetime) -> dict[str, Any]:
    """What is told at the snapshot's endpoint."""
    body: dict[str, Any] = {
        "id": f"urn:ngsi-ld:SnapshotNotification:{new_id()}",
        "type": "SnapshotNotification",
        "notifiedAt": times.text(moment),
        "snapshotId": record.urn,
        "snapshotStatus": record.status,
        "snapshotPriority": record.priority,
        "expiresAt": times.text(record.expires_at),
    }
    if record.details is not None:
        body["snapshotQueriesDetails"] = record.details
    if record.temporal_details is not None:
        body["temporalSnapshotQueriesDetails"] = record.temporal_details
    return body
